import { useEffect } from "react";
import { useRoom } from "./context";
import type { Workspace } from "./model";

/** How many files are remembered. */
const most = 30;

const lists = new WeakMap<Workspace, string[]>();

/** The files that were used in this page, the latest first, and then those that are open. */
export function recentOf(workspace: Workspace): string[] {
  const open = workspace.tabs.get().flatMap((o) => (o.tab.kind === "file" ? [o.tab.path] : []));
  const active = workspace.active.get()?.tab;
  const all = [...new Set([...(lists.get(workspace) ?? []), ...open])];
  // The one on the screen is the last that one looks for.
  return active?.kind === "file" ? [...all.filter((p) => p !== active.path), active.path] : all;
}

/** Remembers which files are used. */
export function useRecent(): void {
  const { workspace } = useRoom();
  useEffect(() => {
    const note = () => {
      const tab = workspace.active.get()?.tab;
      if (tab?.kind !== "file") return;
      const old = lists.get(workspace) ?? [];
      lists.set(workspace, [tab.path, ...old.filter((p) => p !== tab.path)].slice(0, most));
    };
    note();
    return workspace.active.subscribe(note);
  }, [workspace]);
}
