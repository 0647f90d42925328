import { useMemo } from "react";
import { messageOf } from "../../api/problem";
import type { Entry } from "../../api/project";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { say } from "../say";
import type { Act } from "./acts";
import { type Clip, clipText } from "./clip";
import { useRoom } from "./context";
import type { Workspace } from "./model";
import { isFolder, nameOf, outermost, parentOf, pathFrom } from "./path";
import { only } from "./selection";

/** What a person does to entries, with the words that tell of it. */
export type EntryWork = ReturnType<typeof entryWork>;

export function useEntryWork(): EntryWork {
  const { workspace } = useRoom();
  return useMemo(() => entryWork(workspace), [workspace]);
}

function entryWork(workspace: Workspace) {
  const { files, tree } = workspace;
  const { work, selection, clipboard } = files;

  /** What an action on a row is done to: the selection when the row is in it, else the row alone, which is selected. */
  const take = (path: string): string[] => {
    const { picked } = selection.get();
    if (!picked.has(path)) selection.set(only(path));
    return outermost([...selection.get().picked]);
  };
  /** The entries that are selected and still there. */
  const picked = (): Entry[] =>
    [...selection.get().picked].flatMap((p) => {
      const e = tree.find(p);
      return e ? [e] : [];
    });
  /** The folder that something new goes to. */
  const folder = (): string => {
    const { focus } = selection.get();
    const e = tree.find(focus);
    return e ? (isFolder(e) ? e.path : parentOf(e.path)) : "";
  };

  const undo = async (which?: Act) => {
    try {
      const done = await work.undo(which);
      toast({ text: done ? t("Undone.") : t("There is nothing to undo.") });
    } catch (e) {
      toast({ text: messageOf(e), kind: "bad" });
    }
  };
  const redo = async () => {
    try {
      if (!(await work.redo())) toast({ text: t("There is nothing to do again.") });
    } catch (e) {
      toast({ text: messageOf(e), kind: "bad" });
    }
  };
  const told = (text: string, act: Act | undefined) =>
    toast({ text, ...(act ? { action: { label: t("Undo"), run: () => void undo(act) } } : {}) });

  const moveTo = async (paths: readonly string[], to: string) => {
    await say(
      work.move(paths, to).then(({ count, act }) => {
        if (count > 0) told(counted("moved", paths, count, to), act);
      }),
    );
  };
  const copyTo = async (paths: readonly string[], to: string) => {
    await say(
      work.copy(paths, to).then(({ count, act }) => {
        if (count > 1) told(counted("copied", paths, count, to), act);
      }),
    );
  };
  const trash = async (paths: readonly string[]) => {
    await say(
      work.trash(paths).then(({ count, act }) => {
        if (count > 0) told(counted("trashed", paths, count, ""), act);
      }),
    );
  };

  const clip = async (paths: readonly string[], cut: boolean, write = true) => {
    if (paths.length === 0) return;
    clipboard.set({ project: workspace.project, cut, paths });
    if (write) await navigator.clipboard.writeText(clipText(paths)).catch(() => undefined);
  };
  const paste = async (to: string, given: Clip | undefined = clipboard.clip.get()) => {
    if (given === undefined || given.project !== workspace.project) {
      toast({ text: t("There are no files of this project on the clipboard.") });
      return;
    }
    if (to !== "") void tree.expand(to);
    if (!given.cut) return copyTo(given.paths, to);
    clipboard.set(undefined);
    await moveTo(given.paths, to);
  };

  const writeText = async (text: string, done: string) => {
    try {
      await navigator.clipboard.writeText(text);
      toast({ text: done });
    } catch {
      toast({ text });
    }
  };
  const copyPaths = (paths: readonly string[]) =>
    writeText(
      clipText(paths),
      t("{n, plural, one {The path is on the clipboard.} other {# paths are on the clipboard.}}", {
        n: paths.length,
      }),
    );
  /** The way from the folder of the file that is open: what is written into a program or a page. */
  const copyWay = (paths: readonly string[]) => {
    const tab = workspace.active.get()?.tab;
    const from = tab?.kind === "file" ? parentOf(tab.path) : "";
    return copyPaths(paths.map((p) => pathFrom(from, p)));
  };

  return {
    take,
    picked,
    folder,
    undo,
    redo,
    moveTo,
    copyTo,
    trash,
    duplicate: (paths: readonly string[]) => say(work.duplicate(paths)),
    clip,
    paste,
    copyPaths,
    copyWay,
  };
}

/** What happened, in words. */
function counted(
  what: "moved" | "copied" | "trashed",
  paths: readonly string[],
  n: number,
  to: string,
): string {
  const name = nameOf(paths[0] ?? "");
  const where = to === "" ? t("the home folder") : nameOf(to);
  if (what === "trashed")
    return n === 1 ? t("Moved “{name}” to the trash.", { name }) : t("Moved {n} items to the trash.", { n });
  if (what === "moved")
    return n === 1
      ? t("Moved “{name}” to {where}.", { name, where })
      : t("Moved {n} items to {where}.", { n, where });
  return t("Copied {n} items to {where}.", { n, where });
}
