import * as Y from "yjs";
import { Copy } from "./copy";
import {
  type CopyDB,
  type CopyRow,
  change,
  copyDB,
  deleteCopy,
  forgotten,
  type KeptRow,
  keyOf,
  makeRoom,
  mostBytes,
  waitingOf,
} from "./copydb";
import { wholeText } from "./ipynb";

/** Text of a document that could not be merged, kept until its author has dealt with it. */
export type KeptText = { id: number; text: string; edits: number; why: string; at: number };

/**
 * The copies of documents that this browser keeps for one account in one project, so
 * that a file is on the screen at once and edits outlive the tab. All of it may be
 * missing: then nothing is found, and nothing is kept.
 */
export class Copies {
  readonly account: string;
  readonly project: string;
  #db: () => Promise<CopyDB | undefined>;
  #failed: (err: unknown) => void;

  constructor(account: string, project: string, failed: (err: unknown) => void = () => {}, db = copyDB) {
    this.account = account;
    this.project = project;
    this.#failed = failed;
    this.#db = db;
    forgotten.delete(account);
  }

  /** How many edits wait in what is kept of the file at a path; undefined when there is no copy. */
  async has(path: string): Promise<number | undefined> {
    const db = await this.#db();
    const all = await db?.getAllFromIndex("copies", "place", [this.account, this.project, path]);
    const [newest] = all?.sort((a, b) => b.at - a.at) ?? [];
    if (!db || !newest) return undefined;
    const waiting = await db.getAllFromIndex("waiting", "copy", newest.key);
    return waiting.reduce((n, w) => n + w.edits, 0);
  }

  /**
   * The newest copy of the file at a path. Older lives of it are not merged with
   * anything: edits of them that wait are kept as text.
   */
  async at(path: string, state: () => Uint8Array): Promise<Copy | undefined> {
    const db = await this.#db();
    if (!db) return undefined;
    const all = await db.getAllFromIndex("copies", "place", [this.account, this.project, path]);
    const [newest, ...older] = all.sort((a, b) => b.at - a.at);
    for (const old of older) await this.#outlived(db, old, newest);
    if (!newest) return undefined;
    const { account, project, doc, epoch } = newest;
    return Copy.open(db, { account, project, doc, epoch, path }, state, this.#failed);
  }

  /** The copy of a document, which may be new. */
  async of(doc: string, epoch: string, path: string, state: () => Uint8Array): Promise<Copy | undefined> {
    const db = await this.#db();
    if (!db) return undefined;
    const { account, project } = this;
    const copy = await Copy.open(db, { account, project, doc, epoch, path }, state, this.#failed);
    await makeRoom(db, mostBytes, keyOf(account, project, doc, epoch));
    return copy;
  }

  /** Files of the project with edits that wait. */
  async waiting(): Promise<{ path: string; edits: number }[]> {
    const db = await this.#db();
    if (!db) return [];
    const all = await db.getAllFromIndex("copies", "project", [this.account, this.project]);
    const edits = await Promise.all(all.map((c) => db.getAllFromIndex("waiting", "copy", c.key)));
    return all
      .map((c, i) => ({ path: c.path, edits: edits[i]?.reduce((n, w) => n + w.edits, 0) ?? 0 }))
      .filter((c) => c.edits > 0);
  }

  /** What is kept of a file's text, the oldest first. */
  async kept(path: string): Promise<KeptText[]> {
    const db = await this.#db();
    const all = (await db?.getAllFromIndex("kept", "project", [this.account, this.project])) ?? [];
    return all.flatMap(({ id, ...k }) => (id !== undefined && k.path === path ? [{ id, ...k }] : []));
  }

  /** The author has dealt with it. */
  async dismiss(id: number): Promise<void> {
    await (await this.#db())?.delete("kept", id);
  }

  /** A copy whose document has had another life since. */
  async #outlived(db: CopyDB, old: CopyRow, newest: CopyRow | undefined): Promise<void> {
    if (newest && newest.doc !== old.doc) {
      // Another file had the name: it may live on under another one, with its edits.
      const edits = await db.countFromIndex("waiting", "copy", old.key);
      if (edits > 0) return;
    }
    await change(db, async (tx) => {
      const edits = (await waitingOf(tx, old.key)).reduce((n, w) => n + w.edits, 0);
      if (edits > 0) {
        const rows = await tx.objectStore("updates").index("copy").getAll(old.key);
        const { account, project } = this;
        const text = textOf(rows.map((r) => r.update));
        const row: KeptRow = { account, project, path: old.path, text, edits, why: "epoch", at: old.at };
        await tx.objectStore("kept").add(row);
      }
      await deleteCopy(tx, old.key);
    });
  }
}

function textOf(updates: Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const u of updates) Y.applyUpdate(doc, u);
  return wholeText(doc);
}

/** How many edits of an account wait in this browser, in all projects. */
export async function waitingEdits(account: string, db = copyDB): Promise<number> {
  const d = await db();
  if (!d) return 0;
  let n = 0;
  for (const c of await d.getAllFromIndex("copies", "account", account))
    for (const w of await d.getAllFromIndex("waiting", "copy", c.key)) n += w.edits;
  return n;
}

/**
 * Removes the copies of an account from this browser. Unless all are meant, those
 * with edits that wait stay for when the account signs in again, and so does what
 * could not be merged.
 */
export async function forgetCopies(account: string, all: boolean, db = copyDB): Promise<void> {
  if (all) forgotten.add(account);
  const d = await db();
  if (!d) return;
  await change(d, async (tx) => {
    for (const key of await tx.objectStore("copies").index("account").getAllKeys(account)) {
      if (all || (await waitingOf(tx, key)).length === 0) await deleteCopy(tx, key);
    }
    const kept = tx.objectStore("kept");
    if (all) for (const id of await kept.index("account").getAllKeys(account)) await kept.delete(id);
  });
}
