/** Milliseconds without a word while one is due, after which a connection counts as dead. */
const silence = 10_000;

/** The same after the network or the page came or went: then an answer is quick or does not come. */
const doubt = 3_000;

/** What a Watchdog asks, and whom it tells. */
export type Watched = {
  /** Whether a word is due for another reason than a question. */
  owed: () => boolean;
  /** Whether what was sent is still on its way out. */
  sending: () => boolean;
  /** The connection is silent for too long. */
  dead: () => void;
};

/** A Watchdog gives up a connection that says nothing while a word is due. */
export class Watchdog {
  #watched: Watched;
  #questions = 0;
  #patience = silence;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** A question went out; in doubt, the connection may be dead already. */
  asked(o: { doubt?: boolean } = {}): void {
    this.#questions++;
    if (o.doubt) this.#patience = doubt;
    this.heard();
  }

  /** All questions are answered. */
  answered(): void {
    this.#questions = 0;
    this.#patience = silence;
  }

  /** A word came, or one is owed from now on: the time begins anew. */
  heard(): void {
    clearTimeout(this.#timer);
    if (this.#questions === 0 && !this.#watched.owed()) return;
    this.#timer = setTimeout(() => {
      if (this.#watched.sending()) this.heard();
      else this.#watched.dead();
    }, this.#patience);
  }

  /** There is no connection. */
  stop(): void {
    this.answered();
    clearTimeout(this.#timer);
  }
}
