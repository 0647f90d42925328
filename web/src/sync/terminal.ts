import { Channel, type ChannelState } from "./channel";
import {
  decodeFrame,
  encodeFrame,
  maxInput,
  type ServerFrame,
  subprotocol,
  type TerminalState,
} from "./frame";
import { closeCode, type OpenSocket } from "./socket";

/** Most bytes of input that may wait for a connection. More is refused. */
export const maxWaiting = 4 << 20;

/** Unacknowledged input is sent over a fresh connection after this many milliseconds of silence. */
const silence = 10_000;

export type TerminalConnection = Exclude<ChannelState, "ended"> | "gone" | "forbidden";

export type TerminalHandlers = {
  /**
   * Bytes that the program printed, in order, each once. Those of a replay were
   * printed before this viewer came: queries among them are answered already.
   */
  output(data: Uint8Array<ArrayBuffer>, replay: boolean): void;
  /** What was shown is not part of what comes now: clear. */
  reset(): void;
  /** The size of the terminal, in cells: the smallest of all visible viewers'. */
  size(cols: number, rows: number): void;
  state(s: TerminalState): void;
  connection(c: TerminalConnection): void;
};

type Input = { seq: number; data: Uint8Array };

/**
 * One viewer of a terminal, over as many connections as it takes. Input is kept
 * until it is acknowledged and sent again after a reconnect with the same
 * numbers and bytes, so that no keystroke is lost or doubled; output is counted
 * by offset, so that none is missed or shown twice.
 */
export class TerminalClient {
  #handlers: TerminalHandlers;
  #channel: Channel;
  #id: string;
  #offset = 0;
  #head = 0;
  #next = 1;
  #acked = 0;
  #queue: Input[] = [];
  #waiting = 0;
  #greeted = false;
  #restart = false;
  #size = { cols: 0, rows: 0 };
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #newID: () => string;

