// The database of this browser that holds copies of documents: what is in it, and
// how it is opened. Where there is none (a private window of some browsers), it is
// undefined, and everything goes on without copies.
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from "idb";

/** A copy of one life (epoch) of a document, for one account. Its text is in the updates. */
export type CopyRow = {
  /** account, project, doc and epoch, joined by keyOf. */
  key: string;
  account: string;
  project: string;
  doc: string;
  epoch: string;
  path: string;
  /** When it was written last, in ms since 1970. */
  at: number;
  /** Bytes of its updates. */
  bytes: number;
};

/** Part of a copy. Applied in any order, once or many times, all of them are the document. */
export type UpdateRow = { copy: string; update: Uint8Array };

/** How many edits one tab made that the project has not called saved. */
export type WaitingRow = { copy: string; by: string; edits: number };

/** Text that could not be merged, until its author has dealt with it. */
export type KeptRow = {
  id?: number;
  account: string;
  project: string;
  path: string;
  text: string;
  edits: number;
  why: string;
  at: number;
};

export interface CopySchema extends DBSchema {
  copies: {
    key: string;
    value: CopyRow;
    indexes: { place: [string, string, string]; project: [string, string]; account: string };
  };
  updates: { key: number; value: UpdateRow; indexes: { copy: string } };
  waiting: { key: [string, string]; value: WaitingRow; indexes: { copy: string } };
  kept: { key: number; value: KeptRow; indexes: { project: [string, string]; account: string } };
}

export type CopyDB = IDBPDatabase<CopySchema>;
export type CopyTx = IDBPTransaction<CopySchema, ("copies" | "updates" | "waiting" | "kept")[], "readwrite">;

/** The stores that a change of a copy touches. */
export const stores: ("copies" | "updates" | "waiting" | "kept")[] = ["copies", "updates", "waiting", "kept"];

let opened: Promise<CopyDB | undefined> | undefined;

/** The database; undefined where the browser has none for us. */
export function copyDB(): Promise<CopyDB | undefined> {
  opened ??= open().catch(() => undefined); // no database is no error: there are no copies then
  return opened;
}

async function open(): Promise<CopyDB | undefined> {
  if (typeof indexedDB === "undefined") return undefined;
  const db = await openDB<CopySchema>("lyceum-documents", 1, {
    upgrade(fresh) {
      const copies = fresh.createObjectStore("copies", { keyPath: "key" });
      copies.createIndex("place", ["account", "project", "path"]);
      copies.createIndex("project", ["account", "project"]);
      copies.createIndex("account", "account");
      fresh.createObjectStore("updates", { autoIncrement: true }).createIndex("copy", "copy");
      fresh.createObjectStore("waiting", { keyPath: ["copy", "by"] }).createIndex("copy", "copy");
      const kept = fresh.createObjectStore("kept", { keyPath: "id", autoIncrement: true });
      kept.createIndex("project", ["account", "project"]);
      kept.createIndex("account", "account");
    },
    // A tab with a newer version of the page needs it in another form.
    blocking: () => {
      db.close();
      opened = Promise.resolve(undefined);
    },
    terminated: () => {
      opened = undefined;
    },
  });
  return db;
}

/** Accounts that signed out in this page: nothing more is written down for them. */
export const forgotten = new Set<string>();

export function keyOf(account: string, project: string, doc: string, epoch: string): string {
  return [account, project, doc, epoch].join("/");
}

/** Changes copies in one transaction: all of it happens, or nothing. */
export async function change<T>(db: CopyDB, work: (tx: CopyTx) => Promise<T>): Promise<T> {
  const tx = db.transaction(stores, "readwrite");
  const worked = work(tx).catch((err: unknown) => {
    try {
      tx.abort();
    } catch {
      // it is over already
    }
    throw err;
  });
  const [value] = await Promise.all([worked, tx.done]);
  return value;
}

/** Does not wait for a step of a transaction: its end tells of all. */
export function soon(step: Promise<unknown>): void {
  step.catch(() => undefined);
}

/** Deletes a copy with all that belongs to it. */
export async function deleteCopy(tx: CopyTx, key: string): Promise<void> {
  const updates = tx.objectStore("updates");
  const waiting = tx.objectStore("waiting");
  for (const k of await updates.index("copy").getAllKeys(key)) soon(updates.delete(k));
  for (const k of await waiting.index("copy").getAllKeys(key)) soon(waiting.delete(k));
  await tx.objectStore("copies").delete(key);
}

/** Edits of a copy that wait, and who made them. */
export function waitingOf(tx: CopyTx, key: string): Promise<WaitingRow[]> {
  return tx.objectStore("waiting").index("copy").getAll(key);
}

/** Most bytes of all copies together. */
export const mostBytes = 100_000_000;

/**
 * Deletes the copies that were used longest ago, until all together have at most so
 * many bytes. Those with edits that wait stay, whatever their size, and the one that
 * is named.
 */
export function makeRoom(db: CopyDB, most: number, except = ""): Promise<void> {
  return change(db, async (tx) => {
    const all = await tx.objectStore("copies").getAll();
    let bytes = all.reduce((n, c) => n + c.bytes, 0);
    for (const c of all.sort((a, b) => a.at - b.at)) {
      if (bytes <= most) break;
      if (c.key === except || (await waitingOf(tx, c.key)).length > 0) continue;
      await deleteCopy(tx, c.key);
      bytes -= c.bytes;
    }
  });
}
