import { listFolder } from "../../api/project";
import { isFolder } from "./tree";

/** Folders that hold what programs made, not what people look for. */
const skipped = new Set(["node_modules", "__pycache__", "venv", "site-packages", "target", "dist"]);

/** Where a walk stops, so that it is an aid and not a load. */
const mostFolders = 500;
const mostFiles = 20_000;

/**
 * Walks the project's folders, the near ones first, and tells the files that it
 * found so far; whole when it is over. Folders that cannot be read are left out.
 */
export async function crawl(
  project: string,
  signal: AbortSignal,
  tell: (paths: readonly string[], whole: boolean) => void,
): Promise<void> {
  const files: string[] = [];
  const queue = [""];
  let read = 0;
  const worker = async () => {
    for (let dir = queue.shift(); dir !== undefined; dir = queue.shift()) {
      if (signal.aborted || ++read > mostFolders || files.length > mostFiles) return;
      const page = await listFolder(project, dir, { signal }).catch(() => undefined);
      for (const e of page?.items ?? []) {
        if (e.opaque) continue;
        if (!isFolder(e)) files.push(e.path);
        // Links may lead in circles.
        else if (e.kind === "dir" && !skipped.has(e.name)) queue.push(e.path);
      }
      tell(files, false);
    }
  };
  // A worker ends when nothing waits; what another one found then is for the next round.
  while (queue.length > 0 && !signal.aborted && read <= mostFolders && files.length <= mostFiles) {
    await Promise.all([worker(), worker(), worker(), worker()]);
  }
  tell(files, true);
}
