import type { Entry } from "../../api/project";
import { isFolder, nameOf, parentOf } from "./path";

/** One line of the explorer, from the top. depth is 0 in the home. */
export type Row =
  | {
      kind: "entry";
      key: string;
      depth: number;
      entry: Entry;
      /** Whether a folder is open; absent for what is no folder. */
      expanded?: boolean;
      /** Its place in its folder, from 1, and how many there are. */
      position: number;
      of: number;
    }
  /** An entry that is on the server and was not read yet: the index-th of its folder, from 0. */
  | { kind: "wait"; key: string; depth: number; parent: string; index: number }
  | {
      kind: "note";
      key: string;
      depth: number;
      parent: string;
      note: "loading" | "empty" | "failed" | "new";
      error?: unknown;
    };

/** What is known of a folder. */
export type Known = {
  items: readonly Entry[];
  /** Entries in all; more than items while not every page was read. */
  total: number;
  more: boolean;
  loaded: boolean;
  error?: unknown;
};

/** The key of the row in which the name of something new is typed. */
export const newKey = "//new";

/** The rows of a folder that is shown: its own, with those of the open folders in it between them. */
class Block {
  readonly path: string;
  readonly depth: number;
  readonly known: Known;
  /** Open folders in it: the place of each among the own rows, and where its rows begin. */
  readonly inner: { own: number; start: number; block: Block }[] = [];
  readonly own: number;
  readonly size: number;
  #places: Map<string, number> | undefined;

  constructor(
    path: string,
    depth: number,
    known: Known,
    open: ReadonlySet<string>,
    look: (p: string) => Known,
  ) {
    this.path = path;
    this.depth = depth;
    this.known = known;
    this.own = ownRows(known);
    let added = 0;
    known.items.forEach((e, i) => {
      if (!isFolder(e) || !open.has(e.path) || !known.loaded) return;
      const block = new Block(e.path, depth + 1, look(e.path), open, look);
      this.inner.push({ own: i, start: i + 1 + added, block });
      added += block.size;
    });
    this.size = this.own + added;
  }

  at(index: number): Row {
    const n = this.inner.findLastIndex((x) => x.start <= index);
    const last = this.inner[n];
    if (last === undefined) return this.#ownRow(index);
    if (index < last.start + last.block.size) return last.block.at(index - last.start);
    return this.#ownRow(last.own + 1 + (index - last.start - last.block.size));
  }

  /** Where the row of an entry is among the rows of this block; -1 when it has none. */
  indexOf(path: string): number {
    const parent = parentOf(path);
    if (parent === this.path) {
      const own = this.#place(nameOf(path));
      return own < 0 ? -1 : own + this.#before(own);
    }
    const way = this.inner.find(({ block }) => parent === block.path || parent.startsWith(`${block.path}/`));
    const at = way?.block.indexOf(path) ?? -1;
    return way === undefined || at < 0 ? -1 : way.start + at;
  }

  /** The block of a folder that is open. */
  blockOf(path: string): Block | undefined {
    if (path === this.path) return this;
    for (const { block } of this.inner) {
      const found =
        path === block.path || path.startsWith(`${block.path}/`) ? block.blockOf(path) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  #before(own: number): number {
    const last = this.inner.findLast((x) => x.own < own);
    return last === undefined ? 0 : last.start + last.block.size - last.own - 1;
  }

  #place(name: string): number {
    this.#places ??= new Map(this.known.items.map((e, i) => [nameOf(e.path), i]));
    return this.#places.get(name) ?? -1;
  }

  #ownRow(i: number): Row {
    const { path: parent, depth, known } = this;
    const note = (n: "loading" | "empty" | "failed") =>
      ({ kind: "note", key: `${parent}//${n}`, depth, parent, note: n }) as const;
    const entry = known.items[i];
    if (entry === undefined || !known.loaded) {
      if (known.error !== undefined) return { ...note("failed"), error: known.error };
      if (!known.loaded) return note("loading");
      return known.more ? { kind: "wait", key: `${parent}//${i}`, depth, parent, index: i } : note("empty");
    }
    const row = { kind: "entry", key: entry.path, depth, entry, position: i + 1, of: known.total } as const;
    if (!isFolder(entry)) return row;
    return { ...row, expanded: this.inner.some((x) => x.own === i) };
  }
}

function ownRows(k: Known): number {
  if (!k.loaded) return 1;
  const read = k.items.length;
  if (k.error !== undefined) return read + 1;
  return k.more ? Math.max(k.total, read + 1) : Math.max(1, read);
}

/**
 * The rows of the explorer. They are made when they are asked for, so that a
 * folder of 100,000 entries costs no more than what of it is on the screen.
 */
export class Rows {
  #root: Block | undefined;
  #fresh: { at: number; row: Row } | undefined;
  readonly length: number;

  private constructor(root: Block | undefined, fresh: { at: number; row: Row } | undefined) {
    this.#root = root;
    this.#fresh = fresh;
    this.length = (root?.size ?? 0) + (fresh ? 1 : 0);
  }

  static readonly none = new Rows(undefined, undefined);

  static of(open: ReadonlySet<string>, look: (path: string) => Known): Rows {
    return new Rows(new Block("", 0, look(""), open, look), undefined);
  }

  at(index: number): Row | undefined {
    if (index < 0 || index >= this.length) return undefined;
    const f = this.#fresh;
    if (f && index === f.at) return f.row;
    return this.#root?.at(f && index > f.at ? index - 1 : index);
  }

  /** Where the row with a key is; -1 when there is none. Only entries, and the row of something new, are found. */
  indexOf(key: string): number {
    const f = this.#fresh;
    if (key === newKey) return f?.at ?? -1;
    const at = key === "" || key.includes("//") ? -1 : (this.#root?.indexOf(key) ?? -1);
    return f && at >= f.at ? at + 1 : at;
  }

  slice(from: number, to: number): Row[] {
    const found: Row[] = [];
    for (let i = Math.max(0, from); i < Math.min(to, this.length); i++) {
      const row = this.at(i);
      if (row) found.push(row);
    }
    return found;
  }

  /** The entries of an open folder that were read; and how many it has. */
  level(folder: string): { items: readonly Entry[]; total: number } {
    const known = this.#root?.blockOf(folder)?.known;
    return { items: known?.items ?? [], total: known?.total ?? 0 };
  }

  /** The same with one row more, below its folder, for the name of something new. */
  withNew(parent: string): Rows {
    if (this.#root === undefined || this.#fresh) return this;
    const at = parent === "" ? -1 : this.indexOf(parent);
    const above = this.at(at);
    const depth = at < 0 ? 0 : (above?.depth ?? 0) + 1;
    const row: Row = { kind: "note", key: newKey, depth, parent, note: "new" };
    return new Rows(this.#root, { at: at + 1, row });
  }
}
