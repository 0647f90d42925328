import { ChevronDown, ChevronRight, File, FileSymlink, Folder, FolderOpen } from "lucide-react";
import { type DragEvent, type KeyboardEvent, type MouseEvent, useEffect, useRef } from "react";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import type { Editing } from "./entrydialogs";
import { nameOf, type Row } from "./tree";
import styles from "./tree.module.css";
import { pathType } from "./treeview";

/** Pixels of a row: more where fingers point. */
export function rowHeight(): number {
  return window.matchMedia("(pointer: coarse)").matches ? 40 : 26;
}

type Props = {
  id: string;
  top: number;
  row: Row;
  current: boolean;
  over: boolean;
  write: boolean;
  /** A name is typed in this row. */
  editing: Editing | undefined;
  /** The name that was typed; undefined when it was given up. */
  onEdited: (name: string | undefined) => void;
  onOpen: (e: MouseEvent) => void;
  onMenu: (x: number, y: number) => void;
  onDragOver: (e: DragEvent) => void;
  onDrop: (e: DragEvent) => void;
};

export function TreeRow(props: Props) {
  const { id, top, row, current, over, write, editing, onOpen, onMenu } = props;
  const entry = row.kind === "entry" ? row.entry : undefined;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays on the tree, which names its row
    <div
      id={id}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={current}
      aria-expanded={row.kind === "entry" ? row.expanded : undefined}
      aria-setsize={row.kind === "entry" ? row.of : undefined}
      aria-posinset={row.kind === "entry" ? row.position : undefined}
      data-path={entry?.path}
      className={classes(
        styles.row,
        current && styles.current,
        over && styles.over,
        entry?.hidden && styles.faint,
      )}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 8 + row.depth * 14 }}
      title={entry && hint(entry)}
      draggable={entry !== undefined && write && editing === undefined}
      onClick={(e) => editing === undefined && onOpen(e)}
      onContextMenu={(e) => {
        e.preventDefault();
        e.stopPropagation();
        onMenu(e.clientX, e.clientY);
      }}
      onDragStart={(e) => {
        e.dataTransfer.setData(pathType, entry?.path ?? "");
        e.dataTransfer.effectAllowed = "copyMove";
      }}
      onDragOver={props.onDragOver}
      onDrop={props.onDrop}
    >
      {editing === undefined ? (
        <Content row={row} />
      ) : (
        <NameInput editing={editing} onEdited={props.onEdited} />
      )}
    </div>
  );
}

function Content({ row }: { row: Row }) {
  if (row.kind === "more")
    return <span className={styles.more}>{t("Show more ({n} left)", { n: row.left })}</span>;
  if (row.kind === "note") return <span className={styles.note}>{noteText(row)}</span>;
  const { entry, expanded } = row;
  const Icon =
    expanded === undefined ? (entry.kind === "symlink" ? FileSymlink : File) : expanded ? FolderOpen : Folder;
  return (
    <>
      <Chevron expanded={expanded} />
      <Icon size={16} strokeWidth={1.5} aria-hidden />
      <span className={styles.name}>{entry.name}</span>
    </>
  );
}

function Chevron({ expanded }: { expanded: boolean | undefined }) {
  if (expanded === undefined) return <span className={styles.chevron} />;
  const Icon = expanded ? ChevronDown : ChevronRight;
  return <Icon className={styles.chevron} size={14} strokeWidth={1.5} aria-hidden />;
}

function noteText(row: Extract<Row, { kind: "note" }>): string {
  if (row.note === "loading") return t("Reading…");
  if (row.note === "empty") return row.depth === 0 ? t("No files yet. Drop some here.") : t("Empty");
  const why = row.error instanceof Error ? row.error.message : "";
  return t("Could not be read. {why} Press to try again.", { why });
}

function hint(entry: NonNullable<Extract<Row, { kind: "entry" }>["entry"]>): string {
  if (entry.kind === "symlink")
    return t("{path}, a link to {target}", { path: entry.path, target: entry.target ?? "" });
  return entry.path;
}

function NameInput({
  editing,
  onEdited,
}: {
  editing: Editing;
  onEdited: (name: string | undefined) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  const first = editing.kind === "rename" ? nameOf(editing.path) : "";
  useEffect(() => {
    const el = input.current;
    if (!el) return;
    el.focus();
    // The name without its ending is what people change.
    const dot = first.lastIndexOf(".");
    el.setSelectionRange(0, dot > 0 ? dot : first.length);
  }, [first]);
  const end = (name: string | undefined) => {
    if (done.current) return;
    done.current = true;
    onEdited(name);
  };
  const keys = (e: KeyboardEvent<HTMLInputElement>) => {
    if (e.nativeEvent.isComposing) return;
    if (e.key === "Enter") end(e.currentTarget.value);
    else if (e.key === "Escape") end(undefined);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const label =
    editing.kind === "rename"
      ? t("New name")
      : editing.kind === "file"
        ? t("Name of the new file")
        : t("Name of the new folder");
  return (
    <input
      ref={input}
      className={styles.input}
      aria-label={label}
      placeholder={label}
      defaultValue={first}
      autoComplete="off"
      spellCheck={false}
      onClick={(e) => e.stopPropagation()}
      onKeyDown={keys}
      onBlur={(e) => end(e.currentTarget.value.trim() === "" ? undefined : e.currentTarget.value)}
    />
  );
}
