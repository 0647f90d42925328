import { inProject, socket } from "../../api/address";
import { isKind } from "../../api/problem";
import { listFolder, statFile } from "../../api/project";
import type { Over } from "../../sync/document";
import { Store } from "../../sync/store";
import { FolderWatch } from "../../sync/watch";
import { nameOf, parentOf } from "./path";
import { Tree } from "./tree";

/** The files of a project as the page sees them: the tree, and what changes on the disk. */
export class ProjectFiles {
  readonly tree: Tree;
  /** Counts changes on the disk, by path, for viewers that read again. */
  readonly versions = new Store<ReadonlyMap<string, number>>(new Map());
  #watch: FolderWatch;
  #open: () => string[];

  /** open tells the files that are open in tabs. */
  constructor(project: string, open: () => string[]) {
    this.#open = open;
    this.tree = new Tree((path, after, hidden) =>
      listFolder(project, path, { ...(after ? { after } : {}), hidden }),
    );
    this.#watch = new FolderWatch(
      () => socket(inProject(project, "watch")).href,
      (c) => {
        this.tree.changed(c);
        this.#changed(c.dir, c.names);
      },
    );
  }

  /** Reads and watches the folders that are open. */
  resume(expanded: string[], hidden: boolean): void {
    this.#watch.start();
    void this.tree.begin(expanded, hidden);
  }

  pause(): void {
    this.#watch.pause();
  }

  /** Watches the folders of the tree, and those of the files in tabs. */
  watchFolders(): void {
    this.#watch.set([...new Set([...this.tree.watched.get(), ...this.#open().map(parentOf)])]);
  }

  #changed(dir: string, names: string[] | undefined): void {
    const next = new Map(this.versions.get());
    for (const path of this.#open())
      if (parentOf(path) === dir && (!names || names.includes(nameOf(path))))
        next.set(path, (next.get(path) ?? 0) + 1);
    this.versions.set(next);
  }
}

/** Why a document cannot be reached: the file's own address says it. */
export async function whyNot(project: string, path: string): Promise<Over | undefined> {
  try {
    await statFile(project, path);
  } catch (e) {
    if (isKind(e, "unauthenticated")) return "signed-out";
    if (isKind(e, "forbidden")) return "forbidden";
    if (isKind(e, "not-found")) return "deleted";
  }
  return undefined;
}
