import { inProject, socket } from "../../api/address";
import { isKind } from "../../api/problem";
import { type Entry, listFolder, statFile } from "../../api/project";
import type { Over } from "../../sync/document";
import { Store } from "../../sync/store";
import { FolderWatch } from "../../sync/watch";
import { movedPath } from "./arrangement";
import { Clipboard } from "./clip";
import { FileWork } from "./filework";
import type { Jobs } from "./jobs";
import type { Order } from "./order";
import { isWithin, nameOf, parentOf } from "./path";
import { carried, nothing, type Selection } from "./selection";
import { Tree } from "./tree";

/** What stands beside a name in the tree: a letter with its meaning in words, such as Git's state of a file. */
export type Mark = { letter: string; title: string; tone: "added" | "changed" | "bad" | "quiet" };

/** What the files need to know of the rest of the page. */
export type Surroundings = {
  /** The files that are open in tabs. */
  open: () => string[];
  /** Tabs follow what was moved, and close for what is gone. */
  moved: (from: string, to: string) => void;
  removed: (path: string) => void;
};

/** The files of a project as the page sees them: the tree, what is selected in it, and what is done to it. */
export class ProjectFiles {
  readonly tree: Tree;
  readonly work: FileWork;
  readonly clipboard: Clipboard;
  readonly selection = new Store<Selection>(nothing);
  /** Presses add to the selection: what Ctrl does where there is a keyboard. */
  readonly selecting = new Store(false);
  /** The paths that are dragged out of this page's tree. */
  readonly dragging = new Store<readonly string[]>([]);
  /** What stands beside names, by paths. */
  readonly marks = new Store<ReadonlyMap<string, Mark>>(new Map());
  /** Counts changes on the disk, by path, for viewers that read again. */
  readonly versions = new Store<ReadonlyMap<string, number>>(new Map());
  #watch: FolderWatch;
  #around: Surroundings;

  constructor(project: string, jobs: Jobs, around: Surroundings) {
    this.#around = around;
    this.clipboard = new Clipboard(project);
    this.tree = new Tree(
      (path, { after, hidden, order, filter }) =>
        listFolder(project, path, {
          hidden,
          sort: order.by,
          desc: order.desc,
          filter,
          ...(after ? { after } : {}),
        }),
      (path) => there(project, path),
    );
    this.work = new FileWork(project, jobs, {
      find: (path) => this.tree.find(path),
      whole: (folder) => this.tree.level(folder).whole,
      moved: (from, to) => this.moved(from, to),
      removed: (path) => this.removed(path),
      changed: (dir) => this.tree.changed({ dir }),
      select: (paths) => this.#select(paths),
      selection: () => {
        const before = this.selection.get();
        return () => this.selection.get() === before;
      },
    });
    this.#watch = new FolderWatch(
      () => socket(inProject(project, "watch")).href,
      (c) => {
        this.tree.changed(c);
        this.#changed(c.dir, c.names);
      },
    );
  }

  /** Reads and watches the folders that are open. */
  resume(expanded: string[], hidden: boolean, order: Order): void {
    this.#watch.start();
    void this.tree.begin(expanded, hidden, order);
  }

  pause(): void {
    this.#watch.pause();
  }

  /** Watches the folders of the tree, and those of the files in tabs. */
  watchFolders(): void {
    this.#watch.set([...new Set([...this.tree.watched.get(), ...this.#around.open().map(parentOf)])]);
  }

  /** Shows that something was moved, before the server tells of it. */
  moved(from: string, to: string): void {
    this.tree.moved(from, to);
    this.selection.set(carried(this.selection.get(), (p) => movedPath(p, from, to)));
    this.#around.moved(from, to);
  }

  /** Shows that something is gone; the row after it has the focus then. */
  removed(path: string): void {
    const s = this.selection.get();
    const rows = this.tree.rows.get();
    const at = rows.indexOf(path);
    const near = [rows.at(at + 1), rows.at(at - 1)].find(
      (r) => r?.kind === "entry" && !isWithin(r.entry.path, path) && !s.picked.has(r.entry.path),
    );
    const left = new Set([...s.picked].filter((p) => !isWithin(p, path)));
    if (isWithin(s.focus, path) && s.focus !== "") {
      const focus = near?.key ?? parentOf(path);
      this.selection.set({ focus, anchor: focus, picked: left });
    } else this.selection.set({ ...s, picked: left });
    this.tree.changed({ dir: path, gone: true });
    this.#around.removed(path);
  }

  /** Selects what came to be, and shows it. */
  #select(paths: readonly string[]): void {
    const [first] = paths;
    if (first === undefined) return;
    const before = this.selection.get();
    void this.tree.reveal(first).then(() => {
      // Somebody may have gone on meanwhile.
      if (this.selection.get() === before)
        this.selection.set({ focus: first, anchor: first, picked: new Set(paths) });
    });
  }

  #changed(dir: string, names: string[] | undefined): void {
    const next = new Map(this.versions.get());
    for (const path of this.#around.open())
      if (parentOf(path) === dir && (!names || names.includes(nameOf(path))))
        next.set(path, (next.get(path) ?? 0) + 1);
    this.versions.set(next);
  }
}

/** What is at a path; undefined when nothing is. */
async function there(project: string, path: string): Promise<Entry | undefined> {
  try {
    return await statFile(project, path);
  } catch (e) {
    if (isKind(e, "not-found")) return undefined;
    throw e;
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
