import type { OpenSocket, SocketEvents } from "./socket";

type Data = Uint8Array<ArrayBuffer> | string;

/** The project's end of a connection in a test. */
export type Peer = {
  url: string;
  send(data: Data): void;
  close(code: number, reason?: string): void;
  onmessage: (data: Data) => void;
  onclose: () => void;
};

/**
 * A wire between a client under test and a small server in the test. Messages
 * lie on it until step or settle moves them, so that a test can cut it at any
 * moment; what lies on it then is lost, as on a real one.
 */
export class TestWire {
  /** Connections that were asked for, in order. */
  readonly urls: string[] = [];
  /** Refuses connections while true. */
  down = false;
  #accept: (p: Peer) => void;
  #lines: Line[] = [];

  constructor(accept: (p: Peer) => void) {
    this.#accept = accept;
  }

  readonly open: OpenSocket = (url, _protocols, events) => {
    this.urls.push(url);
    const line = new Line(url, events);
    this.#lines.push(line);
    if (this.down) line.toClient.push(() => line.cut(1006));
    else line.toClient.push(() => line.accept(this.#accept));
    return {
      send: (data) => line.toServer.push(() => line.peer.onmessage(data)),
      // As with a real socket, what was sent before still arrives.
      close: () => line.toServer.push(() => line.cut(1005)),
      buffered: 0,
    };
  };

  /** Messages that lie on the wire. */
  get pending(): number {
    return this.#lines.reduce((n, l) => n + l.toClient.length + l.toServer.length, 0);
  }

  /** Moves one message; pick (in [0,1)) says which of the lines and directions. */
  step(pick = 0): boolean {
    const queues = this.#lines.flatMap((l) => [l.toClient, l.toServer]).filter((q) => q.length > 0);
    const queue = queues[Math.floor(pick * queues.length)];
    queue?.shift()?.();
    return queue !== undefined;
  }

  /** Moves everything until nothing lies on the wire. */
  settle(): void {
    while (this.step());
  }

  /** Breaks all connections; what lies on the wire is lost. */
  cut(code = 1006): void {
    for (const l of this.#lines) l.cut(code);
  }
}

class Line {
  toClient: (() => void)[] = [];
  toServer: (() => void)[] = [];
  peer: Peer;
  #over = false;
  #events: SocketEvents;

  constructor(url: string, events: SocketEvents) {
    this.#events = events;
    this.peer = {
      url,
      send: (data) => this.toClient.push(() => events.message(data)),
      close: (code) => this.toClient.push(() => this.cut(code)),
      onmessage: () => {},
      onclose: () => {},
    };
  }

  accept(accept: (p: Peer) => void): void {
    accept(this.peer);
    this.#events.open();
  }

  cut(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.toClient.length = 0;
    this.toServer.length = 0;
    this.peer.send = () => {};
    this.peer.close = () => {};
    this.peer.onclose();
    this.#events.close(code, "");
  }
}

/** A generator of numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
