import { type RefObject, useEffect } from "react";
import { clipText, clipType, readClip, writeClip } from "./clip";
import { useRoom } from "./context";
import type { EntryWork } from "./entrywork";
import { outermost } from "./path";
import { chosen } from "./upload";

/**
 * Cut, copy and paste by the browser's own events, while the tree has the focus:
 * so the keys are those of the system, and files of other programs can be pasted.
 */
export function useTreeClipboard(box: RefObject<HTMLElement | null>, work: EntryWork, write: boolean) {
  const { workspace } = useRoom();
  useEffect(() => {
    const here = () => document.activeElement === box.current;
    const { project, files } = workspace;
    const copy = (e: ClipboardEvent) => {
      if (!here() || !e.clipboardData) return;
      const paths = outermost([...files.selection.get().picked]);
      const cut = e.type === "cut" && write;
      if (paths.length === 0) return;
      e.preventDefault();
      e.clipboardData.setData("text/plain", clipText(paths));
      e.clipboardData.setData(clipType, writeClip({ project, cut, paths }));
      void work.clip(paths, cut, false);
    };
    const paste = (e: ClipboardEvent) => {
      if (!here() || !write || !e.clipboardData) return;
      e.preventDefault();
      const { clipboardData: data } = e;
      if (data.files.length > 0) {
        workspace.uploads.add(work.folder(), chosen(data.files));
        return;
      }
      const kept = files.clipboard.clip.get();
      // Where the browser does not carry our form, the text tells whether it is still ours.
      const given =
        readClip(data.getData(clipType)) ??
        (kept && data.getData("text/plain") === clipText(kept.paths) ? kept : undefined);
      // What was cut is moved once; then it is only what is on the clipboard.
      const spent = given?.cut === true && kept === undefined;
      void work.paste(work.folder(), spent ? undefined : given);
    };
    document.addEventListener("copy", copy);
    document.addEventListener("cut", copy);
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("copy", copy);
      document.removeEventListener("cut", copy);
      document.removeEventListener("paste", paste);
    };
  }, [box, work, write, workspace]);
}
