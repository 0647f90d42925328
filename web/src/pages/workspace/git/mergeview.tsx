import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { type GitConflict, readGit } from "../../../api/git";
import { ReadingView } from "../../../editors/merge/reading";
import { Button, IconButton } from "../../../ui/button";
import { Loaded } from "../../../ui/state";
import { t } from "../../../words";
import { useRoom, useStore } from "../context";
import type { ViewProps } from "../views";
import styles from "./git.module.css";
import { useDoing, useGit, useGitRepo } from "./hooks";
import { ResultEditor } from "./result";

/** A file in conflict: both sides and what they began with above, the result to edit below. */
export default function MergeTab({ path, host, close }: ViewProps) {
  const git = useGit();
  const { running } = useRoom();
  const repo = useGitRepo(path);
  const read = useQuery({
    queryKey: ["git", git.project, repo, "conflict", path],
    queryFn: ({ signal }) => readGit(git.project, "conflict", { repo: repo ?? "", path }, signal),
    enabled: running && repo !== undefined,
  });
  return (
    <div className={styles.view}>
      <Loaded query={read} loading={t("Reading the conflict…")}>
        {(conflict) => <Merge conflict={conflict} repo={repo ?? ""} host={host} close={close} />}
      </Loaded>
    </div>
  );
}

type MergeProps = { conflict: GitConflict; repo: string; host: ViewProps["host"]; close: () => void };

function Merge({ conflict: c, repo, host, close }: MergeProps) {
  const git = useGit();
  const [busy, run] = useDoing();
  const [left, setLeft] = useState(0);
  const step = useRef<((by: 1 | -1) => void) | undefined>(undefined);
  const status = useStore(git.status);
  const open = status?.changes.some((x) => x.path === c.path && x.conflict) ?? true;
  const text = ![c.ours, c.theirs, c.base, c.result].some((x) => x.binary || x.tooLarge) && c.result.exists;
  const resolve = async (take?: "ours" | "theirs") => {
    const done = await run("resolve", () =>
      git.change("resolve", { repo, action: "resolve", paths: [c.path], ...(take && { take }) }),
    );
    if (done) close();
  };
  return (
    <>
      <div className={styles.tools} role="toolbar" aria-label={t("Merge")}>
        <span className={styles.title} title={c.path}>
          {c.path}
        </span>
        {text ? (
          <>
            <span className={styles.counts} role="status">
              {t("{left, plural, =0 {no conflict left} one {# conflict left} other {# conflicts left}}", {
                left,
              })}
            </span>
            <IconButton label={t("Previous conflict")} keys="Shift+Alt+F5" onClick={() => step.current?.(-1)}>
              <ArrowUp size={16} strokeWidth={1.5} />
            </IconButton>
            <IconButton label={t("Next conflict")} keys="Alt+F5" onClick={() => step.current?.(1)}>
              <ArrowDown size={16} strokeWidth={1.5} />
            </IconButton>
          </>
        ) : null}
        <Button onClick={() => void resolve("ours")} disabled={!open || busy !== ""}>
          {c.ours.exists ? t("Take all of mine") : t("Delete it, as mine")}
        </Button>
        <Button onClick={() => void resolve("theirs")} disabled={!open || busy !== ""}>
          {c.theirs.exists ? t("Take all of theirs") : t("Delete it, as theirs")}
        </Button>
        <Button
          look="primary"
          onClick={() => void resolve()}
          disabled={!open || busy !== "" || (text && left > 0)}
        >
          {t("Mark resolved")}
        </Button>
      </div>
      {text ? (
        <div className={styles.three}>
          <div className={styles.upper}>
            <Side title={t("Mine: {name}", { name: c.oursName })} text={c.ours.text ?? ""} path={c.path} />
            <Side title={t("Before both")} text={c.base.text ?? ""} path={c.path} base />
            <Side
              title={t("Theirs: {name}", { name: c.theirsName })}
              text={c.theirs.text ?? ""}
              path={c.path}
            />
          </div>
          <section className={styles.pane} aria-label={t("Result")}>
            <h2>{t("Result")}</h2>
            <ResultEditor host={host} path={c.path} onLeft={setLeft} step={step} />
          </section>
        </div>
      ) : (
        <div className={styles.empty}>
          <p>
            {t(
              "These versions cannot be shown as text: take one side, or change the file and mark it resolved.",
            )}
          </p>
        </div>
      )}
    </>
  );
}

function Side({ title, text, path, base }: { title: string; text: string; path: string; base?: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const view = new ReadingView(place.current, path, text, title);
    return () => view.destroy();
  }, [text, path, title]);
  return (
    <section className={`${styles.pane} ${base ? styles.base : ""}`} aria-label={title}>
      <h2>{title}</h2>
      <div ref={place} />
    </section>
  );
}
