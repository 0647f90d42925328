import * as Y from "yjs";
import { plain } from "../../sync/ipynb";
import { Store } from "../../sync/store";

/** The kinds of cells. One of an unknown kind is shown as raw. */
export type CellType = "code" | "markdown" | "raw";

/** What a run of a cell is doing. */
export type RunState = "idle" | "queued" | "running";

/** What there is to know of a cell beside its source and outputs. */
export type Head = {
  type: CellType;
  count: number | null;
  state: RunState;
  metadata: Record<string, unknown>;
};

/** One output of a cell, read when it is shown. version changes with what is in it. */
export type Output = { key: number; map: Y.Map<unknown>; version: number };

let made = 0;

/** A cell of a live notebook: its Y.Map, and what of it changed. */
export class Cell {
  readonly map: Y.Map<unknown>;
  readonly id: string;
  /** Names the cell in the page: its id, which two cells of a broken notebook may share. */
  readonly key: string;
  readonly head: Store<Head>;
  readonly outputs: Store<readonly Output[]>;
  /** Counts the changes of the source. */
  readonly edits = new Store(0);
  /** Its outputs were written by a run that the page saw. */
  readonly produced = new Store(false);
  /** Tells this object from one that was made for the same cell after it moved. */
  readonly serial = ++made;
  #next = 0;
  #known = new WeakMap<Y.Map<unknown>, Output>();

  constructor(map: Y.Map<unknown>, key: string) {
    this.map = map;
    this.id = idOf(map);
    this.key = key;
    this.head = new Store(readHead(map));
    this.outputs = new Store<readonly Output[]>([]);
    this.#readOutputs();
  }

  /** The shared source. A cell that has none gets one that is read only in effect. */
  get source(): Y.Text {
    const s = this.map.get("source");
    return s instanceof Y.Text ? s : detached;
  }

  get text(): string {
    return this.source.toString();
  }

  /** Something below the cell changed; path is from the cell on. */
  changed(path: readonly (string | number)[], keys: ReadonlySet<string> | undefined): void {
    const [first] = path;
    const has = (name: string) => first === name || (first === undefined && keys?.has(name) === true);
    if (has("source")) this.edits.set(this.edits.get() + 1);
    if (has("outputs")) {
      if (this.map.get("execution_state") === "running") this.produced.set(true);
      const [, at] = path;
      if (typeof at === "number") this.#touch(at);
      else this.#readOutputs();
    }
    if (first === undefined || has("metadata")) {
      const head = readHead(this.map);
      if (JSON.stringify(head) !== JSON.stringify(this.head.get())) this.head.set(head);
    }
    if (has("cell_type")) this.#readOutputs();
  }

  #touch(at: number): void {
    this.outputs.set(
      this.outputs.get().map((o, i) => {
        if (i !== at) return o;
        const next = { ...o, version: o.version + 1 };
        this.#known.set(o.map, next);
        return next;
      }),
    );
  }

  #readOutputs(): void {
    const list = this.map.get("outputs");
    const maps =
      list instanceof Y.Array ? list.toArray().filter((o): o is Y.Map<unknown> => o instanceof Y.Map) : [];
    const old = this.outputs.get();
    const next = maps.map((map) => {
      const known = this.#known.get(map) ?? { key: this.#next++, map, version: 0 };
      this.#known.set(map, known);
      return known;
    });
    if (next.length !== old.length || next.some((o, i) => o !== old[i])) this.outputs.set(next);
  }
}

/** The id that a cell has in the file. */
export function idOf(map: Y.Map<unknown>): string {
  const id = map.get("id");
  return typeof id === "string" ? id : "";
}

const detached = new Y.Doc().getText("none");

function readHead(map: Y.Map<unknown>): Head {
  const type = map.get("cell_type");
  const count = map.get("execution_count");
  const state = map.get("execution_state");
  const metadata: unknown = plain(map.get("metadata"));
  return {
    type: type === "code" || type === "markdown" ? type : "raw",
    count: typeof count === "number" ? count : null,
    state: state === "running" || state === "queued" ? state : "idle",
    metadata: record(metadata),
  };
}

/** What is in an object; nothing when it is none. */
export function record(v: unknown): Record<string, unknown> {
  return typeof v === "object" && v !== null && !Array.isArray(v) ? { ...v } : {};
}
