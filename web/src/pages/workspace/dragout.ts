import { inProject } from "../../api/address";
import type { Entry } from "../../api/project";
import { downloadAddress } from "../../editors/download/download";
import { t } from "../../words";
import { isFolder } from "./path";

/** The address of files and folders as one zip. */
export function zipAddress(project: string, paths: readonly string[], name: string): string {
  const url = inProject(project, "archive");
  for (const p of paths) url.searchParams.append("path", p);
  url.searchParams.set("format", "zip");
  url.searchParams.set("name", name);
  return url.href;
}

/** Lets a file, or a folder as a zip, be dropped on the desktop, where the browser can do that. */
export function dragOut(data: DataTransfer, project: string, entry: Entry): void {
  const folder = isFolder(entry);
  const name = folder ? `${entry.name}.zip` : entry.name;
  const url = folder ? zipAddress(project, [entry.path], entry.name) : downloadAddress(project, entry.path);
  data.setData("DownloadURL", `application/octet-stream:${name.replaceAll(":", "_")}:${url}`);
}

/** Says at the pointer how much is dragged. */
export function dragImage(data: DataTransfer, count: number): void {
  const label = document.createElement("div");
  label.textContent = t("{count, plural, one {# item} other {# items}}", { count });
  label.className = "lyceum-drag";
  document.body.append(label);
  data.setDragImage(label, -8, -8);
  // The browser takes its picture before the next frame.
  setTimeout(() => label.remove(), 0);
}

/** Downloads one file, or several things as a zip. */
export function download(project: string, entries: readonly Entry[]): void {
  const [first] = entries;
  if (first === undefined) return;
  const a = document.createElement("a");
  a.href =
    entries.length === 1 && !isFolder(first)
      ? downloadAddress(project, first.path)
      : zipAddress(
          project,
          entries.map((e) => e.path),
          entries.length === 1 ? first.name : "files",
        );
  a.download = "";
  a.click();
}
