import type { Entry, Listing } from "../../api/project";
import { Store } from "../../sync/store";
import type { FolderChange } from "../../sync/watch";
import { isFolder, isWithin, parentOf } from "./path";

export { isFolder, isWithin, joinPath, nameFault, nameOf, parentOf } from "./path";

/** How the tree reads folders; a test brings its own. */
export type ReadFolder = (path: string, after: string | undefined, hidden: boolean) => Promise<Listing>;

/** One line of the explorer, from the top. depth is 0 in the home. */
export type Row =
  | {
      kind: "entry";
      key: string;
      depth: number;
      entry: Entry;
      expanded?: boolean;
      position: number;
      of: number;
    }
  /** More entries of the folder are on the server. */
  | { kind: "more"; key: string; depth: number; parent: string; left: number }
  | {
      kind: "note";
      key: string;
      depth: number;
      parent: string;
      note: "loading" | "empty" | "failed";
      error?: unknown;
    };

type Folder = {
  items: Entry[];
  next?: string;
  total: number;
  /** A read is under way; again: something changed since it began. */
  reading: boolean;
  again: boolean;
  loaded: boolean;
  error?: unknown;
};

/** Milliseconds for which changes of a folder are gathered before it is read again. */
const gather = 150;

/**
 * The explorer's tree: which folders are open, and what is known of them. Folders
 * are read when they are opened, a page at a time, and again when the project
 * tells that they changed.
 */
export class Tree {
  readonly rows = new Store<Row[]>([]);
  /** The folders to watch: the home and all that are open. */
  readonly watched = new Store<string[]>([""]);
  #read: ReadFolder;
  #folders = new Map<string, Folder>();
  #open = new Set<string>();
  #hidden = false;
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #generation = 0;

  constructor(read: ReadFolder) {
    this.#read = read;
  }

  get hidden(): boolean {
    return this.#hidden;
  }

