import { type DocumentConfig, DocumentSession, type Kept } from "./document";
import { Store } from "./store";

/** Milliseconds for which a document that nobody looks at is kept while edits of it wait. */
const lingerTime = 10 * 60_000;

type Held = {
  session: DocumentSession;
  users: number;
  stop: () => void;
  timer?: ReturnType<typeof setTimeout>;
};

/**
 * The live documents of one project in this browser: one session a path, however
 * many editors show it. A session that nobody uses any more lives on until its
 * edits are saved.
 */
export class Documents {
  /**
   * Told of a file that nobody has open, and whose edits could not be merged; of one that
   * is not there any more they still wait, and are merged where it is found again.
   */
  stranded: (path: string, kept: Kept) => void = () => {};
  /** Edits in all documents that are not known to be saved. */
  readonly waiting = new Store(0);
  #config: Omit<DocumentConfig, "path">;
  #held = new Map<string, Held>();
  #running = false;

  constructor(config: Omit<DocumentConfig, "path">) {
    this.#config = config;
  }

  /** The session of a path. Each open needs one release. */
  open(path: string): DocumentSession {
    const found = this.#held.get(path);
    if (found && found.session.state.get().connection !== "over") {
      found.users++;
      clearTimeout(found.timer);
      return found.session;
    }
    const session = new DocumentSession({ ...this.#config, path });
    const held: Held = { session, users: 1, stop: () => {} };
    held.stop = session.state.subscribe(() => this.#changed(held));
    this.#held.set(path, held);
    if (this.#running) session.start();
    return session;
  }

  release(session: DocumentSession): void {
    const held = [...this.#held.values()].find((h) => h.session === session);
    if (!held) session.end(); // another session has its path by now
    if (!held || --held.users > 0) return;
    if (session.state.get().waiting === 0 || session.state.get().connection === "over") {
      this.#drop(held);
      return;
    }
    session.awareness.setLocalState(null);
    held.timer = setTimeout(() => this.#drop(held), lingerTime);
  }

  /** Whether the edits that wait would be lost with this page. */
  get unsafe(): boolean {
    return [...this.#held.values()].some(({ session }) => session.state.get().waiting > 0 && !session.safe);
  }

  /** How many edits wait in what this browser keeps of the file at a path; undefined when that is nothing. */
  async copyOf(path: string): Promise<number | undefined> {
    return this.#config.copies?.has(path);
  }

  /** Sends what this browser kept of edits that wait, of files that nobody has open. Answers their paths. */
  async sendWaiting(): Promise<string[]> {
    const all = (await this.#config.copies?.waiting()) ?? [];
    const paths = all.map((w) => w.path).filter((path) => !this.#held.has(path));
    await Promise.all(
      paths.map(async (path) => {
        const session = this.open(path);
        await session.read;
        this.release(session);
      }),
    );
    return paths;
  }

  /** The project runs, or does not: connect, or stop trying. */
  setRunning(running: boolean): void {
    if (running && !this.#running) {
      this.sendWaiting().catch((err: unknown) =>
        this.#config.report?.("edits that wait cannot be read", err),
      );
    }
    this.#running = running;
    for (const { session } of this.#held.values()) {
      if (running) session.start();
      else session.pause();
    }
  }

  /** Tries at once where a try is waited for. */
  wake(): void {
    for (const { session } of this.#held.values()) session.wake();
  }

  /** The session that is open for a path, if any; it stays the opener's. */
  get(path: string): DocumentSession | undefined {
    return this.#held.get(path)?.session;
  }

  #changed(held: Held): void {
    const { path, waiting, connection, kept } = held.session.state.get();
    if (this.#held.get(path) !== held) this.#rekey(held, path);
    if (held.users === 0 && (waiting === 0 || connection === "over")) {
      if (kept) this.stranded(path, kept);
      this.#drop(held);
    }
    this.#count();
  }

  /** The file was renamed: its session goes on under the new path. */
  #rekey(held: Held, path: string): void {
    for (const [key, h] of this.#held) if (h === held) this.#held.delete(key);
    if (!this.#held.has(path)) this.#held.set(path, held);
  }

  #drop(held: Held): void {
    clearTimeout(held.timer);
    held.stop();
    for (const [key, h] of this.#held) if (h === held) this.#held.delete(key);
    held.session.end();
    this.#count();
  }

  #count(): void {
    let n = 0;
    for (const { session } of this.#held.values()) n += session.state.get().waiting;
    this.waiting.set(n);
  }
}
