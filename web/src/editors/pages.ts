// Parts of a file that are read as they come onto the screen: pages by number, the
// ones that were not looked at longest forgotten first.

export type Pages<T> = {
  /** The page, if it is there; asks for it otherwise. */
  get(page: number): T | undefined;
  /** Why the last page could not be read. */
  error: unknown;
};

/** Reads pages one after the other, those that are wanted now first. */
export class Pager<T> implements Pages<T> {
  error: unknown;
  #read: (page: number, signal: AbortSignal) => Promise<T>;
  #changed: () => void;
  #most: number;
  #pages = new Map<number, T>();
  #wanted = new Map<number, number>();
  #turn = 0;
  #running = new Map<number, AbortController>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(read: (page: number, signal: AbortSignal) => Promise<T>, changed: () => void, most = 40) {
    this.#read = read;
    this.#changed = changed;
    this.#most = most;
  }

  get(page: number): T | undefined {
    const found = this.#pages.get(page);
    if (found !== undefined) {
      this.#pages.delete(page);
      this.#pages.set(page, found);
      return found;
    }
    this.#wanted.set(page, this.#turn);
    this.#timer ??= setTimeout(() => this.#go(), 30);
    return undefined;
  }

  /** The page if it is there, without asking for it. */
  peek(page: number): T | undefined {
    return this.#pages.get(page);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const c of this.#running.values()) c.abort();
  }

  #go(): void {
    this.#timer = undefined;
    // Only what the last drawing asked for is still wanted.
    const wanted = [...this.#wanted].filter(([, turn]) => turn === this.#turn).map(([page]) => page);
    this.#wanted.clear();
    this.#turn++;
    for (const [page, c] of this.#running) if (!wanted.includes(page)) c.abort();
    for (const page of wanted) if (!this.#running.has(page)) void this.#one(page);
  }

  async #one(page: number): Promise<void> {
    const stop = new AbortController();
    this.#running.set(page, stop);
    try {
      const got = await this.#read(page, stop.signal);
      if (this.#ended) return;
      this.#pages.set(page, got);
      for (const old of this.#pages.keys()) {
        if (this.#pages.size <= this.#most) break;
        this.#pages.delete(old);
      }
      this.error = undefined;
    } catch (e) {
      if (stop.signal.aborted || this.#ended) return;
      this.error = e;
    } finally {
      this.#running.delete(page);
    }
    this.#changed();
  }
}
