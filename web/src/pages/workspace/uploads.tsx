import { RotateCw, X } from "lucide-react";
import { Button, IconButton } from "../../ui/button";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import { type UploadState, unfinished } from "./upload";
import styles from "./workspace.module.css";

/** Uploads that are on their way, and those that need an answer. */
export function UploadList() {
  const { uploads } = useRoom().workspace;
  const list = useStore(uploads.list);
  if (list.length === 0) return null;
  const open = list.filter(unfinished);
  const exists = list.filter((u) => u.state === "exists");
  const total = list.reduce((n, u) => n + u.size, 0);
  const sent = list.reduce((n, u) => n + (u.state === "done" ? u.size : u.sent), 0);
  const bad = list.filter((u) => u.state === "failed" || u.state === "exists");
  const going = list.filter((u) => u.state === "sending");
  return (
    <section className={styles.uploads} aria-label={t("Uploads")}>
      <div className={styles.panelHead}>
        <h2 role="status">
          {open.length > 0
            ? t("Uploading: {done} of {n}", { done: list.length - open.length, n: list.length })
            : t("{n, plural, one {# file uploaded} other {# files uploaded}}", {
                n: list.filter((u) => u.state === "done").length,
              })}
        </h2>
        {exists.length > 1 ? <Button onClick={() => uploads.replaceAll()}>{t("Replace all")}</Button> : null}
        {open.length > 0 ? (
          <Button onClick={() => uploads.cancelAll()}>{t("Cancel")}</Button>
        ) : (
          <IconButton label={t("Close")} onClick={() => uploads.clear()}>
            <X size={16} strokeWidth={1.5} />
          </IconButton>
        )}
      </div>
      <progress max={Math.max(1, total)} value={sent} aria-label={t("How much is uploaded")} />
      <ul>
        {[...bad, ...going].slice(0, 50).map((u) => (
          <One key={u.id} upload={u} />
        ))}
      </ul>
    </section>
  );
}

function One({ upload }: { upload: UploadState }) {
  const { uploads } = useRoom().workspace;
  const percent = upload.size === 0 ? 0 : Math.round((100 * upload.sent) / upload.size);
  return (
    <li className={styles.upload}>
      <span className={styles.who}>
        <b title={upload.path}>{upload.path}</b>
        <small>
          {upload.state === "sending"
            ? t("{percent} %", { percent })
            : upload.state === "exists"
              ? t("There is a file of this name.")
              : upload.problem || t("It did not arrive. Check the connection and try again.")}
        </small>
      </span>
      {upload.state === "exists" ? (
        <Button onClick={() => uploads.again(upload.id)}>{t("Replace")}</Button>
      ) : null}
      {upload.state === "failed" ? (
        <IconButton label={t("Try again")} onClick={() => uploads.again(upload.id)}>
          <RotateCw size={16} strokeWidth={1.5} />
        </IconButton>
      ) : null}
      {upload.state === "failed" ? null : (
        <IconButton
          label={t("Leave out {path}", { path: upload.path })}
          onClick={() => uploads.cancel(upload.id)}
        >
          <X size={16} strokeWidth={1.5} />
        </IconButton>
      )}
    </li>
  );
}
