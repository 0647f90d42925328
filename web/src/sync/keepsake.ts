import * as Y from "yjs";
import type { Copies } from "./copies";
import type { Copy } from "./copy";
import type { Kept } from "./documentstate";

/** Milliseconds for which a connection waits for what this browser kept. */
const copyTime = 1000;

/** What a Keepsake is asked to keep, and whom it gives what it finds. */
export type Keeping = {
  copies: Copies | undefined;
  /** The document of now: another one, when its text began anew. */
  doc: () => Y.Doc;
  path: () => string;
  /** What was kept of the document; true when it was taken over, and is to be written down from now on. */
  adopt: (copy: Copy) => boolean;
  /** The text that could not be merged and that the person sees; another one is set by offer. */
  offered: () => Kept | undefined;
  offer: (kept: Kept | undefined) => void;
  /** Told what went wrong that no state shows. */
  report: (what: string, err: unknown) => void;
};

/**
 * A Keepsake is what this browser keeps of one document: its copy, which a session
 * goes on with before there is a connection, and texts that could not be merged.
 */
export class Keepsake {
  #keeping: Keeping;
  #copy: Copy | undefined;
  /** Connections wait until the copy is read. */
  #reading: Promise<void> | undefined;
  /** The end of the copy before this one. */
  #outliving: Promise<void> | undefined;
  #ended = false;

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
  }

  /** What is written down of the document; undefined until something is. */
  get copy(): Copy | undefined {
    return this.#copy;
  }

  /** Whether the copy is still being read. */
  get reading(): Promise<void> | undefined {
    return this.#reading;
  }

  /** Reads what was kept of the path, and then calls done: not later than after a second. */
  read(done: () => void): void {
    const { copies } = this.#keeping;
    if (copies) this.#reading = this.#read(copies, done);
  }

  async #read(copies: Copies, done: () => void): Promise<void> {
    const { doc, path, report } = this.#keeping;
    const read = async () => {
      const mine = doc();
      const copy = await copies.at(path(), () => Y.encodeStateAsUpdate(mine));
      if (copy) this.#adopt(copy, mine);
      await this.offer();
    };
    const failed = (err: unknown) => report("what this browser kept cannot be read", err);
    const late = new Promise<void>((resolve) => setTimeout(resolve, copyTime));
    await Promise.race([read().catch(failed), late]);
    this.#reading = undefined;
    if (!this.#ended) done();
  }

  /** From now on the document is written down; what was kept of it is in it. */
  async begin({ doc: id, epoch, path }: { doc: string; epoch: string; path: string }): Promise<void> {
    const { copies, doc, report } = this.#keeping;
    const mine = doc();
    try {
      await this.#outliving;
      const copy = await copies?.of(id, epoch, path, () => Y.encodeStateAsUpdate(mine));
      if (copy) this.#adopt(copy, mine);
    } catch (err) {
      report("this browser cannot keep a copy", err);
    }
  }

  #adopt(copy: Copy, doc: Y.Doc): void {
    if (this.#ended || this.#copy || doc !== this.#keeping.doc()) return;
    this.#copy = copy;
    if (!this.#keeping.adopt(copy)) this.#copy = undefined;
  }

  /** Shows what was kept of the file that could not be merged, one at a time. */
  async offer(): Promise<void> {
    const { copies, path, offer, offered } = this.#keeping;
    const [kept] = (await copies?.kept(path())) ?? [];
    if (!kept || offered() || this.#ended) return;
    const why = kept.why === "rights" ? "rights" : "epoch";
    offer({ text: kept.text, edits: kept.edits, why, id: kept.id });
  }

  /** The person has dealt with what is offered; over: and with the document. */
  dismiss(over: boolean): void {
    const { copies, offer, offered, report } = this.#keeping;
    const kept = offered();
    const done = async () => {
      if (kept?.id !== undefined) await copies?.dismiss(kept.id);
      else if (over) await this.#copy?.drop();
      if (offered() === kept) offer(undefined);
      await this.offer();
    };
    done().catch((err: unknown) => report("what this browser kept cannot be removed", err));
  }

  /** The document's text begins anew: what waits in the copy becomes text that is kept. */
  renew(kept: Kept | undefined): void {
    const copy = this.#copy;
    this.#copy = undefined;
    if (copy) this.#outliving = this.#outlive(copy, kept);
  }

  /** The copy is of no use any more. */
  drop(): void {
    if (this.#copy) void this.#outlive(this.#copy, undefined);
  }

  async #outlive(copy: Copy, kept: Kept | undefined): Promise<void> {
    const { offer, offered, report } = this.#keeping;
    try {
      const id = await copy.drop(kept);
      if (kept && id !== undefined && offered() === kept) offer({ ...kept, id });
    } catch (err) {
      report("what this browser kept cannot be changed", err);
    }
  }

  /** Ends: what waits to be written is written. */
  end(): void {
    this.#ended = true;
    void this.#copy?.close();
  }
}
