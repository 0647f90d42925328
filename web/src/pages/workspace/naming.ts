import { useRef } from "react";
import { useRoom } from "./context";
import type { Editing } from "./entrydialogs";
import type { NameEnd } from "./entryname";
import { joinPath, parentOf } from "./path";
import { only } from "./selection";

/** Renames, or makes something new, with the name that was typed; then goes to what has it. */
export function useNaming({
  editing,
  onEdit,
  focusTree,
}: {
  editing: Editing | undefined;
  onEdit: (e: Editing | undefined) => void;
  focusTree: () => void;
}) {
  const { workspace } = useRoom();
  const { files, tree } = workspace;
  /** Where what was named is now. */
  const made = useRef("");

  const name = async (typed: string): Promise<void> => {
    if (editing === undefined) return;
    if (editing.kind === "rename") {
      const to = joinPath(parentOf(editing.path), typed);
      await files.work.rename(editing.path, to);
      made.current = to;
      return;
    }
    const path = joinPath(editing.parent, typed);
    await files.work.make(editing.kind, path);
    made.current = path;
  };

  const end = (how: NameEnd | "given-up") => {
    const path = made.current;
    made.current = "";
    const was = editing;
    onEdit(undefined);
    if (how !== "left") focusTree();
    if (how === "given-up" || was === undefined) return;
    if (path !== "") {
      files.selection.set(only(path));
      void tree.reveal(path);
      if (was.kind === "file") workspace.openFile(path);
    }
    if (was.kind !== "rename" || (how !== "next" && how !== "previous")) return;
    // The next one in the folder, as it was sorted when the name was typed.
    const { items } = tree.level(parentOf(was.path));
    const at = items.findIndex((e) => e.path === was.path || e.path === path);
    const next = items[at + (how === "next" ? 1 : -1)];
    if (at < 0 || next === undefined) return;
    files.selection.set(only(next.path));
    onEdit({ kind: "rename", path: next.path });
  };
  return { name, end };
}
