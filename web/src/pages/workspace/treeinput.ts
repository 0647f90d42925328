import { type KeyboardEvent, type RefObject, useRef } from "react";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { useRoom } from "./context";
import type { Editing, Task } from "./entrydialogs";
import type { EntryWork } from "./entrywork";
import { parentOf } from "./path";
import { level, only, ranged, toggled } from "./selection";
import { treeKey, typeAhead } from "./treekeys";
import type { Row, Rows } from "./treerows";

/** Entries of one folder that can be selected at once by a key. */
const mostPicked = 10_000;

/** The keys of the tree. */
export function useTreeKeys(o: {
  box: RefObject<HTMLElement | null>;
  rows: Rows;
  /** Rows on the screen. */
  seen: number;
  work: EntryWork;
  write: boolean;
  open: (row: Row | undefined, o: { beside?: boolean; focus?: boolean }) => void;
  scrollTo: (index: number) => void;
  onEdit: (e: Editing) => void;
  onTask: (task: Task) => void;
  onMenu: () => void;
}): (e: KeyboardEvent) => void {
  const { workspace, narrow } = useRoom();
  const { tree, files } = workspace;
  const typed = useRef({ text: "", at: 0 });
  const { rows, work, write, open } = o;

  const all = async () => {
    const s = files.selection.get();
    const folder = parentOf(s.focus);
    await tree.need(folder, mostPicked - 1);
    const { total } = tree.rows.get().level(folder);
    files.selection.set(level(s, tree.rows.get()));
    const n = files.selection.get().picked.size;
    if (n < total)
      toast({
        text: t("{n} of {total} items are selected: more at once is work for their folder.", { n, total }),
      });
  };

  /** What a key does with the selection, or with what is selected; false when it means nothing. */
  const command = (e: KeyboardEvent, row: Row | undefined): boolean => {
    const s = files.selection.get();
    const mod = e.ctrlKey || e.metaKey;
    const picked = work.picked();
    const entry = row?.kind === "entry" ? row.entry : undefined;
    const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
    if (key === "a" && mod) void all();
    else if (key === "z" && mod && write) void (e.shiftKey ? work.redo() : work.undo());
    else if (key === "y" && mod && write) void work.redo();
    else if (key === "d" && mod && write && picked.length > 0) void work.duplicate(picked.map((x) => x.path));
    else if (key === " " && mod) {
      if (entry) files.selection.set(toggled(s, entry.path));
    } else if (key === "Enter") open(row, { beside: mod, focus: true });
    else if (key === " " && !e.shiftKey) open(row, {});
    else if (key === "F2" && entry && write) o.onEdit({ kind: "rename", path: entry.path });
    else if ((key === "Delete" || (key === "Backspace" && e.metaKey)) && write && picked.length > 0) {
      if (e.shiftKey) o.onTask({ kind: "purge", entries: picked });
      else void work.trash(picked.map((x) => x.path));
    } else if (key === "ContextMenu" || (key === "F10" && e.shiftKey)) o.onMenu();
    else if (key === "Escape") return takeBack();
    else return false;
    return true;
  };

  /** Takes back the last thing that is marked: what is cut, what is selected. */
  const takeBack = (): boolean => {
    const s = files.selection.get();
    if (files.clipboard.clip.get()?.cut) files.clipboard.set(undefined);
    else if (files.selecting.get()) files.selecting.set(false);
    else if (s.picked.size > 1) files.selection.set(only(s.focus));
    else if (s.picked.size === 1 && !narrow) files.selection.set({ ...s, picked: new Set() });
    else return false;
    return true;
  };

  const walk = (e: KeyboardEvent, at: number): boolean => {
    const s = files.selection.get();
    const next = treeKey(rows, at, e.key, Math.max(1, o.seen - 2));
    if (next.expand !== undefined && !e.shiftKey) void tree.expand(next.expand);
    else if (next.collapse !== undefined && !e.shiftKey) tree.collapse(next.collapse);
    else if (next.go === undefined) return false;
    else {
      const row = rows.at(next.go);
      const key = row?.key ?? "";
      o.scrollTo(next.go);
      if (row?.kind === "wait") return true; // it is read now
      if (e.shiftKey) files.selection.set(ranged(s, rows, key));
      else if (e.ctrlKey || e.metaKey) files.selection.set({ ...s, focus: key });
      else files.selection.set(only(key));
    }
    return true;
  };

  return (e) => {
    if (e.target !== o.box.current || e.nativeEvent.isComposing) return;
    const s = files.selection.get();
    const at = Math.max(0, rows.indexOf(s.focus));
    const plain = !e.ctrlKey && !e.metaKey && !e.altKey;
    if (!e.altKey && walk(e, at)) e.preventDefault();
    else if (!e.altKey && command(e, rows.at(at))) e.preventDefault();
    else if (plain && e.key.length === 1) {
      const since = e.timeStamp - typed.current.at;
      typed.current = { text: (since < 800 ? typed.current.text : "") + e.key, at: e.timeStamp };
      const found = typeAhead(rows, at, typed.current.text);
      if (found < 0) return; // it may be a key of the page
      files.selection.set(only(rows.at(found)?.key ?? ""));
      o.scrollTo(found);
      e.preventDefault();
    }
  };
}
