import * as awarenessProtocol from "y-protocols/awareness";
import type * as Y from "yjs";

/** Who edits here, as others see it. */
export type Self = { account: string; name: string; colour: number };

/** Where a change of presence comes from that is not this browser's own. */
const remote = Symbol("remote");

type Bytes = Uint8Array<ArrayBuffer>;

/** A Presence knows who has a document open and where they are, and tells others of this browser. */
export class Presence {
  readonly awareness: awarenessProtocol.Awareness;
  #self: Self;

  /** send is given what others are to know, as it changes. */
  constructor(doc: Y.Doc, self: Self, send: (update: Bytes) => void) {
    this.#self = self;
    this.awareness = new awarenessProtocol.Awareness(doc);
    this.#enter();
    this.awareness.on(
      "update",
      (change: { added: number[]; updated: number[]; removed: number[] }, origin: unknown) => {
        if (origin === "local") send(this.#of([...change.added, ...change.updated, ...change.removed]));
      },
    );
  }

  /** What a new connection is told first; undefined when this browser is not there. */
  get own(): Bytes | undefined {
    return this.awareness.getLocalState() ? this.#of([this.awareness.clientID]) : undefined;
  }

  /** All that is known. */
  get all(): Bytes {
    return this.#of([...this.awareness.getStates().keys()]);
  }

  /** Takes what others told. It throws when that cannot be read. */
  take(update: Bytes): void {
    awarenessProtocol.applyAwarenessUpdate(this.awareness, update, remote);
  }

  leave(): void {
    this.awareness.setLocalState(null);
  }

  /** Is there again, if it left. */
  back(): void {
    if (!this.awareness.getLocalState()) this.#enter();
  }

  /** Nobody is heard any more. */
  forgetOthers(): void {
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.awareness.clientID);
    if (others.length) awarenessProtocol.removeAwarenessStates(this.awareness, others, remote);
  }

  /** Others get the form that other programs' editors (y-codemirror, JupyterLab) understand as well. */
  #enter(): void {
    const { account, name, colour } = this.#self;
    this.awareness.setLocalState({ user: { id: account, name, colour }, cursor: null });
  }

  #of(clients: number[]): Bytes {
    // It is encoded into a plain array buffer; the types do not say so.
    return awarenessProtocol.encodeAwarenessUpdate(this.awareness, clients) as Bytes;
  }
}