  /** The folders that are open, without the home, in order. */
  get expanded(): string[] {
    return [...this.#open].sort();
  }

  /** Opens these folders and shows or leaves out names with a dot; then reads. */
  async begin(expanded: string[], hidden: boolean): Promise<void> {
    this.#open = new Set(expanded);
    this.#hidden = hidden;
    this.#tellWatched();
    await this.refresh();
  }

  /** Reads everything that is shown again: the project came, or its files may have changed. */
  async refresh(): Promise<void> {
    this.#generation++;
    for (const f of this.#folders.values()) f.reading = false;
    await Promise.all(["", ...this.#open].map((p) => this.#load(p)));
  }

  async expand(path: string): Promise<void> {
    if (this.#open.has(path)) return;
    this.#open.add(path);
    this.#tellWatched();
    this.#draw();
    await this.#load(path);
  }

  collapse(path: string): void {
    if (!this.#open.delete(path)) return;
    this.#tellWatched();
    this.#draw();
  }

  setHidden(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    void this.refresh();
  }

  /** Opens all folders above a path, so that it has a row. */
  async reveal(path: string): Promise<void> {
    const parents: string[] = [];
    for (let p = parentOf(path); p !== ""; p = parentOf(p)) parents.unshift(p);
    for (const p of parents) await this.expand(p);
  }

  /** Reads the next page of a folder. */
  async more(path: string): Promise<void> {
    const f = this.#folders.get(path);
    if (!f?.next || f.reading) return;
    f.reading = true;
    const generation = this.#generation;
    try {
      const page = await this.#read(path, f.next, this.#hidden);
      if (generation !== this.#generation) return;
      const known = new Set(f.items.map((e) => e.name));
      f.items.push(...page.items.filter((e) => !known.has(e.name)));
      this.#page(f, page);
    } finally {
      f.reading = false;
      this.#draw();
      if (f.again) this.changed({ dir: path });
    }
  }

  /** Something changed in a folder. */
  changed(c: FolderChange): void {
    const f = this.#folders.get(c.dir);
    if (c.gone && c.dir !== "") {
      this.#forget(c.dir);
      return;
    }
    if (!f || (c.dir !== "" && !this.#open.has(c.dir)) || this.#timers.has(c.dir)) return;
    const later = setTimeout(() => {
      this.#timers.delete(c.dir);
      void this.#load(c.dir);
    }, gather);
    this.#timers.set(c.dir, later);
  }

  /** Shows a rename before the server told of it: open folders stay open. */
  moved(from: string, to: string): void {
    for (const p of [...this.#open]) {
      if (!isWithin(p, from)) continue;
      this.#open.delete(p);
      this.#open.add(to + p.slice(from.length));
    }
    for (const [p, f] of [...this.#folders]) {
      if (!isWithin(p, from)) continue;
      this.#folders.delete(p);
      this.#folders.set(to + p.slice(from.length), {
        ...f,
        items: f.items.map((e) => ({ ...e, path: to + e.path.slice(from.length) })),
      });
    }
    this.#tellWatched();
    this.changed({ dir: parentOf(from) });
    this.changed({ dir: parentOf(to) });
  }

  /** The entry with a path, when it was read. */
  find(path: string): Entry | undefined {
    return this.#folders.get(parentOf(path))?.items.find((e) => e.path === path);
  }

  /** All files that were read, for finding one by name. */
  files(): Entry[] {
    return [...this.#folders.values()].flatMap((f) => f.items.filter((e) => !isFolder(e)));
  }

  end(): void {
    for (const t of this.#timers.values()) clearTimeout(t);
    this.#timers.clear();
    this.#generation++;
  }

  /** Reads a folder, as many pages of it as were shown. */
  async #load(path: string): Promise<void> {
    const f: Folder = this.#folders.get(path) ?? {
      items: [],
      total: 0,
      reading: false,
      again: false,
      loaded: false,
    };
    this.#folders.set(path, f);
    if (f.reading) {
      f.again = true;
      return;
    }
    f.reading = true;
    f.again = false;
    if (!f.loaded) this.#draw();
    const generation = this.#generation;
    const wanted = f.items.length;
    try {
      const items: Entry[] = [];
      let page: Listing | undefined;
      do {
        page = await this.#read(path, page?.next, this.#hidden);
        if (generation !== this.#generation) return;
        items.push(...page.items);
      } while (page.next && items.length < wanted);
      f.items = items;
      f.loaded = true;
      delete f.error;
      this.#page(f, page);
    } catch (e) {
      if (generation !== this.#generation) return;
      f.error = e;
    }
    f.reading = false;
    this.#draw();
    if (f.again) this.changed({ dir: path });
  }

  #page(f: Folder, page: Listing): void {
    f.total = page.total;
    if (page.next) f.next = page.next;
    else delete f.next;
  }

  #forget(path: string): void {
    for (const p of [...this.#open]) if (isWithin(p, path)) this.#open.delete(p);
    for (const p of [...this.#folders.keys()]) if (isWithin(p, path)) this.#folders.delete(p);
    this.#tellWatched();
    this.changed({ dir: parentOf(path) });
    this.#draw();
  }

  #tellWatched(): void {
    this.watched.set(["", ...this.expanded]);
  }

  #draw(): void {
    const rows: Row[] = [];
    this.#rowsOf("", 0, rows);
    this.rows.set(rows);
  }

  #rowsOf(path: string, depth: number, rows: Row[]): void {
    const f = this.#folders.get(path);
    const note = (what: "loading" | "empty" | "failed") =>
      ({ kind: "note", key: `${path}//${what}`, depth, parent: path, note: what }) as const;
    if (!f?.loaded) {
      rows.push(f?.error ? { ...note("failed"), error: f.error } : note("loading"));
      return;
    }
    if (f.items.length === 0) rows.push(note("empty"));
    f.items.forEach((entry, i) => {
      const row = { kind: "entry", key: entry.path, depth, entry, position: i + 1, of: f.total } as const;
      if (!isFolder(entry)) {
        rows.push(row);
        return;
      }
      const expanded = this.#open.has(entry.path);
      rows.push({ ...row, expanded });
      if (expanded) this.#rowsOf(entry.path, depth + 1, rows);
    });
    if (f.next)
      rows.push({ kind: "more", key: `${path}//more`, depth, parent: path, left: f.total - f.items.length });
  }
}

/**
 * Where a key leads from a row, as the ARIA pattern for trees says: the row to
 * go to, or what to do with the one that has the focus.
 */
export function treeKey(
  rows: readonly Row[],
  at: number,
  key: string,
): { go?: number; expand?: string; collapse?: string } {
  const row = rows[at];
  switch (key) {
    case "ArrowDown":
      return { go: Math.min(rows.length - 1, at + 1) };
    case "ArrowUp":
      return { go: Math.max(0, at - 1) };
    case "Home":
      return { go: 0 };
    case "End":
      return { go: rows.length - 1 };
    case "PageDown":
      return { go: Math.min(rows.length - 1, at + 15) };
    case "PageUp":
      return { go: Math.max(0, at - 15) };
    case "ArrowRight":
      if (row?.kind !== "entry" || row.expanded === undefined) return {};
      return row.expanded ? { go: Math.min(rows.length - 1, at + 1) } : { expand: row.entry.path };
    case "ArrowLeft": {
      if (row?.kind === "entry" && row.expanded) return { collapse: row.entry.path };
      const parent = rows.findLastIndex((r, i) => i < at && r.depth < (row?.depth ?? 0));
      return parent < 0 ? {} : { go: parent };
    }
  }
  return {};
}

/** The row that begins with what was typed, after the one that has the focus; -1 for none. */
export function typeAhead(rows: readonly Row[], at: number, typed: string): number {
  const text = typed.toLowerCase();
  const from = typed.length > 1 ? at : at + 1;
  for (let i = 0; i < rows.length; i++) {
    const n = (from + i) % rows.length;
    const row = rows[n];
    if (row?.kind === "entry" && row.entry.name.toLowerCase().startsWith(text)) return n;
  }
  return -1;
}
