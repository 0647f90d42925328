// Paths of a project, from its home: "" is the home itself, "a/b.py" a file in
// the folder a.
import type { Entry } from "../../api/project";

/** The folder that holds a path; "" is the home. */
export function parentOf(path: string): string {
  const cut = path.lastIndexOf("/");
  return cut < 0 ? "" : path.slice(0, cut);
}

/** The last segment of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A path below a folder. */
export function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Whether the path is the folder, or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

/** The folders above a path, the nearest to the home first, without the home. */
export function foldersAbove(path: string): string[] {
  const found: string[] = [];
  for (let p = parentOf(path); p !== ""; p = parentOf(p)) found.unshift(p);
  return found;
}

/** The paths without those that lie below another one of them: what is in a folder goes with it. */
export function outermost(paths: readonly string[]): string[] {
  const all = new Set(paths);
  return [...all].filter((p) => !foldersAbove(p).some((f) => all.has(f)));
}

/** The way to a path from a folder: "../data/x.csv". */
export function pathFrom(folder: string, path: string): string {
  const from = folder === "" ? [] : folder.split("/");
  const to = path.split("/");
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++;
  return [...from.slice(same).map(() => ".."), ...to.slice(same)].join("/");
}

/** Whether an entry opens as a folder: it is one, or a link to one. */
export function isFolder(e: Entry): boolean {
  return e.kind === "dir" || (e.kind === "symlink" && e.targetKind === "dir");
}

/** What is wrong with a name for a file or folder; undefined when it will do. */
export function nameFault(name: string): "empty" | "slash" | "dots" | "control" | "long" | undefined {
  if (name.trim() === "") return "empty";
  if (name.includes("/")) return "slash";
  if (name === "." || name === "..") return "dots";
  if ([...name].some((c) => c < " " || c === "\u007f")) return "control";
  if (new TextEncoder().encode(name).length > 255) return "long";
  return undefined;
}

/** Two names that people, or other computers, take for the same: they differ in case or normalisation only. */
export function looksSame(a: string, b: string): boolean {
  const fold = (s: string) => s.normalize("NFC").toLowerCase();
  return a !== b && fold(a) === fold(b);
}

/** A name cut before its ending, which people keep: "plot.tar.gz" is "plot" and ".tar.gz". */
export function stemOf(name: string): { stem: string; ending: string } {
  const cut = /\.(tar\.[a-z0-9]+|[^.]+)$/i.exec(name)?.index ?? -1;
  return cut <= 0 ? { stem: name, ending: "" } : { stem: name.slice(0, cut), ending: name.slice(cut) };
}
