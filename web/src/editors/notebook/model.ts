import * as Y from "yjs";
import { plain } from "../../sync/ipynb";
import { Store } from "../../sync/store";
import { Cell, idOf, record } from "./cell";

/** Where a change of the page's own comes from: what undo takes back. */
export const own = Symbol("notebook");

/**
 * A live notebook: what is in its Y.Doc (roots of @jupyter/ydoc: state, meta,
 * cells) as stores, so that a change redraws no more than what it changed.
 */
export class Notebook {
  readonly doc: Y.Doc;
  readonly cells: Y.Array<unknown>;
  readonly meta: Y.Map<unknown>;
  readonly list: Store<readonly Cell[]>;
  readonly metadata: Store<Record<string, unknown>>;
  /** A person's own changes of cells, in the order in which they made them. */
  readonly undo: Y.UndoManager;
  #known = new Map<Y.Map<unknown>, Cell>();
  #stops: (() => void)[] = [];

  constructor(doc: Y.Doc) {
    this.doc = doc;
    this.cells = doc.getArray("cells");
    this.meta = doc.getMap("meta");
    this.list = new Store<readonly Cell[]>(this.#read());
    this.metadata = new Store(this.#readMetadata());
    this.undo = new Y.UndoManager(this.cells, { captureTimeout: 400, trackedOrigins: new Set([own]) });
    const cells = (events: Y.YEvent<Y.AbstractType<unknown>>[]) => this.#changed(events);
    // Y.Array's type does not say what it is an array of.
    this.cells.observeDeep(cells as Parameters<typeof this.cells.observeDeep>[0]);
    const meta = () => {
      const next = this.#readMetadata();
      if (JSON.stringify(next) !== JSON.stringify(this.metadata.get())) this.metadata.set(next);
    };
    this.meta.observeDeep(meta);
    this.#stops = [
      () => this.cells.unobserveDeep(cells as Parameters<typeof this.cells.observeDeep>[0]),
      () => this.meta.unobserveDeep(meta),
    ];
  }

  /** The language of code cells, as the notebook says. */
  get language(): string {
    const { language_info, kernelspec } = this.metadata.get();
    const name = record(language_info).name ?? record(kernelspec).language;
    return typeof name === "string" ? name.toLowerCase() : "python";
  }

  cell(key: string): Cell | undefined {
    return this.list.get().find((c) => c.key === key);
  }

  byID(id: string): Cell | undefined {
    return this.list.get().find((c) => c.id === id);
  }

  indexOf(cell: Cell): number {
    return this.list.get().indexOf(cell);
  }

  /** Changes cells as one step that this person can undo. */
  edit(f: () => void): void {
    this.undo.stopCapturing();
    this.doc.transact(f, own);
    this.undo.stopCapturing();
  }

  destroy(): void {
    for (const stop of this.#stops) stop();
    this.undo.destroy();
  }

  #readMetadata(): Record<string, unknown> {
    return record(plain(this.meta.get("metadata")));
  }

  #read(): Cell[] {
    const seen = new Map<string, number>();
    const known = new Map<Y.Map<unknown>, Cell>();
    const list: Cell[] = [];
    for (const map of this.cells.toArray()) {
      if (!(map instanceof Y.Map)) continue;
      const id = idOf(map);
      const n = seen.get(id) ?? 0;
      seen.set(id, n + 1);
      const key = n === 0 && id !== "" ? id : `${id}#${n}`;
      const old = this.#known.get(map);
      const cell = old?.key === key ? old : new Cell(map, key);
      known.set(map, cell);
      list.push(cell);
    }
    this.#known = known;
    return list;
  }

  #changed(events: Y.YEvent<Y.AbstractType<unknown>>[]): void {
    if (events.some((e) => e.target === (this.cells as Y.AbstractType<unknown>))) this.list.set(this.#read());
    for (const e of events) {
      const [at, ...path] = e.path;
      if (at === undefined) continue;
      const cell = this.#cellOf(e.target);
      cell?.changed(path, "keysChanged" in e ? (e.keysChanged as ReadonlySet<string>) : undefined);
    }
  }

  #cellOf(target: Y.AbstractType<unknown>): Cell | undefined {
    let at: Y.AbstractType<unknown> | null = target;
    while (at && at.parent !== (this.cells as Y.AbstractType<unknown>)) at = at.parent;
    return at instanceof Y.Map ? this.#known.get(at) : undefined;
  }
}
