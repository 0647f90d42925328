import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight, Replace, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef } from "react";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import { say } from "../say";
import { useRoom } from "./context";
import { nameOf, parentOf } from "./path";
import styles from "./search.module.css";
import { useReplaceActions } from "./searchactions";
import { canReplace, type SearchModel, type SearchState } from "./searchmodel";
import { partsOf, rowsOf, type SearchRow, searchKey } from "./searchrows";

const rowHeight = 24;
/** Characters before a match that are shown, so that it is in sight in a narrow panel. */
const most = 24;
/** The same where what it becomes is to be in sight too. */
const mostReplaced = 10;

/** What was found, file by file, as a tree. */
export function SearchList({
  model,
  state,
  replacing,
}: {
  model: SearchModel;
  state: SearchState;
  replacing: boolean;
}) {
  const { workspace, narrow } = useRoom();
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(state.files, state.folded), [state.files, state.folded]);
  // When the row has gone, because it was replaced, the one that took its place.
  const last = useRef(0);
  const known = rows.findIndex((r) => r.key === state.current);
  const at = known >= 0 ? known : Math.max(0, Math.min(last.current, rows.length - 1));
  useEffect(() => {
    if (rows.length > 0) last.current = at;
  }, [at, rows.length]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  useEffect(() => {
    if (state.current !== "" && rows.length > 0) virtual.scrollToIndex(at);
  }, [at, state.current, rows.length, virtual]);
  const open = (row: SearchRow | undefined, focus: boolean) => {
    if (row === undefined) return;
    model.go(row.key);
    if (row.kind === "file") {
      model.fold(row.file.path, !row.folded);
      return;
    }
    const { line, column, length } = row.match;
    workspace.openFile(row.file.path, { line, column, length, focus });
    if (narrow) workspace.show("");
  };
  const replaceRow = (row: SearchRow | undefined) => {
    if (row === undefined || !replacing || !row.file.text) return;
    model.go(row.key);
    void say(model.replace(row.file.path, row.kind === "match" ? row.match : undefined));
  };
  useReplaceActions({
    on: replacing && rows.length > 0,
    row: () => replaceRow(rows[at]),
    all: () => void say(model.replace()),
  });
  const keys = (e: KeyboardEvent) => {
    const row = rows[at];
    if (e.ctrlKey || e.metaKey || e.altKey || row === undefined) return;
    const match = row.kind === "match" ? row.match : undefined;
    if (e.key === "Enter") open(row, true);
    else if (e.key === " ") open(row, false);
    else if (e.key === "Delete" || e.key === "Backspace") {
      model.go(rows[at + 1]?.key ?? rows[at - 1]?.key ?? "");
      model.dismiss(row.file, match);
    } else {
      const { go, fold } = searchKey(rows, at, e.key);
      if (go === undefined && fold === undefined) return;
      if (fold !== undefined) model.fold(row.file.path, fold);
      const next = go === undefined ? undefined : rows[go];
      if (next) model.go(next.key);
    }
    e.preventDefault();
  };
  if (rows.length === 0) return <div className={styles.list} />;
  return (
    <div
      ref={place}
      className={styles.list}
      role="tree"
      aria-label={t("What was found")}
      tabIndex={0}
      data-search-list
      aria-activedescendant={`${id}-${at}`}
      onKeyDown={keys}
      onFocus={() => state.current === "" && model.go(rows[0]?.key ?? "")}
    >
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays on the tree
            <div
              key={row.key}
              id={`${id}-${item.index}`}
              role="treeitem"
              aria-level={row.kind === "file" ? 1 : 2}
              aria-selected={item.index === at}
              aria-expanded={row.kind === "file" ? !row.folded : undefined}
              className={classes(styles.row, item.index === at && styles.current)}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={() => open(row, true)}
            >
              {row.kind === "file" ? <FileRow row={row} /> : <MatchRow row={row} replacing={replacing} />}
              <Buttons model={model} row={row} replacing={replacing && canReplace(state)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function FileRow({ row }: { row: SearchRow & { kind: "file" } }) {
  const { file } = row;
  const Chevron = row.folded ? ChevronRight : ChevronDown;
  return (
    <>
      <Chevron size={14} strokeWidth={1.5} aria-hidden />
      <span className={styles.name} title={file.path}>
        <b>{nameOf(file.path)}</b> <small>{parentOf(file.path)}</small>
      </span>
      <span className={styles.count}>
        {file.matches.length}
        {file.more ? "+" : ""}
      </span>
    </>
  );
}

function MatchRow({ row, replacing }: { row: SearchRow & { kind: "match" }; replacing: boolean }) {
  const parts = partsOf(row.match);
  const fresh = replacing && row.file.text ? row.match.new : undefined;
  const room = fresh === undefined ? most : mostReplaced;
  return (
    <>
      <span className={styles.number}>{row.match.line}</span>
      <span className={styles.text}>
        {parts.before.length > room ? `…${parts.before.slice(4 - room)}` : parts.before}
        {fresh === undefined ? (
          <mark>{parts.match}</mark>
        ) : (
          <>
            <del>{parts.match}</del>
            <ins>{fresh.replaceAll("\n", "↵")}</ins>
          </>
        )}
        {parts.after}
      </span>
    </>
  );
}

/** What can be done with a row by the pointer; the keys for it are Delete and Alt+Enter. */
function Buttons({ model, row, replacing }: { model: SearchModel; row: SearchRow; replacing: boolean }) {
  const match = row.kind === "match" ? row.match : undefined;
  const { file } = row;
  return (
    <span className={styles.buttons}>
      {replacing && file.text ? (
        <button
          type="button"
          tabIndex={-1}
          aria-label={match ? t("Replace this match") : t("Replace all in this file")}
          title={match ? t("Replace this match") : t("Replace all in this file")}
          onClick={(e) => {
            e.stopPropagation();
            void say(model.replace(file.path, match));
          }}
        >
          <Replace size={14} strokeWidth={1.5} aria-hidden />
        </button>
      ) : null}
      {replacing && !file.text && !match ? (
        <small title={t("It is not UTF-8, or too large")}>{t("cannot be replaced")}</small>
      ) : null}
      <button
        type="button"
        tabIndex={-1}
        aria-label={t("Leave out")}
        title={t("Leave out")}
        onClick={(e) => {
          e.stopPropagation();
          model.dismiss(file, match);
        }}
      >
        <X size={14} strokeWidth={1.5} aria-hidden />
      </button>
    </span>
  );
}
