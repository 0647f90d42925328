import { ChevronDown, ChevronRight, Ellipsis, File, FileSymlink, Folder, FolderOpen } from "lucide-react";
import type { DragEvent, MouseEvent, ReactNode } from "react";
import { ago, size } from "../../ui/ago";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import { useLongPress } from "./longpress";
import type { Mark } from "./projectfiles";
import styles from "./tree.module.css";
import type { Row } from "./treerows";

/** Pixels of a row: more where fingers point. */
export function rowHeight(): number {
  return window.matchMedia("(pointer: coarse)").matches ? 40 : 26;
}

/** How a row stands: what the keys go to, what is selected, and what is done to it. */
export type RowState = {
  focused?: boolean;
  picked?: boolean;
  cut?: boolean;
  over?: boolean;
  refused?: boolean;
  /** There is room for size and time. */
  wide?: boolean;
  draggable?: boolean;
  mark?: Mark | undefined;
};

type Props = {
  id: string;
  top: number;
  row: Row;
  state: RowState;
  /** A name is typed in this row. */
  naming: ReactNode;
  onOpen: (e: MouseEvent) => void;
  onDouble: () => void;
  onMenu: (x: number, y: number) => void;
  onDragStart: (e: DragEvent) => void;
  onDragOver: (e: DragEvent) => void;
  onDrop: (e: DragEvent) => void;
  onDragEnd: () => void;
};

export function TreeRow(props: Props) {
  const { id, top, row, state, naming, onOpen, onMenu } = props;
  const entry = row.kind === "entry" ? row.entry : undefined;
  const press = useLongPress(onMenu);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays on the tree, which names its row
    <div
      id={id}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={state.picked === true}
      aria-expanded={row.kind === "entry" ? row.expanded : undefined}
      aria-setsize={row.kind === "entry" ? row.of : undefined}
      aria-posinset={row.kind === "entry" ? row.position : undefined}
      aria-label={entry && naming === null ? entry.name : undefined}
      aria-description={state.mark?.title}
      data-path={entry?.path}
      className={classes(
        styles.row,
        state.picked && styles.picked,
        state.focused && styles.current,
        state.over && styles.over,
        state.refused && styles.refused,
        state.cut && styles.cut,
        entry?.hidden && styles.faint,
        naming !== null && styles.named,
      )}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 8 + row.depth * 14 }}
      title={entry && naming === null ? hint(entry) : undefined}
      draggable={state.draggable === true && naming === null}
      onClick={(e) => naming === null && !press.took() && onOpen(e)}
      onDoubleClick={() => naming === null && props.onDouble()}
      onContextMenu={(e) => {
        e.preventDefault();
        e.stopPropagation();
        if (naming === null) onMenu(e.clientX, e.clientY);
      }}
      {...press.handlers}
      onDragStart={props.onDragStart}
      onDragOver={props.onDragOver}
      onDrop={props.onDrop}
      onDragEnd={props.onDragEnd}
    >
      <Content row={row} state={state} naming={naming} onMenu={onMenu} />
    </div>
  );
}

function Content({ row, state, naming, onMenu }: Pick<Props, "row" | "state" | "naming" | "onMenu">) {
  if (row.kind === "wait") return <span className={styles.wait} />;
  if (row.kind === "note")
    return naming === null ? <span className={styles.note}>{noteText(row)}</span> : naming;
  const { entry, expanded } = row;
  const Icon =
    expanded === undefined ? (entry.kind === "symlink" ? FileSymlink : File) : expanded ? FolderOpen : Folder;
  return (
    <>
      <Chevron expanded={expanded} />
      <Icon size={16} strokeWidth={1.5} aria-hidden />
      {naming ?? (
        <span className={classes(styles.name, state.mark && styles[state.mark.tone])}>{entry.name}</span>
      )}
      {state.mark ? (
        <span
          className={classes(styles.letter, styles[state.mark.tone])}
          data-letter={state.mark.letter}
          aria-hidden
        />
      ) : null}
      {state.wide && naming === null ? (
        <>
          <span className={styles.size}>{expanded === undefined ? size(entry.size) : ""}</span>
          <span className={styles.when}>{ago(entry.modified, Date.now())}</span>
        </>
      ) : null}
      {/* For fingers only: keys and the other mouse button open the same menu. */}
      <span
        className={styles.dots}
        aria-hidden
        onClick={(e) => {
          e.stopPropagation();
          onMenu(e.clientX, e.clientY);
        }}
      >
        <Ellipsis size={16} strokeWidth={1.5} />
      </span>
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