  /** url gives the socket's address for a client id and an offset. */
  constructor(
    url: (client: string, offset: number) => string,
    handlers: TerminalHandlers,
    open?: OpenSocket,
    newID: () => string = randomID,
  ) {
    this.#handlers = handlers;
    this.#newID = newID;
    this.#id = newID();
    this.#channel = new Channel({
      url: () => url(this.#id, this.#offset),
      protocols: [subprotocol],
      opened: () => {},
      message: (m) => this.#message(m),
      closed: (code) => this.#closed(code),
      // That it ended is told with its reason in #closed.
      state: (s) => s !== "ended" && handlers.connection(s),
      ...(open ? { open } : {}),
    });
  }

  /** Bytes of input that are not acknowledged yet. */
  get waiting(): number {
    return this.#waiting;
  }

  start(): void {
    this.#channel.start();
  }

  /** Stops trying, until start: the project does not run. */
  pause(): void {
    this.#lostConnection();
    this.#channel.pause();
  }

  /** Leaves the terminal; it goes on without this viewer. */
  end(): void {
    this.#lostConnection();
    this.#channel.end();
  }

  wake(): void {
    this.#channel.wake();
  }

  /**
   * Types bytes. They are sent when there is a connection. False when too much
   * waits already; nothing of it is taken then.
   */
  input(data: Uint8Array): boolean {
    if (data.length === 0) return true;
    if (this.#waiting + data.length > maxWaiting) return false;
    for (let at = 0; at < data.length; at += maxInput) {
      const part = { seq: this.#next++, data: data.slice(at, at + maxInput) };
      this.#queue.push(part);
      this.#waiting += part.data.length;
      if (this.#greeted) this.#send(part);
    }
    return true;
  }

  /** Says what can be shown, in cells; 0 and 0 while hidden. */
  resize(cols: number, rows: number): void {
    if (this.#size.cols === cols && this.#size.rows === rows) return;
    this.#size = { cols, rows };
    if (this.#greeted) this.#channel.send(encodeFrame({ kind: "resize", cols, rows }));
  }

  /** Runs the program again, when it has exited; also over the next connection. */
  restart(): void {
    if (this.#greeted) this.#channel.send(encodeFrame({ kind: "restart" }));
    else this.#restart = true;
  }

  #send(i: Input): void {
    this.#channel.send(encodeFrame({ kind: "input", seq: i.seq, data: i.data }));
    this.#watch();
  }

  /** Watches for a connection that looks open and is dead. */
  #watch(): void {
    clearTimeout(this.#watchdog);
    if (this.#queue.length === 0 || !this.#greeted) return;
    this.#watchdog = setTimeout(() => {
      // While the browser still writes, or a program reads slowly, waiting helps more.
      if (this.#channel.buffered > 0 || this.#waiting > maxInput) {
        this.#watch();
        return;
      }
      this.#lostConnection();
      this.#channel.renew();
    }, silence);
  }

  #message(msg: Uint8Array<ArrayBuffer> | string): void {
    const f = typeof msg === "string" ? undefined : decodeFrame(msg);
    if (!f) return; // a newer server may say more than we know
    switch (f.kind) {
      case "hello":
        this.#hello(f);
        break;
      case "ack":
        this.#acknowledge(f.seq);
        this.#watch();
        break;
      case "output":
        this.#output(f.offset, f.data);
        break;
      case "reset":
        this.#offset = f.offset;
        this.#handlers.reset();
        break;
      case "size":
        this.#handlers.size(f.cols, f.rows);
        break;
      case "state":
        this.#handlers.state(f.state);
    }
  }

  #hello(f: Extract<ServerFrame, { kind: "hello" }>): void {
    this.#head = f.head;
    if (f.seq < this.#acked || f.seq >= this.#next) {
      // The project does not know this client's numbers any more.
      this.#beginAgain();
      this.#channel.renew();
      return;
    }
    this.#acknowledge(f.seq);
    this.#greeted = true;
    const { cols, rows } = this.#size;
    if (cols > 0) this.#channel.send(encodeFrame({ kind: "resize", cols, rows }));
    if (this.#restart) this.#channel.send(encodeFrame({ kind: "restart" }));
    this.#restart = false;
    for (const i of this.#queue) this.#send(i);
  }

  #acknowledge(seq: number): void {
    this.#acked = Math.max(this.#acked, seq);
    while (this.#queue[0] && this.#queue[0].seq <= seq) {
      this.#waiting -= this.#queue[0].data.length;
      this.#queue.shift();
    }
  }

  #output(offset: number, data: Uint8Array<ArrayBuffer>): void {
    const known = this.#offset - offset;
    if (known >= data.length) return;
    const fresh = known > 0 ? data.subarray(known) : data;
    const start = offset + Math.max(0, known);
    this.#offset = start + fresh.length;
    const old = Math.max(0, Math.min(fresh.length, this.#head - start));
    if (old > 0) this.#handlers.output(fresh.subarray(0, old), true);
    if (old < fresh.length) this.#handlers.output(fresh.subarray(old), false);
  }

  /** A new client id; what was not acknowledged is numbered from 1. */
  #beginAgain(): void {
    this.#lostConnection();
    this.#id = this.#newID();
    this.#acked = 0;
    this.#next = 1;
    for (const i of this.#queue) i.seq = this.#next++;
  }

  #lostConnection(): void {
    this.#greeted = false;
    clearTimeout(this.#watchdog);
  }

  #closed(code: number): "retry" | "now" | "end" {
    const greeted = this.#greeted;
    this.#lostConnection();
    switch (code) {
      case closeCode.gone:
        this.#handlers.connection("gone");
        return "end";
      case closeCode.signedOut:
      case closeCode.forbidden:
        this.#handlers.connection("forbidden");
        return "end";
      case closeCode.protocol:
        this.#beginAgain();
        return greeted ? "now" : "retry";
      default:
        return "retry";
    }
  }
}

function randomID(): string {
  const b = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
}
