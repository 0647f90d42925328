import { useEffect, useState } from "react";
import { followJob, startJob } from "../../api/jobs";
import { messageOf } from "../../api/problem";
import { type ArchiveListing, listArchive } from "../../api/uploads";
import { size } from "../../ui/ago";
import { Button } from "../../ui/button";
import { Failure, Progress } from "../../ui/state";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { Bar, type ViewerProps } from "../bar";
import styles from "./archive.module.css";

/** What is in an archive, and a way to unpack it. */
export default function ArchiveView({ project, path, version, way }: ViewerProps) {
  const [listing, setListing] = useState<ArchiveListing>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each version is read anew
  useEffect(() => {
    const stop = new AbortController();
    setError(undefined);
    listArchive(project, path, stop.signal).then(setListing, (e) => stop.signal.aborted || setError(e));
    return () => stop.abort();
  }, [project, path, version]);
  const unpack = async () => {
    setBusy(true);
    try {
      const to = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      const begun = await startJob(project, { kind: "unpack", paths: [path], to });
      const job = await followJob(project, begun.id, () => undefined, new AbortController().signal);
      const made = job.results[0]?.to;
      const left = t("{n, plural, one {# entry was left out.} other {# entries were left out.}}", {
        n: job.problemCount,
      });
      if (job.state !== "done") toast({ text: job.message ?? t("This did not work"), kind: "bad" });
      else if (made !== undefined)
        toast({
          text: `${t("Unpacked to {path}.", { path: made })}${job.problemCount > 0 ? ` ${left}` : ""}`,
        });
    } catch (e) {
      toast({ text: messageOf(e), kind: "bad" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Bar project={project} path={path} way={way}>
        {way.canWrite ? (
          <Button disabled={busy} onClick={() => void unpack()}>
            {busy ? t("Unpacking…") : t("Unpack here")}
          </Button>
        ) : null}
      </Bar>
      {error !== undefined ? (
        <Failure error={error} />
      ) : listing === undefined ? (
        <Progress>{t("Reading {path}…", { path })}</Progress>
      ) : (
        <Entries listing={listing} />
      )}
    </>
  );
}

function Entries({ listing }: { listing: ArchiveListing }) {
  return (
    <section
      className={styles.entries}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keys
      tabIndex={0}
      aria-label={t("Content of the archive")}
    >
      {listing.problem ? <p role="alert">{listing.problem}</p> : null}
      <table>
        <thead>
          <tr>
            <th scope="col">{t("Name")}</th>
            <th scope="col">{t("Size")}</th>
          </tr>
        </thead>
        <tbody>
          {listing.items.map((e) => (
            <tr key={`${e.path} ${e.kind}`}>
              <td>
                {e.kind === "dir" ? `${e.path}/` : e.path}
                {e.target ? ` → ${e.target}` : ""}
                {e.refused ? <small> {t("Left out: {why}", { why: e.refused })}</small> : null}
              </td>
              <td>{e.kind === "file" && e.size >= 0 ? size(e.size) : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {listing.more ? <p>{t("There are more entries, which are not shown.")}</p> : null}
    </section>
  );
}
