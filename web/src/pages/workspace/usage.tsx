import { useQuery } from "@tanstack/react-query";
import { ChevronRight, RotateCw } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type DiskUse, measureFolder } from "../../api/search";
import { emptyTrash } from "../../api/trash";
import { size, span } from "../../ui/ago";
import { Button, IconButton } from "../../ui/button";
import { classes } from "../../ui/classes";
import { ConfirmDialog } from "../../ui/dialog";
import { Failure, Progress } from "../../ui/state";
import { t } from "../../words";
import { useRoom } from "./context";
import { nearly } from "./meter";
import { joinPath, nameOf, parentOf } from "./path";
import { status } from "./queries";
import styles from "./usage.module.css";
import { UsageMap } from "./usagemap";
import type { ViewProps } from "./views";

type Measured = { path: string; use?: DiskUse; sofar?: DiskUse; tookMs?: number; error?: unknown };

/** What takes the disk: a picture of a folder's largest parts, and a list beside it. */
export default function UsageView({ host, path: first }: ViewProps) {
  const { running, may } = useRoom();
  const [path, setPath] = useState(first);
  const [turn, setTurn] = useState(0);
  const measured = useMeasured(host.project, path, running, turn);
  const [emptying, setEmptying] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    host.offer({
      focus: () => {
        const first = root.current?.querySelector<HTMLElement>("[data-usage-list] button");
        first?.focus();
        return first != null;
      },
    });
    return () => host.offer(undefined);
  }, [host]);
  const again = () => setTurn((n) => n + 1);
  const up = (e: KeyboardEvent) => {
    if (e.key !== "Backspace" || path === "") return;
    e.preventDefault();
    setPath(parentOf(path));
  };
  const { use, sofar, error } = measured;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a key of all that is in it
    <div ref={root} className={styles.view} onKeyDown={up}>
      <div className={styles.head}>
        <Crumbs path={path} go={setPath} />
        {use ? <Total use={use} /> : null}
        <IconButton label={t("Measure again")} disabled={!running} onClick={again}>
          <RotateCw size={16} strokeWidth={1.5} />
        </IconButton>
      </div>
      {!running ? <p className={styles.note}>{t("The project does not run.")}</p> : null}
      {error !== undefined ? <Failure error={error} onRetry={again} /> : null}
      {running && use === undefined && error === undefined ? (
        <Progress>
          {sofar
            ? t("Measuring… {n, number} files, {size} so far", { n: sofar.files, size: size(sofar.bytes) })
            : t("Measuring…")}
        </Progress>
      ) : null}
      {use ? (
        <>
          <p className={styles.note}>
            {t(
              "{f, plural, one {# file} other {# files}} in {d, plural, one {# folder} other {# folders}}, measured in {time}. Blocks on the disk count; a file with several names counts once.",
              { f: use.files, d: use.folders, time: took(measured.tookMs ?? 0) },
            )}
            {use.unread
              ? ` ${t("{n, plural, one {# folder cannot be read.} other {# folders cannot be read.}}", { n: use.unread })}`
              : ""}
          </p>
          <div className={styles.middle}>
            <UsageMap use={use} go={setPath} />
            <Parts use={use} go={setPath} empty={may("files.write") ? () => setEmptying(true) : undefined} />
          </div>
        </>
      ) : null}
      <ConfirmDialog
        open={emptying}
        onClose={() => setEmptying(false)}
        title={t("Empty the trash?")}
        description={t("What is in it is deleted for good, with its history.")}
        confirm={t("Empty the trash")}
        busy={t("Emptying…")}
        onConfirm={async () => {
          await emptyTrash(host.project);
          again();
        }}
      />
    </div>
  );
}

/** What the folder takes, and where the project has a limit how much of it that is. */
function Total({ use }: { use: DiskUse }) {
  const { project, running } = useRoom();
  const { data } = useQuery(status(project.id, running));
  const limit = data?.diskLimitBytes ?? 0;
  if (limit <= 0) return <span className={styles.total}>{size(use.bytes)}</span>;
  const percent = Math.round((100 * use.bytes) / limit);
  return (
    <span className={classes(styles.total, percent >= nearly && styles.full)}>
      {t("{used} of {limit} ({percent} %)", { used: size(use.bytes), limit: size(limit), percent })}
      <span className={styles.gauge} aria-hidden>
        <span className={styles.level} style={{ width: `${Math.min(100, percent)}%` }} />
      </span>
    </span>
  );
}

