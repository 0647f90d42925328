import { isKind } from "../../api/problem";
import type { Entry, Listing } from "../../api/project";
import { Store } from "../../sync/store";
import type { FolderChange } from "../../sync/watch";
import { compareEntries, type Order, usualOrder } from "./order";
import { foldersAbove, isFolder, isWithin, joinPath, nameOf, parentOf } from "./path";
import { type Known, Rows } from "./treerows";

export { isFolder, isWithin, joinPath, nameFault, nameOf, parentOf } from "./path";
export { type Row, Rows } from "./treerows";

/** What of a folder is read, and how it is sorted. */
export type Ask = { after: string | undefined; hidden: boolean; order: Order; filter: string };

/** How the tree reads folders, and looks at one entry (undefined: it is not there); a test brings its own. */
export type ReadFolder = (path: string, ask: Ask) => Promise<Listing>;
export type ReadEntry = (path: string) => Promise<Entry | undefined>;

type Folder = {
  items: Entry[];
  next?: string;
  total: number;
  loaded: boolean;
  error?: unknown;
  /** The read that is under way; again: something changed since it began. */
  reading?: Promise<void> | undefined;
  again: boolean;
  /** The row that shall be there, as far as somebody looks. */
  want: number;
  /** Reading on to that row. */
  needing?: Promise<void> | undefined;
  /** Names that changed since the folder was read; undefined: anything may have. */
  names?: Set<string> | undefined;
};

/** Milliseconds for which changes of a folder are gathered before it is read again. */
const gather = 150;

/** Names that are looked at one by one in a large folder, instead of reading all of it again. */
const mostNames = 40;
const large = 1000;

/**
 * The explorer's tree: which folders are open, and what is known of them. Folders
 * are read when they are opened, a page at a time as one scrolls, and again when
 * the project tells that they changed.
 */
export class Tree {
  readonly rows = new Store<Rows>(Rows.none);
  /** The folders to watch: the home and all that are open. */
  readonly watched = new Store<string[]>([""]);
  #read: ReadFolder;
  #look: ReadEntry;
  #folders = new Map<string, Folder>();
  #open = new Set<string>();
  #hidden = false;
  #order = usualOrder;
  #filter = "";
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #generation = 0;

  constructor(read: ReadFolder, look: ReadEntry) {
    this.#read = read;
    this.#look = look;
  }

  get hidden(): boolean {
    return this.#hidden;
  }

  get filter(): string {
    return this.#filter;
  }

