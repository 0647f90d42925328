import { type MouseEvent, useEffect, useId, useRef, useState } from "react";
import { classes } from "../../ui/classes";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import type { Editing, Task } from "./entrydialogs";
import { EntryMenu, type MenuAt } from "./entrymenu";
import { NameInput } from "./entryname";
import type { EntryWork } from "./entrywork";
import { type SetEditing, useNaming } from "./naming";
import { only, ranged, type Selection, toggled } from "./selection";
import { useSlowClick } from "./slowclick";
import styles from "./tree.module.css";
import { useTreeClipboard } from "./treeclip";
import { useTreeDrag } from "./treedrag";
import { useTreeKeys } from "./treeinput";
import { rowHeight, TreeRow } from "./treerow";
import { newKey, type Row, type Rows } from "./treerows";
import { useWindow } from "./treewindow";

export { pathType } from "./treedrag";

type Props = {
  work: EntryWork;
  write: boolean;
  editing: Editing | undefined;
  onEdit: SetEditing;
  onMake: (kind: "file" | "folder", parent: string) => void;
  onTask: (task: Task) => void;
  onUpload: (folder: string, whole: boolean) => void;
};

/** Pixels from which a panel has room for size and time. */
const wideFrom = 420;

/** The tree, only as much of it as is on the screen. Keys as the ARIA pattern for trees says. */
export function TreeView({ work, write, editing, onEdit, onMake, onTask, onUpload }: Props) {
  const { workspace, narrow } = useRoom();
  const { files, tree } = workspace;
  const rows = useRowsWith(useStore(tree.rows), editing);
  const selection = useStore(files.selection);
  const selecting = useStore(files.selecting);
  const clip = useStore(files.clipboard.clip);
  const marks = useStore(files.marks);
  const [menu, setMenu] = useState<MenuAt>();
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const height = rowHeight();
  const { from, to, seen, width, scrollTo } = useWindow(box, rows, height);
  const drag = useTreeDrag(box, work, write);
  const shown = rows.slice(from, to);
  const focus = rows.indexOf(selection.focus);
  const wide = width >= wideFrom;
  const cut = new Set(clip?.cut ? clip.paths : []);

  useReadOn(shown);
  useScrollTo(editing?.kind === "rename" ? editing.path : editing ? newKey : selection.focus, rows, scrollTo);
  useTreeClipboard(box, work, write);
  const select = (s: Selection) => files.selection.set(s);
  const named = useRef(editing);
  named.current = editing;
  const naming = useNaming({
    editing,
    current: () => named.current,
    onEdit,
    focusTree: () => box.current?.focus(),
  });
  const slow = useSlowClick((path) => write && onEdit({ kind: "rename", path }));

  const open = (row: Row | undefined, o: { beside?: boolean; focus?: boolean } = {}) => {
    if (row?.kind === "note" && row.note === "failed") void tree.retry(row.parent);
    if (row?.kind !== "entry") return;
    if (row.expanded === true) tree.collapse(row.entry.path);
    else if (row.expanded === false) void tree.expand(row.entry.path);
    else if (row.entry.opaque || row.entry.kind === "other")
      toast({ text: t("This cannot be opened; it can be renamed, moved or deleted."), kind: "bad" });
    else {
      workspace.openFile(row.entry.path, { beside: o.beside === true, focus: o.focus === true });
      if (narrow) workspace.show("");
    }
  };
  const press = (row: Row, e: MouseEvent) => {
    if (row.kind !== "entry") return open(row);
    if (e.shiftKey) return select(ranged(selection, rows, row.key, e.ctrlKey || e.metaKey));
    if (e.ctrlKey || e.metaKey || selecting) return select(toggled(selection, row.key));
    if (slow.pressed(row, selection, e)) return;
    select(only(row.key));
    open(row, { beside: e.altKey });
  };
  const menuFor = (row: Row | undefined, x: number, y: number) => {
    if (row?.kind === "entry") work.take(row.entry.path);
    else select({ ...selection, picked: new Set() });
    setMenu({ x, y, entries: work.picked(), folder: row ? work.folder() : "" });
  };
  const keys = useTreeKeys({
    box,
    rows,
    seen,
    work,
    write,
    open,
    scrollTo,
    onEdit,
    onTask,
    onMenu: () => {
      const place =
        document.getElementById(`${id}-${focus}`)?.getBoundingClientRect() ??
        box.current?.getBoundingClientRect();
      menuFor(rows.at(focus), (place?.left ?? 0) + 40, place?.bottom ?? 0);
    },
  });
  return (
    <>
      <div
        ref={box}
        role="tree"
        data-explorer
        tabIndex={0}
        aria-label={t("Files of the project")}
        aria-multiselectable
        aria-activedescendant={focus >= from && focus < to ? `${id}-${focus}` : undefined}
        className={classes(styles.tree, drag.over?.folder === "" && styles.over)}
        onKeyDown={keys}
        onFocus={(e) => {
          const first = rows.at(0)?.key ?? "";
          if (e.target === box.current && selection.focus === "")
            select({ ...selection, focus: first, anchor: first });
        }}
        onClick={(e) => e.target === e.currentTarget && select({ ...selection, picked: new Set() })}
        onContextMenu={(e) => {
          e.preventDefault();
          if (e.target === box.current && e.button === 2) menuFor(undefined, e.clientX, e.clientY);
        }}
        onDragOver={(e) => drag.dragOver(e)}
        onDragLeave={(e) => e.currentTarget.contains(e.relatedTarget as Node | null) || drag.leave()}
        onDrop={(e) => void drag.drop(e)}
      >
        <div role="none" className={styles.rows} style={{ height: rows.length * height }}>
          {shown.map((row, i) => {
            const index = from + i;
            const path = row.kind === "entry" ? row.entry.path : undefined;
            const over = path !== undefined && path !== "" && drag.over?.folder === path;
            return (
              <TreeRow
                key={row.key}
                id={`${id}-${index}`}
                top={index * height}
                row={row}
                state={{
                  focused: index === focus,
                  picked: path !== undefined && selection.picked.has(path),
                  cut: path !== undefined && cut.has(path),
                  over: over && drag.over?.refused === false,
                  refused: over && drag.over?.refused === true,
                  draggable: path !== undefined && !narrow,
                  mark: path === undefined ? undefined : marks.get(path),
                  wide,
                }}
                naming={
                  isEdited(row, editing) && editing ? (
                    <NameInput
                      key={keyOf(editing)}
                      editing={editing}
                      onName={naming.name}
                      onEnd={naming.end}
                    />
                  ) : null
                }
                onOpen={(e) => press(row, e)}
                onDouble={() => {
                  slow.forget();
                  if (row.kind === "entry" && row.expanded === undefined && !selecting)
                    open(row, { focus: true });
                }}
                onMenu={(x, y) => menuFor(row, x, y)}
                onDragStart={(e) => row.kind === "entry" && drag.start(e, row.entry)}
                onDragOver={(e) => drag.dragOver(e, row)}
                onDrop={(e) => void drag.drop(e, row)}
                onDragEnd={drag.end}
              />
            );
          })}
        </div>
      </div>
      <EntryMenu
        at={menu}
        write={write}
        work={work}
        onClose={() => setMenu(undefined)}
        back={() => box.current?.focus()}
        onOpen={() => open(rows.at(rows.indexOf(selection.focus)), { focus: true })}
        {...{ onMake, onTask, onUpload, onEdit }}
      />
      <span className="visually-hidden" role="status">
        {selection.picked.size > 1 ? t("{n} items are selected", { n: selection.picked.size }) : ""}
      </span>
    </>
  );
}

