import { inProject, socket } from "../../api/address";
import type { CommMessage, FromNotebook, NotebookState, RequestKind, ToNotebook } from "../../api/notebooks";
import { Channel } from "../../sync/channel";
import { closeCode, type OpenSocket } from "../../sync/socket";
import { Store } from "../../sync/store";
import { record } from "./cell";

/** What the page knows of a notebook's kernel. live: the project tells it now. */
export type LinkState = { live: boolean; state: NotebookState };

/** Milliseconds for which an answer of a kernel is waited for; it may be at work. */
const patience = 10_000;

/**
 * The connection of a page to the kernel of a notebook: what it is doing, questions
 * to it (completion, tooltips), and the messages of widgets. Running is no part of
 * it: that is asked of the project, and goes on without.
 */
export class KernelLink {
  readonly state: Store<LinkState>;
  /** Is told each message of a comm. */
  comm: (msg: CommMessage) => void = () => {};
  #channel: Channel;
  #asked = new Map<string, (content: Record<string, unknown> | undefined) => void>();
  #next = 0;
  #path: string;

  constructor(project: string, path: string, open?: OpenSocket) {
    this.#path = path;
    this.state = new Store<LinkState>({ live: false, state: { path, queue: [] } });
    this.#channel = new Channel({
      url: () => socket(inProject(project, "notebooks", this.#path)).href,
      opened: () => {},
      message: (m) => this.#message(m),
      closed: (code) => {
        this.#lost();
        return code === closeCode.signedOut || code === closeCode.forbidden ? "end" : "retry";
      },
      state: (s) => {
        if (s !== "open") this.#lost();
      },
      ...(open ? { open } : {}),
    });
  }

  start(): void {
    this.#channel.start();
    this.#channel.wake();
  }

  pause(): void {
    this.#lost();
    this.#channel.pause();
  }

  end(): void {
    this.#lost();
    this.#channel.end();
  }

  /** The file has another name. */
  move(path: string): void {
    if (path === this.#path) return;
    this.#path = path;
    this.#channel.renew();
  }

  /** What was answered to an action; where the socket tells the state, that is the newer one. */
  told(state: NotebookState): void {
    if (!this.state.get().live) this.state.set({ live: false, state });
  }

  /** Asks the kernel. Undefined: it did not answer, or cannot be asked. */
  ask(
    type: RequestKind,
    content: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<Record<string, unknown> | undefined> {
    const id = String(this.#next++);
    if (!this.#send({ t: "request", id, type, content })) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const done = (answer: Record<string, unknown> | undefined) => {
        clearTimeout(timer);
        this.#asked.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => done(undefined), patience);
      signal?.addEventListener("abort", () => done(undefined), { once: true });
      this.#asked.set(id, done);
    });
  }

  /** Sends a message of a comm; false when there is no connection. */
  sendComm(msg: CommMessage): boolean {
    return this.#send({ t: "comm", msg });
  }

  #send(m: ToNotebook): boolean {
    return this.#channel.send(JSON.stringify(m));
  }

  #lost(): void {
    for (const done of [...this.#asked.values()]) done(undefined);
    const now = this.state?.get();
    if (now?.live) this.state.set({ ...now, live: false });
  }

  #message(data: Uint8Array | string): void {
    if (typeof data !== "string") return;
    const m = parse(data);
    switch (m?.t) {
      case "state": {
        const { t: _, ...state } = m;
        this.state.set({ live: true, state });
        break;
      }
      case "input": {
        const { input } = m;
        const { live, state } = this.state.get();
        this.state.set({ live, state: { ...state, input } });
        break;
      }
      case "reply":
        this.#asked.get(String(m.id))?.(m.error === undefined ? record(m.content) : undefined);
        break;
      case "comm":
        this.comm(m.msg);
    }
  }
}

function parse(text: string): FromNotebook | undefined {
  try {
    const v: unknown = JSON.parse(text);
    // The project's tests hold it to the type; kinds that are not known are left out above.
    return typeof v === "object" && v !== null && "t" in v ? (v as FromNotebook) : undefined;
  } catch {
    return undefined;
  }
}
