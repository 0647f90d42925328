import { useVirtualizer } from "@tanstack/react-virtual";
import { type DragEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { actOnFile, type Entry } from "../../api/project";
import { classes } from "../../ui/classes";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { say } from "../say";
import { useRoom, useStore } from "./context";
import { type Editing, faultText, type Task } from "./entrydialogs";
import { EntryMenu } from "./entrymenu";
import { isFolder, isWithin, joinPath, nameOf, parentOf, type Row, treeKey, typeAhead } from "./tree";
import styles from "./tree.module.css";
import { rowHeight, TreeRow } from "./treerow";
import { dropped } from "./upload";

/** What is dragged inside of the app: the path of a file or folder. */
export const pathType = "application/x-lyceum-path";

type Props = {
  write: boolean;
  editing: Editing | undefined;
  onEdit: (e: Editing | undefined) => void;
  onMake: (kind: "file" | "folder", parent: string) => void;
  onTask: (task: Task) => void;
  onUpload: (folder: string, whole: boolean) => void;
  /** The entry that has the focus. */
  onAt: (entry: Entry | undefined) => void;
};

/** The tree, only as much of it as is on the screen. Keys as the ARIA pattern for trees says. */
export function TreeView(props: Props) {
  const { write, editing, onEdit, onMake, onTask, onUpload, onAt } = props;
  const { workspace, narrow } = useRoom();
  const rows = withEditing(useStore(workspace.tree.rows), editing);
  const [key, setKey] = useState("");
  const [menu, setMenu] = useState<{ x: number; y: number; entry: Entry | undefined }>();
  const [over, setOver] = useState<string>();
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const typed = useRef({ text: "", at: 0 });
  const at = Math.max(
    0,
    rows.findIndex((r) => r.key === key),
  );
  const height = rowHeight();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 12,
    getItemKey: (i) => rows[i]?.key ?? i,
  });
  const current = rows[at];
  const entryAt = current?.kind === "entry" ? current.entry : undefined;
  useEffect(() => onAt(key === "" ? undefined : entryAt), [onAt, entryAt, key]);
  useRevealActive((path) => setKey(path));

  const go = (i: number) => {
    setKey(rows[i]?.key ?? "");
    virtual.scrollToIndex(i);
  };
  const open = (row: Row | undefined, o: { beside?: boolean; keep?: boolean } = {}) => {
    if (row?.kind === "more") void say(workspace.tree.more(row.parent));
    if (row?.kind === "note" && row.note === "failed") void workspace.tree.refresh();
    if (row?.kind !== "entry") return;
    if (row.expanded === true) workspace.tree.collapse(row.entry.path);
    else if (row.expanded === false) void workspace.tree.expand(row.entry.path);
    else if (row.entry.opaque || row.entry.kind === "other")
      toast({ text: t("This cannot be opened; it can be renamed, moved or deleted."), kind: "bad" });
    else {
      workspace.openFile(row.entry.path, { beside: o.beside === true, focus: o.keep !== true });
      if (narrow) workspace.show("");
    }
  };
  const menuAt = (entry: Entry | undefined) => {
    const place =
      document.getElementById(`${id}-${at}`)?.getBoundingClientRect() ?? box.current?.getBoundingClientRect();
    setMenu({ x: (place?.left ?? 0) + 40, y: place?.bottom ?? 0, entry });
  };
  const keys = (e: KeyboardEvent) => {
    if (e.target !== box.current || e.nativeEvent.isComposing) return;
    const plain = !e.ctrlKey && !e.metaKey && !e.altKey;
    const next = plain ? treeKey(rows, at, e.key) : {};
    if (next.go !== undefined) go(next.go);
    else if (next.expand !== undefined) void workspace.tree.expand(next.expand);
    else if (next.collapse !== undefined) workspace.tree.collapse(next.collapse);
    else if (e.key === "Enter") open(current, { beside: e.ctrlKey || e.metaKey });
    else if (e.key === " " && plain) open(current, { keep: true });
    else if (e.key === "F2" && entryAt && write) onEdit({ kind: "rename", path: entryAt.path });
    else if (e.key === "Delete" && entryAt && write) onTask({ kind: "delete", entry: entryAt });
    else if (e.key === "ContextMenu" || (e.key === "F10" && e.shiftKey)) menuAt(entryAt);
    else if (plain && e.key.length === 1) {
      const since = e.timeStamp - typed.current.at;
      typed.current = { text: (since < 800 ? typed.current.text : "") + e.key, at: e.timeStamp };
      const found = typeAhead(rows, at, typed.current.text);
      if (found < 0) return; // it may be a key of the page
      go(found);
    } else return;
    e.preventDefault();
  };
  const finish = async (name: string | undefined) => {
    onEdit(undefined);
    box.current?.focus();
    if (editing && name !== undefined)
      setKey((await commit(workspace.project, workspace, editing, name)) ?? key);
  };
  const drop = async (e: DragEvent, folder: string) => {
    setOver(undefined);
    if (!write) return;
    e.preventDefault();
    e.stopPropagation();
    const from = e.dataTransfer.getData(pathType);
    if (from === "") workspace.uploads.add(folder, await dropped(e.dataTransfer));
    else if (parentOf(from) !== folder && !isWithin(folder, from)) {
      await say(workspace.move(from, joinPath(folder, nameOf(from))));
    }
  };
  const dragOver = (e: DragEvent, folder: string) => {
    const { types } = e.dataTransfer;
    if (!write || !(types.includes(pathType) || types.includes("Files"))) return;
    e.preventDefault();
    e.stopPropagation();
    e.dataTransfer.dropEffect = types.includes(pathType) ? "move" : "copy";
    if (over !== folder) setOver(folder);
  };
  return (
    <>
      <div
        ref={box}
        role="tree"
        tabIndex={0}
        aria-label={t("Files of the project")}
        aria-activedescendant={rows.length > 0 ? `${id}-${at}` : undefined}
        className={classes(styles.tree, over === "" && styles.over)}
        onKeyDown={keys}
        onFocus={() => key === "" && setKey(rows[0]?.key ?? "")}
        onContextMenu={(e) => {
          e.preventDefault();
          if (e.target === box.current && e.button === 2)
            setMenu({ x: e.clientX, y: e.clientY, entry: undefined });
        }}
        onDragOver={(e) => dragOver(e, "")}
        onDragLeave={(e) => e.currentTarget.contains(e.relatedTarget as Node | null) || setOver(undefined)}
        onDrop={(e) => void drop(e, "")}
      >
        <div role="none" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((v) => {
            const row = rows[v.index];
            if (row === undefined) return null;
            const folder = folderOf(row);
            return (
              <TreeRow
                key={v.key}
                id={`${id}-${v.index}`}
                top={v.start}
                row={row}
                current={v.index === at && key !== ""}
                over={over !== undefined && over !== "" && row.kind === "entry" && row.entry.path === over}
                write={write}
                editing={isEdited(row, editing)}
                onEdited={(name) => void finish(name)}
                onOpen={(e) => {
                  setKey(row.key);
                  open(row, { beside: e.ctrlKey || e.metaKey });
                }}
                onMenu={(x, y) => {
                  setKey(row.key);
                  setMenu({ x, y, entry: row.kind === "entry" ? row.entry : undefined });
                }}
                onDragOver={(e) => dragOver(e, folder)}
                onDrop={(e) => void drop(e, folder)}
              />
            );
          })}
        </div>
      </div>
      <EntryMenu
        at={menu}
        write={write}
        onClose={() => setMenu(undefined)}
        {...{ onMake, onTask, onUpload, onEdit }}
      />
    </>
  );
}

