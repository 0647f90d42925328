import { useEffect, useRef } from "react";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import type { Wish } from "./model";
import { only } from "./selection";
import { chosen } from "./upload";

/** Gives the focus to the rows of the explorer. */
export function focusFiles(): void {
  document.querySelector<HTMLElement>("[data-explorer]")?.focus();
}

/** Begins what was asked for elsewhere: by a key, in the palette, on the empty page. */
export function useWish(write: boolean, begin: (wish: Wish) => void) {
  const { workspace } = useRoom();
  const wish = useStore(workspace.wish);
  const latest = useRef(begin);
  latest.current = begin;
  useEffect(() => {
    if (wish === undefined) return;
    const reads = ["focus", "trash", "goto", "filter"].includes(wish);
    if (!write && !reads) return;
    workspace.wish.set(undefined);
    latest.current(wish);
  }, [workspace, wish, write]);
}

/** The row of the tab that keys go to is shown, with the folders above it open, as soon as the tree can. */
export function useReveal() {
  const { workspace, running } = useRoom();
  const { files, tree } = workspace;
  const tab = useStore(workspace.active)?.tab;
  const path = tab?.kind === "file" ? tab.path : "";
  useEffect(() => {
    if (path === "" || !running) return;
    let over = false;
    void tree.reveal(path).then((found) => {
      if (found && !over && !files.selection.get().picked.has(path)) files.selection.set(only(path));
    });
    return () => {
      over = true;
    };
  }, [files, tree, path, running]);
}

/** The browser's own pickers of files and folders. */
export function useUploadPicker() {
  const { workspace } = useRoom();
  const files = useRef<HTMLInputElement>(null);
  const folders = useRef<HTMLInputElement>(null);
  const to = useRef("");
  const take = (input: HTMLInputElement) => {
    if (input.files) workspace.uploads.add(to.current, chosen(input.files));
    input.value = "";
  };
  const shared = { type: "file", multiple: true, hidden: true, tabIndex: -1 } as const;
  const inputs = (
    <>
      <input
        ref={files}
        {...shared}
        aria-label={t("Files to upload")}
        onChange={(e) => take(e.currentTarget)}
      />
      <input
        ref={folders}
        {...shared}
        {...{ webkitdirectory: "" }}
        aria-label={t("Folder to upload")}
        onChange={(e) => take(e.currentTarget)}
      />
    </>
  );
  const pick = (folder: string, whole: boolean) => {
    to.current = folder;
    (whole ? folders : files).current?.click();
  };
  return { inputs, pick };
}
