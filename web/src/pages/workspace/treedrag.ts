import { type DragEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { Entry } from "../../api/project";
import { readClip, writeClip } from "./clip";
import { useRoom } from "./context";
import { dragImage, dragOut } from "./dragout";
import type { EntryWork } from "./entrywork";
import { isFolder, isWithin, parentOf } from "./path";
import type { Row } from "./treerows";
import { dropped } from "./upload";

/** What is dragged inside of the app: files of the project, in the form of clip.ts. */
export const pathType = "application/x-lyceum-path";

/** Milliseconds over a closed folder after which it opens. */
const springs = 700;

/** The folder that something dropped on a row goes to. */
function folderOf(row: Row): string {
  if (row.kind !== "entry") return row.parent;
  return isFolder(row.entry) ? row.entry.path : parentOf(row.entry.path);
}

/**
 * Dragging in the tree: rows to folders (moved, or copied with Ctrl or Alt), files
 * from the desktop, and out to other places. over is the folder that a drop would
 * go to, and refused says that it cannot.
 */
export function useTreeDrag(box: RefObject<HTMLElement | null>, work: EntryWork, write: boolean) {
  const { workspace } = useRoom();
  const { dragging } = workspace.files;
  const [over, setOver] = useState<{ folder: string; refused: boolean }>();
  const spring = useRef<{ folder: string; timer: ReturnType<typeof setTimeout> }>(undefined);
  const roll = useEdgeScroll(box);
  const leave = () => {
    clearTimeout(spring.current?.timer);
    spring.current = undefined;
    setOver(undefined);
  };
  useEffect(() => () => clearTimeout(spring.current?.timer), []);

  const start = (e: DragEvent, entry: Entry) => {
    const paths = work.take(entry.path);
    dragging.set(paths);
    const { dataTransfer } = e;
    dataTransfer.setData(pathType, writeClip({ project: workspace.project, cut: true, paths }));
    dataTransfer.setData("text/plain", paths.join("\n"));
    dataTransfer.effectAllowed = write ? "copyMove" : "copy";
    const only = paths.length === 1 ? entry : undefined;
    if (only) dragOut(dataTransfer, workspace.project, only);
    else dragImage(dataTransfer, paths.length);
  };

  const springOpen = (row: Row | undefined, folder: string) => {
    if (spring.current?.folder === folder) return;
    clearTimeout(spring.current?.timer);
    const timer = setTimeout(() => {
      if (row?.kind === "entry" && row.expanded === false) void workspace.tree.expand(folder);
    }, springs);
    spring.current = { folder, timer };
  };

  const dragOver = (e: DragEvent, row?: Row) => {
    const { types } = e.dataTransfer;
    const ours = types.includes(pathType);
    if (!write || !(ours || types.includes("Files"))) return;
    const folder = row ? folderOf(row) : "";
    const copy = e.ctrlKey || e.altKey;
    const paths = ours ? dragging.get() : [];
    const into = paths.some((p) => isWithin(folder, p));
    const still = ours && !copy && paths.length > 0 && paths.every((p) => parentOf(p) === folder);
    e.stopPropagation();
    e.preventDefault();
    e.dataTransfer.dropEffect = into || still ? "none" : ours && !copy ? "move" : "copy";
    springOpen(row, folder);
    roll(e.clientY);
    if (over?.folder !== folder || over.refused !== into) setOver({ folder, refused: into });
  };

  const drop = async (e: DragEvent, row?: Row) => {
    leave();
    if (!write) return;
    e.preventDefault();
    e.stopPropagation();
    const folder = row ? folderOf(row) : "";
    const clip = readClip(e.dataTransfer.getData(pathType));
    if (clip === undefined) workspace.uploads.add(folder, await dropped(e.dataTransfer));
    else if (clip.project === workspace.project) {
      if (e.ctrlKey || e.altKey) await work.copyTo(clip.paths, folder);
      else await work.moveTo(clip.paths, folder);
    }
  };

  const end = () => {
    dragging.set([]);
    leave();
  };
  return { over, start, dragOver, drop, leave, end };
}

/** Scrolls while something is held near the upper or lower edge. */
function useEdgeScroll(box: RefObject<HTMLElement | null>): (y: number) => void {
  const state = useRef({ by: 0, until: 0, going: false });
  return (y) => {
    const el = box.current;
    if (!el) return;
    const { top, bottom } = el.getBoundingClientRect();
    const near = 36;
    const s = state.current;
    s.by = y < top + near ? (y - top - near) / 3 : y > bottom - near ? (y - bottom + near) / 3 : 0;
    s.until = performance.now() + 150; // nothing tells that the pointer left the window
    if (s.by === 0 || s.going) return;
    s.going = true;
    const step = () => {
      s.going = s.by !== 0 && performance.now() < s.until;
      if (!s.going) return;
      el.scrollTop += s.by;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  };
}
