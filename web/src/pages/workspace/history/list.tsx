import { useVirtualizer } from "@tanstack/react-virtual";
import {
  ChevronDown,
  ChevronRight,
  FileInput,
  Flag,
  GitCommitHorizontal,
  HardDrive,
  RotateCcw,
} from "lucide-react";
import { type KeyboardEvent, memo, useCallback, useEffect, useId, useMemo, useRef } from "react";
import type { Version } from "../../../api/history";
import { Avatar } from "../../../ui/avatar";
import { classes } from "../../../ui/classes";
import { useNow } from "../../../ui/time";
import { treeStep } from "../../../ui/treekeys";
import { t } from "../../../words";
import styles from "./history.module.css";
import { type Looking, useSteps, type useVersions } from "./hooks";
import { useColours } from "./people";
import { type Row, rowAt, rowsOf } from "./rows";
import { dayOf, endOf, sizeOf, timesOf, titleOf, wayOf } from "./say";

const heights = { day: 28, version: 46, step: 28, more: 32 } as const;

/** The rows of a file's list, with the steps of what is unfolded. */
export function useRows(path: string, versions: readonly Version[], unfolded: Looking["unfolded"]): Row[] {
  const steps = useSteps(path, versions, unfolded);
  // Days change at midnight only.
  const today = Math.floor(useNow() / 60_000) * 60_000;
  return useMemo(() => rowsOf(versions, steps, (at) => dayOf(at, today)), [versions, steps, today]);
}

type Props = {
  path: string;
  rows: Row[];
  looking: Looking;
  /** The newest sequence: what is looked at when none is chosen. */
  newest: number;
  read: ReturnType<typeof useVersions>["query"];
  look: (change: Partial<Looking>) => void;
  /** A version was chosen to be seen, by a press or by Enter. */
  open?: () => void;
};

/** Every version, newest first, as a tree: sittings that unfold into steps. */
export function VersionList({ path, rows, looking, newest, read, look, open }: Props) {
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const colours = useColours();
  const at = Math.max(0, rowAt(rows, looking.seq || newest, looking.row));
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: (i) => heights[rows[i]?.kind ?? "version"],
    getItemKey: (i) => rows[i]?.key ?? i,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = read;
  useEffect(() => {
    if (last >= rows.length - 10 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  useEffect(() => {
    if (rows.length > 0) virtual.scrollToIndex(at);
  }, [at, rows.length, virtual]);

  const latest = useRef({ looking, newest, look });
  latest.current = { looking, newest, look };
  const fold = useCallback((seq: number, unfold: boolean) => {
    const { looking, newest, look } = latest.current;
    const next = new Map(looking.unfolded);
    if (unfold) next.set(seq, []);
    else next.delete(seq);
    look({ unfolded: next, row: `v${seq}`, seq: seq === newest ? 0 : seq });
  }, []);
  const more = (of: number) => {
    const oldest = rows.findLast((r) => r.kind === "step" && r.of === of);
    if (oldest?.kind !== "step") return;
    const next = new Map(looking.unfolded);
    next.set(of, [...(next.get(of) ?? []), oldest.version.first]);
    look({ unfolded: next });
  };
  const choose = (i: number, by: 1 | -1 = 1) => {
    let row = rows[i];
    if (row?.kind === "day") row = rows[i + by] ?? rows[i + 1];
    if (row?.kind === "more") more(row.of);
    // The newest stays chosen as others come.
    else if (row?.kind === "version" || row?.kind === "step")
      look({ seq: row.version.seq === newest ? 0 : row.version.seq, row: row.key });
  };
  const keys = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const row = rows[at];
    if (e.key === "Enter" || e.key === " ") open?.();
    else {
      const parent = () => (row?.kind === "step" ? rows.findIndex((r) => r.key === `v${row.of}`) : -1);
      const unfolded = row?.kind === "version" ? row.open : undefined;
      const { go, open: unfold } = treeStep(e.key, at, rows.length, { open: unfolded, parent });
      if (go === undefined && unfold === undefined) return;
      if (unfold !== undefined && row?.kind === "version") fold(row.version.seq, unfold);
      if (go !== undefined) choose(go, go < at ? -1 : 1);
    }
    e.preventDefault();
  };
  return (
    <div
      ref={place}
      className={styles.list}
      role="tree"
      aria-label={t("Versions of {path}", { path })}
      tabIndex={0}
      data-history-list
      aria-activedescendant={rows.length > 0 ? `${id}-${at}` : undefined}
      onKeyDown={keys}
    >
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          const style = { transform: `translateY(${item.start}px)`, height: item.size };
          if (row.kind === "day")
            return (
              <div key={row.key} role="presentation" className={styles.day} style={style}>
                {row.day}
              </div>
            );
          const current = item.index === at;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays on the tree
            <div
              key={row.key}
              id={`${id}-${item.index}`}
              role="treeitem"
              aria-level={row.kind === "version" ? 1 : 2}
              aria-selected={current}
              aria-expanded={row.kind === "version" ? row.open : undefined}
              className={classes(styles.row, styles[row.kind], current && styles.current)}
              style={style}
              onClick={() => {
                choose(item.index);
                if (row.kind !== "more") open?.();
              }}
            >
              {row.kind === "more" ? (
                t("Older steps…")
              ) : row.kind === "step" ? (
                <Step version={row.version} />
              ) : (
                <Sitting row={row} colours={colours} fold={fold} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const Sitting = memo(function Sitting({
  row,
  colours,
  fold,
}: {
  row: Row & { kind: "version" };
  colours: (account: string) => number;
  fold: (seq: number, unfold: boolean) => void;
}) {
  const { version: v, open } = row;
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <>
      <span
        className={styles.fold}
        aria-hidden
        onClick={(e) => {
          if (open === undefined) return;
          e.stopPropagation();
          fold(v.seq, !open);
        }}
      >
        {open === undefined ? null : <Chevron size={14} strokeWidth={1.5} />}
      </span>
      <Mark version={v} colours={colours} />
      <span className={styles.what}>
        <b title={titleOf(v)}>
          {v.name ? <Flag size={12} strokeWidth={1.5} aria-label={t("Named")} /> : null}
          {titleOf(v)}
        </b>
        <small>
          {[v.name ? wayOf(v) : "", timesOf(v), v.commit?.id.slice(0, 8) ?? "", sizeOf(v)]
            .filter((s) => s !== "")
            .join(" · ")}
        </small>
      </span>
    </>
  );
});

/** Who or what made a version, as a picture. */
export function Mark({ version: v, colours }: { version: Version; colours: (account: string) => number }) {
  const Icon =
    v.origin === "begin"
      ? FileInput
      : v.origin === "restore"
        ? RotateCcw
        : v.commit
          ? GitCommitHorizontal
          : v.origin === "disk"
            ? HardDrive
            : undefined;
  if (Icon) return <Icon size={16} strokeWidth={1.5} className={styles.mark} aria-hidden />;
  const [first] = v.by;
  const person = { name: first?.name || "?", colour: colours(first?.id ?? "") };
  return (
    <span className={styles.mark}>
      <Avatar person={person} size={20} beside />
      {v.by.length > 1 ? <small className={styles.others}>+{v.by.length - 1}</small> : null}
    </span>
  );
}

const Step = memo(function Step({ version: v }: { version: Version }) {
  return (
    <>
      <span title={timesOf(v, true)}>{endOf(v)}</span>
      {v.name ? <Flag size={12} strokeWidth={1.5} aria-label={t("Named")} /> : null}
      <span className={styles.grow}>{v.name || wayOf(v)}</span>
      <small>{sizeOf(v)}</small>
    </>
  );
});