/** The folder that something dropped on a row goes to. */
function folderOf(row: Row): string {
  if (row.kind !== "entry") return row.parent;
  return isFolder(row.entry) ? row.entry.path : parentOf(row.entry.path);
}

/** The key of the row in which a new name is typed. */
const newKey = "//new";

function isEdited(row: Row, editing: Editing | undefined): Editing | undefined {
  if (editing?.kind === "rename")
    return row.kind === "entry" && row.entry.path === editing.path ? editing : undefined;
  return row.key === newKey ? editing : undefined;
}

/** The rows with one more, below its folder, for something new. */
function withEditing(rows: Row[], editing: Editing | undefined): Row[] {
  if (editing === undefined || editing.kind === "rename") return rows;
  const parent = rows.findIndex((r) => r.kind === "entry" && r.entry.path === editing.parent);
  const depth = parent < 0 ? 0 : (rows[parent]?.depth ?? 0) + 1;
  const row: Row = { kind: "note", key: newKey, depth, parent: editing.parent, note: "empty" };
  return [...rows.slice(0, parent + 1), row, ...rows.slice(parent + 1)];
}

/** Does what was typed; answers with the path that has the focus then. */
async function commit(
  project: string,
  workspace: ReturnType<typeof useRoom>["workspace"],
  editing: Editing,
  name: string,
): Promise<string | undefined> {
  const fault = faultText(name);
  if (fault !== undefined) {
    toast({ text: fault, kind: "bad" });
    return undefined;
  }
  if (editing.kind === "rename") {
    const to = joinPath(parentOf(editing.path), name);
    if (to === editing.path) return to;
    return (await say(workspace.move(editing.path, to))) ? to : undefined;
  }
  const path = joinPath(editing.parent, name);
  const made = await say(actOnFile(project, path, { action: editing.kind === "folder" ? "mkdir" : "touch" }));
  if (!made) return undefined;
  workspace.tree.changed({ dir: editing.parent });
  if (editing.kind === "file") workspace.openFile(path);
  return path;
}

/** The row of the tab that keys go to has the mark, when it is in the tree. */
function useRevealActive(show: (path: string) => void) {
  const { workspace } = useRoom();
  const tab = useStore(workspace.active)?.tab;
  const path = tab?.kind === "file" ? tab.path : "";
  const latest = useRef(show);
  latest.current = show;
  useEffect(() => {
    if (path !== "") latest.current(path);
  }, [path]);
}
