/**
 * A Tally counts the edits that were made to a document here, and how many of them are
 * saved. The messages of a connection that hold edits are numbered from 1; the project
 * says up to which number they are on its disk.
 */
export class Tally {
  #edits = 0;
  #saved = 0;
  /** Messages of this connection. The first holds all that the project lacked. */
  #sent = 0;
  /** Of each message that is not saved, how many edits are in it and in those before. */
  #flight: { n: number; edits: number }[] = [];
  /** Edits of others (tabs that are gone) among those counted here: [from, to). */
  #borrowed = { from: 0, to: 0 };

  /** Edits that are not known to be saved. */
  get waiting(): number {
    return this.#edits - this.#saved;
  }

  /** Those of them that are this tab's own. */
  get own(): number {
    const { from, to } = this.#borrowed;
    return this.waiting - Math.max(0, Math.min(to, this.#edits) - Math.max(from, this.#saved));
  }

  /** Whether the edits of others are saved. */
  get settled(): boolean {
    return this.#saved >= this.#borrowed.to;
  }

  /** Whether the first message of this connection is out: from then on edits are sent one by one. */
  get attached(): boolean {
    return this.#sent > 0;
  }

  /** Whether all that this connection was given is saved. */
  get calm(): boolean {
    return this.#flight.length === 0;
  }

  /** An edit was made. */
  edited(): void {
    this.#edits++;
  }

  /** So many edits of others wait as well. */
  borrow(edits: number): void {
    this.#borrowed = { from: this.#edits, to: this.#edits + edits };
    this.#edits += edits;
  }

  /** A message went out that holds, with those before it, all edits. */
  sent(): void {
    this.#flight.push({ n: ++this.#sent, edits: this.#edits });
  }

  /** The first n messages of this connection are saved. */
  saved(n: number): void {
    while (this.#flight[0] && this.#flight[0].n <= n) {
      this.#saved = this.#flight[0].edits;
      this.#flight.shift();
    }
  }

  /** The connection is gone: what it did not call saved waits for the next. */
  disconnected(): void {
    this.#sent = 0;
    this.#flight = [];
  }
}
