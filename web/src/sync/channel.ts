import { closeCode, type OpenSocket, openWebSocket, type Socket } from "./socket";

/** Where a channel is: opening, open, waiting for its next try, or ended. */
export type ChannelState = "connecting" | "open" | "waiting" | "paused" | "ended";

export type ChannelConfig = {
  /** Asked before each try: the address may change (offset, epoch, new path). */
  url: () => string;
  protocols?: string[];
  opened: () => void;
  message: (data: Uint8Array<ArrayBuffer> | string) => void;
  /**
   * The connection ended, or could not be made (opened is false then). Says
   * whether to try again: later with growing waits, at once, or never.
   */
  closed: (code: number, reason: string, opened: boolean) => "retry" | "now" | "end";
  state?: (s: ChannelState) => void;
  open?: OpenSocket;
};

/** Milliseconds: the first wait, the longest, and how long a try may take. */
const firstWait = 300;
const longestWait = 15_000;
const openTime = 15_000;
/** A connection that lasted this long counts as good: the waits begin anew. */
const goodTime = 5_000;

/**
 * A Channel keeps one WebSocket open: it tries again after it broke, with waits
 * that grow and are partly random, and at once when the browser says that the
 * network is back or the page is looked at. It carries messages and knows
 * nothing of what they mean.
 */
export class Channel {
  #config: ChannelConfig;
  #socket: Socket | undefined;
  #state: ChannelState = "paused";
  #tries = 0;
  #openedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #generation = 0;
  #stopListening: () => void;

  constructor(config: ChannelConfig) {
    this.#config = config;
    this.#stopListening = listen(() => this.wake());
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** Bytes that wait in the browser. */
  get buffered(): number {
    return this.#socket?.buffered ?? 0;
  }

  /** Begins, or goes on after pause. */
  start(): void {
    if (this.#state === "paused") this.#connect();
  }

  /** Closes the connection until start is called. The pending try is dropped. */
  pause(): void {
    if (this.#state === "ended" || this.#state === "paused") return;
    this.#drop();
    this.#set("paused");
  }

  /** Ends the channel for good. */
  end(): void {
    if (this.#state === "ended") return;
    this.#drop();
    this.#stopListening();
    this.#set("ended");
  }

  /** Tries now if it waits. */
  wake(): void {
    if (this.#state !== "waiting") return;
    this.#tries = 0;
    this.#connect();
  }

  /** Gives up the connection, which is thought to be dead, and makes a new one. */
  renew(): void {
    if (this.#state !== "open" && this.#state !== "connecting") return;
    this.#drop();
    this.#connect();
  }

  /** Gives up the connection, which misbehaves, and makes a new one after a wait. */
  fail(): void {
    if (this.#state !== "open" && this.#state !== "connecting") return;
    this.#drop();
    this.#wait();
  }

  /** Sends if the connection is open, and says whether it was. */
  send(data: Uint8Array<ArrayBuffer> | string): boolean {
    if (this.#state !== "open" || !this.#socket) return false;
    this.#socket.send(data);
    return true;
  }

  #connect(): void {
    clearTimeout(this.#timer);
    const generation = ++this.#generation;
    const current = () => generation === this.#generation;
    let opened = false;
    this.#set("connecting");
    if (!current()) return;
    const open = this.#config.open ?? openWebSocket;
    this.#timer = setTimeout(() => current() && this.#lost(closeCode.broken, "no answer", opened), openTime);
    this.#socket = open(this.#config.url(), this.#config.protocols ?? [], {
      open: () => {
        if (!current()) return;
        opened = true;
        clearTimeout(this.#timer);
        this.#openedAt = Date.now();
        this.#set("open");
        this.#config.opened();
      },
      message: (data) => {
        if (current()) this.#config.message(data);
      },
      close: (code, reason) => {
        if (current()) this.#lost(code, reason, opened);
      },
    });
  }

  #lost(code: number, reason: string, opened: boolean): void {
    this.#drop();
    const generation = this.#generation;
    // A connection that lasted was good, whatever ended it.
    if (opened && Date.now() - this.#openedAt > goodTime) this.#tries = 0;
    const what = this.#config.closed(code, reason, opened);
    // The callback may have paused, ended or restarted the channel.
    if (generation !== this.#generation || this.#state === "ended" || this.#state === "paused") return;
    if (what === "end") this.end();
    else if (what === "now") this.#connect();
    else this.#wait();
  }

  #wait(): void {
    const full = Math.min(longestWait, firstWait * 2 ** this.#tries++);
    this.#timer = setTimeout(() => this.#connect(), full / 2 + (Math.random() * full) / 2);
    this.#set("waiting");
  }

  /** Forgets the socket; none of its events is heard any more. */
  #drop(): void {
    this.#generation++;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #set(s: ChannelState): void {
    if (this.#state === s) return;
    this.#state = s;
    this.#config.state?.(s);
  }
}

/** Calls f when the network is back and when the page is looked at again. */
function listen(f: () => void): () => void {
  if (typeof window === "undefined") return () => {};
  const seen = () => {
    if (document.visibilityState === "visible") f();
  };
  window.addEventListener("online", f);
  document.addEventListener("visibilitychange", seen);
  return () => {
    window.removeEventListener("online", f);
    document.removeEventListener("visibilitychange", seen);
  };
}
