import { useRoom } from "./context";
import type { Editing } from "./entrydialogs";
import type { NameEnd } from "./entryname";
import { joinPath, parentOf } from "./path";
import { only } from "./selection";

/** Changes what is named: another editing, or none; from what it is now where that matters. */
export type SetEditing = (
  next: Editing | undefined | ((now: Editing | undefined) => Editing | undefined),
) => void;

type Beside = { previous?: string | undefined; next?: string | undefined };

/** What was named: where it is, and what stood beside it before. */
export type Made = { path: string; beside: Beside };

/** Renames, or makes something new, with the name that was typed; then goes to what has it. */
export function useNaming({
  editing,
  current,
  onEdit,
  focusTree,
}: {
  /** The editing whose field this is for. */
  editing: Editing | undefined;
  /** The editing that goes on now: an answer may be later than the next one. */
  current: () => Editing | undefined;
  onEdit: SetEditing;
  focusTree: () => void;
}) {
  const { workspace } = useRoom();
  const { files, tree } = workspace;

  /** What stands before and after an entry in its folder. */
  const beside = (path: string): Beside => {
    const { items } = tree.level(parentOf(path));
    const at = items.findIndex((e) => e.path === path);
    return at < 0 ? {} : { previous: items[at - 1]?.path, next: items[at + 1]?.path };
  };

  /** Does it, and returns where what was named is now. */
  const name = async (typed: string): Promise<Made> => {
    if (editing === undefined) return { path: "", beside: {} };
    if (editing.kind === "rename") {
      // As they were sorted when the name was typed.
      const neighbours = beside(editing.path);
      const to = joinPath(parentOf(editing.path), typed);
      await files.work.rename(editing.path, to);
      return { path: to, beside: neighbours };
    }
    const path = joinPath(editing.parent, typed);
    await files.work.make(editing.kind, path);
    return { path, beside: {} };
  };

  /** Ends this editing, and no other that was begun meanwhile: then the focus and the selection are its. */
  const end = (how: NameEnd | "given-up", made?: Made) => {
    const was = editing;
    if (was === undefined || current() !== was) return;
    onEdit((now) => (now === was ? undefined : now));
    if (how !== "left") focusTree();
    if (how === "given-up") return;
    if (made !== undefined) {
      files.selection.set(only(made.path));
      void tree.reveal(made.path);
      if (was.kind === "file") workspace.openFile(made.path);
    }
    if (was.kind !== "rename" || (how !== "next" && how !== "previous")) return;
    const next = (made?.beside ?? beside(was.path))[how];
    if (next === undefined) return;
    files.selection.set(only(next));
    onEdit({ kind: "rename", path: next });
  };
  return { name, end };
}
