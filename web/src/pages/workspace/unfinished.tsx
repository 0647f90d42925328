import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { keys } from "../../api/keys";
import {
  discardUpload,
  isSame,
  keepUpload,
  remember,
  type UnfinishedUpload,
  unfinishedUploads,
} from "../../api/uploadsleft";
import { size } from "../../ui/ago";
import { Button, IconButton } from "../../ui/button";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { say } from "../say";
import { useRoom } from "./context";
import { nameOf, parentOf } from "./path";
import { type UploadState, unfinished } from "./upload";
import styles from "./workspace.module.css";

/** Rows that are drawn. */
const drawn = 20;

export type Left = { uploads: UnfinishedUpload[]; again: () => void; hide: () => void };

/** The person's uploads that nobody sends now; list is what this page sends. */
export function useUnfinished(list: readonly UploadState[]): Left {
  const { project, running, may } = useRoom();
  const [hidden, setHidden] = useState(false);
  const busy = list.some(unfinished);
  const query = useQuery({
    queryKey: [...keys.project(project.id), "uploads"],
    queryFn: ({ signal }) => unfinishedUploads(project.id, signal),
    enabled: running && !hidden && may("files.write"),
    staleTime: 0,
    retry: false,
  });
  const again = query.refetch;
  useEffect(() => {
    if (!busy && list.length > 0) void again();
  }, [busy, list.length, again]);
  const here = new Set(list.flatMap((u) => (u.state === "cancelled" ? [] : [u.path])));
  const uploads = hidden || busy ? [] : (query.data ?? []).filter((u) => !here.has(u.path));
  return { uploads, again: () => void again(), hide: () => setHidden(true) };
}

/** What was begun before this page was there, and waits for its file. */
export function Unfinished({ uploads, again, hide }: Left) {
  const { project } = useRoom();
  if (uploads.length === 0) return null;
  const discard = async () => {
    await say(Promise.all(uploads.map((u) => discardUpload(project.id, u.id))));
    again();
  };
  return (
    <>
      <div className={styles.panelHead}>
        <h2>
          {t("{n, plural, one {An upload is not finished} other {# uploads are not finished}}", {
            n: uploads.length,
          })}
        </h2>
        {uploads.length > 1 ? <Button onClick={() => void discard()}>{t("Discard all")}</Button> : null}
        <IconButton label={t("Close")} onClick={hide}>
          <X size={16} strokeWidth={1.5} />
        </IconButton>
      </div>
      <ul>
        {uploads.slice(0, drawn).map((u) => (
          <One key={u.id} upload={u} again={again} />
        ))}
      </ul>
      {uploads.length > drawn ? (
        <p className={styles.uploadSum}>{t("And {n} more", { n: uploads.length - drawn })}</p>
      ) : null}
    </>
  );
}

function One({ upload, again }: { upload: UnfinishedUpload; again: () => void }) {
  const { workspace, project } = useRoom();
  const input = useRef<HTMLInputElement>(null);
  const { path } = upload;
  const whole = upload.offset === upload.size;
  const take = (file: File | undefined) => {
    if (file === undefined) return;
    if (!isSame(upload, file)) {
      toast({ text: t("This is another file than the one that was being uploaded."), kind: "bad" });
      return;
    }
    remember(project.id, upload, file);
    workspace.uploads.add(parentOf(path), [{ path: nameOf(path), file }]);
  };
  const change = async (work: Promise<void>, done?: string) => {
    await say(work, done);
    again();
  };
  return (
    <li className={styles.left}>
      <b title={path}>{path}</b>
      <small>
        {whole
          ? t("It is here, but has no name yet: {why}", { why: upload.problem ?? "" })
          : t("{have} of {total} are here. Choose the file again to go on.", {
              have: size(upload.offset),
              total: size(upload.size),
            })}
      </small>
      <span className={styles.leftButtons}>
        {whole ? (
          <Button
            className={styles.small}
            aria-label={t("Keep both, for {path}", { path })}
            onClick={() => void change(keepUpload(project.id, upload.id), t("The file is here."))}
          >
            {t("Keep both")}
          </Button>
        ) : (
          <Button
            className={styles.small}
            aria-label={t("Choose {path} again", { path })}
            onClick={() => input.current?.click()}
          >
            {t("Choose")}
          </Button>
        )}
        <Button
          className={styles.small}
          aria-label={t("Discard {path}", { path })}
          onClick={() => void change(discardUpload(project.id, upload.id))}
        >
          {t("Discard")}
        </Button>
      </span>
      <input
        ref={input}
        type="file"
        hidden
        tabIndex={-1}
        aria-label={t("The file {path}", { path })}
        onChange={(e) => {
          take(e.currentTarget.files?.[0]);
          e.currentTarget.value = "";
        }}
      />
    </li>
  );
}