  /** The folders that are open, without the home, in order. */
  get expanded(): string[] {
    return [...this.#open].sort();
  }

  /** Opens these folders and shows or leaves out names with a dot; then reads. */
  async begin(expanded: string[], hidden: boolean, order = usualOrder): Promise<void> {
    this.#open = new Set(expanded);
    this.#hidden = hidden;
    this.#order = order;
    this.#tellWatched();
    await this.refresh();
  }

  /** Reads everything that is shown again: the project came, or its files may have changed. */
  async refresh(): Promise<void> {
    this.#generation++;
    for (const f of this.#folders.values()) f.reading = undefined;
    await Promise.all(["", ...this.#open].map((p) => this.#load(p)));
  }

  async expand(path: string): Promise<void> {
    if (!this.#open.has(path)) {
      this.#open.add(path);
      this.#tellWatched();
      this.#draw();
    }
    if (!this.#folders.get(path)?.loaded) await this.#load(path);
    else this.changed({ dir: path }); // it was not watched while it was closed
  }

  collapse(path: string): void {
    if (!this.#open.delete(path)) return;
    this.#tellWatched();
    this.#draw();
  }

  collapseAll(): void {
    this.#open.clear();
    this.#tellWatched();
    this.#draw();
  }

  setHidden(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    void this.refresh();
  }

  setOrder(order: Order): void {
    this.#order = order;
    void this.refresh();
  }

  /** Leaves out what does not match; open folders stay. */
  setFilter(filter: string): void {
    if (filter === this.#filter) return;
    this.#filter = filter;
    void this.refresh();
  }

  /** Opens all folders above a path, and reads on until it has a row; whether it has one. */
  async reveal(path: string, pages = 3): Promise<boolean> {
    const root = this.#folders.get("");
    if (!root?.loaded) await (root?.reading ?? this.#load(""));
    for (const p of foldersAbove(path)) {
      const entry = await this.#locate(p, pages);
      if (!entry || !isFolder(entry)) return false;
      if (!this.#open.has(p) || !this.#folders.get(p)?.loaded) await this.expand(p);
    }
    return (await this.#locate(path, pages)) !== undefined;
  }

  /** Reads on in a folder until its index-th entry is there, as long as that is the one that is wanted. */
  async need(path: string, index: number): Promise<void> {
    const f = this.#folders.get(path);
    if (!f?.loaded) return;
    f.want = index;
    f.needing ??= this.#readOn(path, f).finally(() => {
      f.needing = undefined;
    });
    await f.needing;
  }

  async #readOn(path: string, f: Folder): Promise<void> {
    const generation = this.#generation;
    while (f.next && f.items.length <= f.want && f.error === undefined) {
      // It may be read anew just now: then what is wanted comes after that.
      await (f.reading ?? this.#more(path, f));
      if (generation !== this.#generation || this.#folders.get(path) !== f) return;
    }
  }

  /** Tries again what could not be read. */
  async retry(path: string): Promise<void> {
    const f = this.#folders.get(path);
    if (f) delete f.error;
    this.#draw();
    if (f?.loaded) await this.#more(path, f);
    else await this.#load(path);
  }

  /** Something changed in a folder. */
  changed(c: FolderChange): void {
    if (c.gone && c.dir !== "") {
      this.#forget(c.dir);
      return;
    }
    const f = this.#folders.get(c.dir);
    if (!f || (c.dir !== "" && !this.#open.has(c.dir))) return;
    const pending = this.#timers.has(c.dir);
    if (!c.names) f.names = undefined;
    else if (!pending) f.names = new Set(c.names);
    else for (const n of c.names) f.names?.add(n);
    if (pending) return;
    const later = setTimeout(() => {
      this.#timers.delete(c.dir);
      void this.#again(c.dir, f);
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
        needing: undefined,
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

  /** The entries of a folder as far as they were read, and whether that is all of them. */
  level(path: string): { items: readonly Entry[]; whole: boolean } {
    const f = this.#folders.get(path);
    return { items: f?.items ?? [], whole: f?.loaded === true && !f.next && this.#filter === "" };
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
  #load(path: string): Promise<void> {
    const f: Folder = this.#folders.get(path) ?? {
      items: [],
      total: 0,
      loaded: false,
      again: false,
      want: 0,
    };
    this.#folders.set(path, f);
    if (f.reading) {
      f.again = true;
      return f.reading;
    }
    f.again = false;
    if (!f.loaded) this.#draw();
    f.reading = this.#loadPages(path, f);
    return f.reading;
  }

  async #loadPages(path: string, f: Folder): Promise<void> {
    const generation = this.#generation;
    const wanted = f.items.length;
    try {
      const items = this.#kept(path, f);
      const kept = new Set(items.map((e) => e.name));
      let page: Listing | undefined;
      do {
        page = await this.#read(path, this.#ask(page?.next));
        if (generation !== this.#generation) return;
        items.push(...page.items.filter((e) => !kept.has(e.name)));
      } while (page.next && items.length < wanted);
      f.items = items;
      f.loaded = true;
      delete f.error;
      this.#page(f, page);
    } catch (e) {
      if (generation !== this.#generation) return;
      if (path !== "" && isKind(e, "not-found")) {
        f.reading = undefined;
        this.#forget(path);
        return;
      }
      f.error = e;
    }
    this.#over(path, f);
  }

  /** Reads the next page of a folder. */
  async #more(path: string, f: Folder): Promise<void> {
    if (!f.next || f.reading) return f.reading;
    const generation = this.#generation;
    const read = async () => {
      try {
        const page = await this.#read(path, this.#ask(f.next));
        if (generation !== this.#generation) return;
        const known = new Set(f.items.map((e) => e.name));
        f.items = [...f.items, ...page.items.filter((e) => !known.has(e.name))];
        this.#page(f, page);
      } catch (e) {
        if (generation !== this.#generation) return;
        f.error = e;
        f.want = 0;
      }
      this.#over(path, f);
    };
    f.reading = read();
    await f.reading;
  }

  #over(path: string, f: Folder): void {
    f.reading = undefined;
    this.#draw();
    if (f.again) this.changed({ dir: path });
  }

  #ask(after: string | undefined): Ask {
    return { after, hidden: this.#hidden, order: this.#order, filter: this.#filter };
  }

  /** While names are filtered, folders that are open stay: they are the way to what is in them. */
  #kept(path: string, f: Folder): Entry[] {
    if (this.#filter === "") return [];
    return f.items.filter((e) => isFolder(e) && this.#open.has(e.path) && parentOf(e.path) === path);
  }

  /** The entry with a path, after reading on for it, and anew when it may have come since. */
  async #locate(path: string, pages: number): Promise<Entry | undefined> {
    const parent = parentOf(path);
    for (let left = pages; ; left--) {
      const found = this.find(path);
      const f = this.#folders.get(parent);
      if (found || !f) return found;
      if (left > 0 && f.next) await this.#more(parent, f);
      else if (f.items.length > large) return undefined;
      else {
        await f.reading;
        await this.#load(parent);
        return this.find(path);
      }
    }
  }

  /** A change is shown: of a large folder only what changed is looked at, so that it never stutters. */
  async #again(path: string, f: Folder): Promise<void> {
    const { names } = f;
    f.names = undefined;
    if (
      f.items.length <= large ||
      !f.loaded ||
      f.reading ||
      this.#filter !== "" ||
      !names ||
      names.size > mostNames
    ) {
      await this.#load(path);
      return;
    }
    const generation = this.#generation;
    const look = async (name: string) => ({ name, entry: await this.#look(joinPath(path, name)) });
    try {
      const found = await Promise.all([...names].map(look));
      if (generation !== this.#generation || f.reading) return;
      for (const x of found) this.#patch(f, x.name, x.entry);
      this.#draw();
    } catch {
      await this.#load(path);
    }
  }

  #patch(f: Folder, name: string, entry: Entry | undefined): void {
    const at = f.items.findIndex((e) => nameOf(e.path) === name);
    const shown = entry && (this.#hidden || !entry.hidden) ? entry : undefined;
    if (at >= 0 || shown) f.items = [...f.items];
    if (at >= 0) {
      f.items.splice(at, 1);
      f.total--;
    }
    if (!shown) return;
    f.total++;
    const before = f.items.findIndex((e) => compareEntries(shown, e, this.#order) < 0);
    if (before >= 0) f.items.splice(before, 0, shown);
    else if (!f.next) f.items.push(shown);
  }

  #page(f: Folder, page: Listing): void {
    f.total = Math.max(page.total, f.items.length);
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
    const look = (path: string): Known => {
      const f = this.#folders.get(path);
      if (!f) return { items: [], total: 0, more: false, loaded: false };
      const { items, total, loaded, error } = f;
      return { items, total, loaded, more: f.next !== undefined, ...(error === undefined ? {} : { error }) };
    };
    this.rows.set(Rows.of(this.#open, look));
  }
}