function took(ms: number): string {
  return ms < 1000 ? t("{ms} ms", { ms: Math.max(1, ms) }) : span(Math.round(ms / 1000));
}

function useMeasured(project: string, path: string, running: boolean, turn: number): Measured {
  const [state, setState] = useState<Measured>({ path });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each turn measures again
  useEffect(() => {
    setState({ path });
    if (!running) return;
    const stop = new AbortController();
    measureFolder(project, path, (sofar) => setState({ path, sofar }), stop.signal).then(
      (done) => stop.signal.aborted || setState({ path, ...done }),
      (error: unknown) => stop.signal.aborted || setState({ path, error }),
    );
    return () => stop.abort();
  }, [project, path, running, turn]);
  return state.path === path ? state : { path };
}

/** The way from the home to the folder that is shown. */
function Crumbs({ path, go }: { path: string; go: (path: string) => void }) {
  const steps = [{ path: "", name: t("Home") }];
  let at = "";
  for (const name of path === "" ? [] : path.split("/")) {
    at = joinPath(at, name);
    steps.push({ path: at, name });
  }
  return (
    <nav className={styles.crumbs} aria-label={t("Folder")}>
      {steps.map((s, i) => (
        <span key={s.path}>
          {i > 0 ? <ChevronRight size={14} strokeWidth={1.5} aria-hidden /> : null}
          <button
            type="button"
            aria-current={s.path === path ? "page" : undefined}
            onClick={() => go(s.path)}
          >
            {s.name}
          </button>
        </span>
      ))}
    </nav>
  );
}

/** What a part is called: Lyceum's own folders by what they are for. */
export function titleOf(use: DiskUse): string {
  switch (use.role) {
    case "trash":
      return t("Trash");
    case "history":
      return t("History of documents");
    case "uploads":
      return t("Unfinished uploads");
  }
  return use.name || nameOf(use.path);
}

function Parts({
  use,
  go,
  empty,
}: {
  use: DiskUse;
  go: (path: string) => void;
  empty: (() => void) | undefined;
}) {
  const { workspace } = useRoom();
  const parts = use.parts ?? [];
  const keys = (e: KeyboardEvent<HTMLElement>) => {
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    const all = [...e.currentTarget.querySelectorAll<HTMLElement>("button[data-part]")];
    all[all.indexOf(document.activeElement as HTMLElement) + step]?.focus(); // one of them, or none
    e.preventDefault();
  };
  return (
    <ol className={styles.parts} data-usage-list onKeyDown={keys} aria-label={t("The largest things in it")}>
      {parts.map((p) => (
        <li key={p.path} className={styles.part}>
          <button
            type="button"
            data-part
            className={styles.partName}
            onClick={() =>
              p.kind === "dir" ? go(p.path) : p.kind === "file" ? workspace.openFile(p.path) : undefined
            }
          >
            <span className={classes(styles.label, p.kind === "dir" && styles.folder)}>
              {titleOf(p)}
              {p.kind === "dir" && !p.role ? "/" : ""}
            </span>
            <span className={styles.size}>{size(p.bytes)}</span>
            <span
              className={styles.bar}
              aria-hidden
              style={{ width: `${(100 * p.bytes) / Math.max(1, use.bytes)}%` }}
            />
          </button>
          {p.role === "trash" && empty ? <Button onClick={empty}>{t("Empty the trash")}</Button> : null}
        </li>
      ))}
      {use.rest ? (
        <li className={styles.rest}>
          <span>{t("{n, plural, one {# other} other {# others}}", { n: use.rest.items })}</span>
          <span className={styles.size}>{size(use.rest.bytes)}</span>
        </li>
      ) : null}
      {parts.length === 0 ? <li className={styles.rest}>{t("There is nothing in it.")}</li> : null}
    </ol>
  );
}