const fields = new WeakMap<Editing, number>();
let nextField = 1;

/** Tells one editing from the next, also of the same row: each has a field of its own. */
function keyOf(editing: Editing): number {
  const key = fields.get(editing) ?? nextField++;
  fields.set(editing, key);
  return key;
}

function isEdited(row: Row, editing: Editing | undefined): boolean {
  if (editing?.kind === "rename") return row.kind === "entry" && row.entry.path === editing.path;
  return editing !== undefined && row.key === newKey;
}

/** The rows, with one more while the name of something new is typed. */
function useRowsWith(rows: Rows, editing: Editing | undefined): Rows {
  return editing === undefined || editing.kind === "rename" ? rows : rows.withNew(editing.parent);
}

/** Reads on in the folders whose next entries are on the screen. */
function useReadOn(shown: readonly Row[]) {
  const { tree } = useRoom().workspace;
  const wanted = new Map<string, number>();
  for (const row of shown) if (row.kind === "wait") wanted.set(row.parent, row.index);
  const key = JSON.stringify([...wanted]);
  useEffect(() => {
    // What is scrolled past in a moment is not read.
    const timer = setTimeout(() => {
      const list: [string, number][] = JSON.parse(key);
      for (const [parent, index] of list) void tree.need(parent, index);
    }, 60);
    return () => clearTimeout(timer);
  }, [tree, key]);
}

/** Brings a row onto the screen when it is another one, as soon as it is there. */
function useScrollTo(key: string, rows: Rows, scrollTo: (index: number) => void) {
  const done = useRef("");
  const at = rows.indexOf(key);
  useEffect(() => {
    if (done.current === key || at < 0) return;
    done.current = key;
    scrollTo(at);
  }, [key, at, scrollTo]);
}
