import * as Y from "yjs";
import {
  type CopyDB,
  type CopyTx,
  change,
  deleteCopy,
  forgotten,
  keyOf,
  makeRoom,
  mostBytes,
  soon,
  stores,
} from "./copydb";

/** Which life of which document, and where it was last. */
export type CopyName = { account: string; project: string; doc: string; epoch: string; path: string };

/** What a copy held when it was opened. */
export type Found = {
  updates: Uint8Array[];
  /** Edits that wait, of this and other tabs, alive or not. */
  waiting: number;
  /** When it was written last, in ms since 1970; 0 when there was none. */
  at: number;
};

/**
 * A copy is written anew as one update when it has so many rows and they have grown
 * by a part of it; or when it has far more.
 */
const rows = { some: 100, many: 2000, part: 0.1 };

/** Milliseconds for which what comes from others is gathered; one's own edits are written at once. */
const calm = 250;

/** Who writes: this tab, in this life of it. */
const self = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
let sessions = 0;

/**
 * A Copy writes one document down in this browser, while a session has it open. Two
 * tabs may write the same: what both have seen is there twice, which changes nothing.
 *
 * Only what is known to be in the document's state is ever replaced by it, so what
 * another tab wrote stays. Should the copy be deleted beneath it, it is written anew.
 */
