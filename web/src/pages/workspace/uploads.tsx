import { Pause, Play, RotateCw, X } from "lucide-react";
import { size } from "../../ui/ago";
import { Button, IconButton } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import { JobRow } from "./jobrow";
import { nameOf } from "./path";
import trash from "./trash.module.css";
import { Unfinished, useUnfinished } from "./unfinished";
import { type UploadState, unfinished } from "./upload";
import styles from "./workspace.module.css";

/** Rows that are drawn: those of interest come first. */
const drawn = 50;

/** What is going on: uploads, and jobs of the project. Nothing when nothing does. */
export function UploadList() {
  const { uploads, jobs } = useRoom().workspace;
  const list = useStore(uploads.list);
  const running = useStore(jobs.list);
  const left = useUnfinished(list);
  if (list.length === 0 && running.length === 0 && left.uploads.length === 0) return null;
  const bad = list.filter((u) => u.state === "failed");
  const going = list.filter((u) => u.state === "sending");
  return (
    <section ref={floor} className={styles.uploads} aria-label={t("Activity")}>
      {running.map((j) => (
        <JobRow key={j.id} job={j} />
      ))}
      {list.length > 0 ? <Head list={list} /> : null}
      <ul>
        {[...bad, ...going].slice(0, drawn).map((u) => (
          <One key={u.id} upload={u} />
        ))}
      </ul>
      <Unfinished {...left} />
      <ExistsDialog list={list} />
    </section>
  );
}

/** Lays an element at the bottom of the page: what comes after, as news do, stands above it. */
function floor(el: HTMLElement | null): () => void {
  const { style } = document.documentElement;
  const sizes = new ResizeObserver(() => {
    const top = el?.getBoundingClientRect().top ?? window.innerHeight;
    style.setProperty("--floor", `${Math.round(window.innerHeight - top)}px`);
  });
  if (el) sizes.observe(el);
  return () => {
    sizes.disconnect();
    style.removeProperty("--floor");
  };
}

/** All uploads together: how far, how fast, how long. */
function Head({ list }: { list: readonly UploadState[] }) {
  const { uploads } = useRoom().workspace;
  const rate = useStore(uploads.rate);
  const paused = useStore(uploads.paused);
  const open = list.filter(unfinished);
  const done = list.filter((u) => u.state === "done").length;
  const bad = list.filter((u) => u.state === "failed").length;
  const total = list.reduce((n, u) => n + u.size, 0);
  const sent = list.reduce((n, u) => n + (unfinished(u) || u.state === "failed" ? u.sent : u.size), 0);
  return (
    <>
      <div className={styles.panelHead}>
        <h2 role="status">
          {open.length > 0
            ? t("Uploading: {done} of {n}", { done: list.length - open.length, n: list.length })
            : done > 0 || bad === 0
              ? t("{n, plural, one {# file uploaded} other {# files uploaded}}", { n: done })
              : t("{n, plural, one {A file did not arrive} other {# files did not arrive}}", { n: bad })}
        </h2>
        {open.length > 0 ? (
          <>
            <IconButton
              label={paused ? t("Go on") : t("Pause")}
              onClick={() => (paused ? uploads.resume() : uploads.pause())}
            >
              {paused ? <Play size={16} strokeWidth={1.5} /> : <Pause size={16} strokeWidth={1.5} />}
            </IconButton>
            <Button onClick={() => uploads.cancelAll()}>{t("Cancel")}</Button>
          </>
        ) : (
          <IconButton label={t("Close")} onClick={() => uploads.clear()}>
            <X size={16} strokeWidth={1.5} />
          </IconButton>
        )}
      </div>
      {open.length > 0 ? (
        <progress max={Math.max(1, total)} value={sent} aria-label={t("How much is uploaded")} />
      ) : null}
      {open.length > 0 ? (
        <p className={styles.uploadSum}>
          {paused
            ? t("Paused at {sent} of {total}", { sent: size(sent), total: size(total) })
            : rate < 1
              ? t("{have} of {total}", { have: size(sent), total: size(total) })
              : t("{sent} of {total}, {rate}/s, {left}", {
                  sent: size(sent),
                  total: size(total),
                  rate: size(rate),
                  left: timeLeft(total - sent, rate),
                })}
        </p>
      ) : null}
    </>
  );
}

/** How long so many bytes take, in words. */
export function timeLeft(bytes: number, rate: number): string {
  if (rate < 1) return t("time left unknown");
  const seconds = Math.round(bytes / rate);
  if (seconds < 60) return t("{n} s left", { n: Math.max(1, seconds) });
  if (seconds < 3600) return t("{n} min left", { n: Math.round(seconds / 60) });
  return t("{n} h left", { n: Math.round(seconds / 3600) });
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
            ? upload.problem
              ? t("Trying again: {why}", { why: upload.problem })
              : t("{percent} %", { percent })
            : upload.problem || t("It did not arrive. Check the connection and try again.")}
        </small>
      </span>
      {upload.state === "failed" ? (
        <IconButton
          label={t("Try again with {path}", { path: upload.path })}
          onClick={() => uploads.again(upload.id)}
        >
          <RotateCw size={16} strokeWidth={1.5} />
        </IconButton>
      ) : null}
      <IconButton
        label={t("Leave out {path}", { path: upload.path })}
        onClick={() => uploads.cancel(upload.id)}
      >
        <X size={16} strokeWidth={1.5} />
      </IconButton>
    </li>
  );
}

/** Asks once what to do with all that is there already. */
function ExistsDialog({ list }: { list: readonly UploadState[] }) {
  const { uploads } = useRoom().workspace;
  const there = list.filter((u) => u.state === "exists");
  const first = there[0];
  return (
    <Dialog
      open={first !== undefined}
      onClose={() => uploads.answer("skip")}
      title={t("{n, plural, one {A file is there already} other {# files are there already}}", {
        n: there.length,
      })}
      description={
        there.length === 1
          ? t("{path} is in the project already.", { path: first?.path ?? "" })
          : t("{name} and others are in the project already. The answer holds for all of them.", {
              name: nameOf(first?.path ?? ""),
            })
      }
    >
      <div className={trash.answers}>
        <Button onClick={() => uploads.answer("skip")}>{t("Skip")}</Button>
        <Button look="danger" onClick={() => uploads.answer("overwrite")}>
          {t("Replace")}
        </Button>
        <Button look="primary" onClick={() => uploads.answer("keep-both")}>
          {t("Keep both")}
        </Button>
      </div>
    </Dialog>
  );
}