export class Copy {
  readonly name: CopyName;
  readonly found: Found;
  #db: CopyDB;
  #key: string;
  #by = `${self}-${++sessions}`;
  /** The whole document, as an update. */
  #state: () => Uint8Array;
  #failed: (err: unknown) => void;
  #adopted: { by: string; edits: number }[];
  /** Rows that are known to be in the document. */
  #rows: number[];
  /** Bytes of the copy when it was one update, and of what came since. */
  #size = { whole: 0, since: 0 };
  #queue: Uint8Array[] = [];
  #edits = 0;
  #written = 0;
  /** Edits of this tab that were given here, and those that are written. */
  #made = 0;
  #kept = 0;
  #settle = false;
  #path: string;
  #whole: boolean;
  /** The document was empty when this began to be told of it: the queue has all of it. */
  #fromEmpty = false;
  #broken = false;
  #over = false;
  #writing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    db: CopyDB,
    name: CopyName,
    found: Found,
    rows: number[],
    adopted: { by: string; edits: number }[],
    state: () => Uint8Array,
    failed: (err: unknown) => void,
  ) {
    this.#db = db;
    this.name = name;
    this.#key = keyOf(name.account, name.project, name.doc, name.epoch);
    this.found = found;
    this.#rows = rows;
    this.#adopted = adopted;
    this.#state = state;
    this.#failed = failed;
    this.#path = name.path;
    this.#whole = found.updates.length === 0;
    this.#size.whole = found.updates.reduce((n, u) => n + u.length, 0);
  }

  /** Reads what there is of a document, and goes on with it. */
  static async open(
    db: CopyDB,
    name: CopyName,
    state: () => Uint8Array,
    failed: (err: unknown) => void,
  ): Promise<Copy> {
    const key = keyOf(name.account, name.project, name.doc, name.epoch);
    const tx = db.transaction(stores, "readonly");
    const updates = tx.objectStore("updates").index("copy");
    const [row, all, keys, waiting] = await Promise.all([
      tx.objectStore("copies").get(key),
      updates.getAll(key),
      updates.getAllKeys(key),
      tx.objectStore("waiting").index("copy").getAll(key),
    ]);
    const edits = waiting.reduce((n, w) => n + w.edits, 0);
    const found = { updates: all.map((u) => u.update), waiting: edits, at: row?.at ?? 0 };
    return new Copy(db, name, found, keys, waiting, state, failed);
  }

  /** Whether all edits that wait are written down here. */
  get safe(): boolean {
    return !this.#broken && this.#kept === this.#made;
  }

  /** The document changed. own: by this tab, which has now so many edits that wait. */
  append(update: Uint8Array, own: number | undefined): void {
    if (this.#over) return;
    this.#queue.push(update);
    if (own !== undefined) {
      this.#edits = own;
      this.#made++;
    }
    this.#wake(own === undefined ? calm : 0);
  }

  /** This tab has so many edits that wait; settled: and what others left is saved too. */
  saved(own: number, settled: boolean): void {
    if (this.#over || (own === this.#edits && !settled)) return;
    this.#edits = own;
    this.#settle ||= settled && this.#adopted.length > 0;
    this.#wake(calm);
  }

  /**
   * What the document is now is all written; so many edits of this tab wait in it.
   * empty: there is nothing in it yet, so what comes need not be made into an update again.
   */
  writeWhole(own: number, empty = false): void {
    this.#whole = true;
    this.#fromEmpty = empty && this.#queue.length === 0;
    this.#edits = own;
    this.#made++;
    this.#wake(calm);
  }

  move(path: string): void {
    if (path === this.#path || this.#over) return;
    this.#path = path;
    this.#wake(calm);
  }

  /** Ends: what waits to be written is written. */
  async close(): Promise<void> {
    if (this.#over) return;
    await this.#flush();
    this.#over = true;
  }

  /** Ends, and deletes the copy; in the same moment its text is kept, if one is given. */
  async drop(kept?: { text: string; edits: number; why: string }): Promise<number | undefined> {
    this.#over = true;
    clearTimeout(this.#timer);
    await this.#writing;
    const { account, project } = this.name;
    const row = { account, project, path: this.#path, at: Date.now() };
    return change(this.#db, async (tx) => {
      const id = kept && (await tx.objectStore("kept").add({ ...row, ...kept }));
      await deleteCopy(tx, this.#key);
      return id;
    });
  }

  #wake(wait: number): void {
    if (wait === 0) void this.#flush();
    else this.#timer ??= setTimeout(() => void this.#flush(), wait);
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#work().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Writes until nothing is left to be written. */
  async #work(): Promise<void> {
    while (!this.#over && this.#dirty() && !forgotten.has(this.name.account)) {
      const queue = this.#queue;
      this.#queue = [];
      try {
        await this.#write(queue);
        this.#broken = false;
      } catch (err) {
        // It may be full: room is made once. Then it is tried again with the next edit.
        const again = !this.#broken;
        this.#broken = true;
        this.#whole = true;
        this.#fromEmpty = false;
        this.#written = -1;
        if (again) await makeRoom(this.#db, mostBytes / 4, this.#key).catch(this.#failed);
        else {
          this.#failed(err);
          return;
        }
      }
    }
  }

  #dirty(): boolean {
    return (
      this.#whole ||
      this.#settle ||
      this.#queue.length > 0 ||
      this.#written !== this.#edits ||
      this.#path !== this.name.path
    );
  }

  async #write(queue: Uint8Array[]): Promise<void> {
    const { edits, settle, made } = { edits: this.#edits, settle: this.#settle, made: this.#made };
    const name = { ...this.name, path: this.#path };
    const done = await change(this.#db, async (tx) => {
      const old = await tx.objectStore("copies").get(this.#key);
      const whole = this.#whole || old === undefined || this.#grown();
      const told = queue.length > 0 ? joined(queue) : undefined;
      const update = whole && !(told && this.#fromEmpty) ? this.#state() : told;
      const updates = tx.objectStore("updates");
      if (whole) for (const k of this.#rows) soon(updates.delete(k));
      const row = update && (await updates.add({ copy: this.#key, update }));
      await this.#writeWaiting(tx, edits, settle);
      const bytes = (whole ? 0 : (old?.bytes ?? 0)) + (update?.length ?? 0);
      await tx.objectStore("copies").put({ key: this.#key, ...name, at: Date.now(), bytes });
      return { whole, row, size: update?.length ?? 0 };
    });
    if (done.whole) this.#rows = [];
    this.#size = done.whole
      ? { whole: done.size, since: 0 }
      : { whole: this.#size.whole, since: this.#size.since + done.size };
    if (done.row !== undefined) this.#rows.push(done.row);
    this.#whole = false;
    this.#fromEmpty = false;
    this.#written = edits;
    this.#kept = made;
    this.name.path = name.path;
    if (settle) {
      this.#settle = false;
      this.#adopted = [];
    }
  }

  #grown(): boolean {
    const { whole, since } = this.#size;
    return (this.#rows.length >= rows.some && since >= whole * rows.part) || this.#rows.length >= rows.many;
  }

  async #writeWaiting(tx: CopyTx, edits: number, settle: boolean): Promise<void> {
    const waiting = tx.objectStore("waiting");
    if (edits > 0) await waiting.put({ copy: this.#key, by: this.#by, edits });
    else await waiting.delete([this.#key, this.#by]);
    if (!settle) return;
    for (const a of this.#adopted) {
      // A tab that lives may have made more meanwhile: those are its own.
      const now = await waiting.get([this.#key, a.by]);
      if (now?.edits === a.edits) await waiting.delete([this.#key, a.by]);
    }
  }
}

function joined(queue: Uint8Array[]): Uint8Array {
  const [only] = queue;
  return queue.length === 1 && only ? only : Y.mergeUpdates(queue);
}
