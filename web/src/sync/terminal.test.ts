import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { decodeFrame, type TerminalState } from "./frame";
import { TerminalClient, type TerminalConnection } from "./terminal";
import { type Peer, random, TestWire } from "./testwire";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Numbers of a client frame, as the Go side reads them. */
function parse(msg: Uint8Array): { kind: number; seq: number; data: Uint8Array } {
  const view = new DataView(msg.buffer, msg.byteOffset, msg.byteLength);
  const kind = view.getUint8(0);
  return { kind, seq: kind === 0x81 ? Number(view.getBigUint64(1)) : 0, data: msg.slice(9) };
}

function numbered(kind: number, n: number, data: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const msg = new Uint8Array(9 + data.length);
  msg[0] = kind;
  new DataView(msg.buffer).setBigUint64(1, BigInt(n));
  msg.set(data, 9);
  return msg;
}

function json(kind: number, v: unknown): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(JSON.stringify(v));
  const msg = new Uint8Array(1 + body.length);
  msg[0] = kind;
  msg.set(body, 1);
  return msg;
}

/** A small terminal server: it echoes, keeps offsets, and counts input by client id. */
class Server {
  typed = "";
  output = new Uint8Array();
  /** First byte that is still kept. */
  start = 0;
  seqs = new Map<string, number>();
  peers = new Set<{ peer: Peer; pos: number }>();
  sizes: string[] = [];
  restarts = 0;
  answers = true;
  gaps = 0;

  accept(peer: Peer): void {
    const query = new URL(peer.url, "http://x").searchParams;
    const client = query.get("client") ?? "";
    const viewer = { peer, pos: Number(query.get("offset")) };
    peer.send(json(0x06, { head: this.output.length, seq: this.seqs.get(client) ?? 0 }));
    if (viewer.pos < this.start || viewer.pos > this.output.length) {
      viewer.pos = this.start;
      peer.send(numbered(0x05, viewer.pos));
    }
    peer.send(
      json(0x04, { id: "t", name: "one", title: "", viewers: [], exited: null, answers: this.answers }),
    );
    this.peers.add(viewer);
    this.feed();
    peer.onclose = () => this.peers.delete(viewer);
    peer.onmessage = (m) => {
      if (typeof m === "string") return;
      const f = parse(m);
      if (f.kind === 0x82) this.sizes.push([...m.slice(1)].join(","));
      if (f.kind === 0x83) this.restarts++;
      if (f.kind !== 0x81) return;
      const last = this.seqs.get(client) ?? 0;
      if (f.seq > last + 1) {
        this.gaps++;
        peer.close(4400);
        return;
      }
      if (f.seq === last + 1) {
        this.typed += new TextDecoder().decode(f.data);
        this.seqs.set(client, f.seq);
        this.print(f.data);
      }
      peer.send(numbered(0x02, this.seqs.get(client) ?? 0));
    };
  }

  print(data: Uint8Array | string): void {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    const joined = new Uint8Array(this.output.length + bytes.length);
    joined.set(this.output);
    joined.set(bytes, this.output.length);
    this.output = joined;
    this.feed();
  }

  feed(): void {
    for (const v of this.peers) {
      if (v.pos >= this.output.length) continue;
      v.peer.send(numbered(0x01, v.pos, this.output.slice(v.pos)));
      v.pos = this.output.length;
    }
  }
}

function setUp() {
  const server = new Server();
  const wire = new TestWire((p) => server.accept(p));
  const seen = {
    text: "",
    replayed: "",
    resets: 0,
    states: [] as TerminalState[],
    connections: [] as string[],
  };
  let ids = 0;
  const client = new TerminalClient(
    (id, offset) => `/socket?client=${id}&offset=${offset}`,
    {
      output: (d, replay) => {
        seen.text += new TextDecoder().decode(d);
        if (replay) seen.replayed += new TextDecoder().decode(d);
      },
      reset: () => {
        seen.text = "";
        seen.resets++;
      },
      size: () => {},
      state: (s) => seen.states.push(s),
      connection: (c: TerminalConnection) => seen.connections.push(c),
    },
    wire.open,
    () => `c${++ids}`,
  );
  const type = (s: string) => client.input(new TextEncoder().encode(s));
  return { server, wire, seen, client, type };
}

test("input typed before there is a connection arrives once", () => {
  const { server, wire, client, type, seen } = setUp();
  type("l");
  type("s\r");
  client.start();
  wire.settle();
  expect(server.typed).toBe("ls\r");
  expect(seen.text).toBe("ls\r");
  expect(client.waiting).toBe(0);
});

test("what was printed before is a replay, what comes later is not", () => {
  const { server, wire, client, seen } = setUp();
  server.print("old \x1b[6n");
  client.start();
  wire.settle();
  server.print("new \x1b[6n");
  wire.settle();
  expect(seen.replayed).toBe("old \x1b[6n");
  expect(seen.text).toBe("old \x1b[6nnew \x1b[6n");
});

test("input over 64 KiB goes in several frames", () => {
  const { server, wire, client, type } = setUp();
  client.start();
  wire.settle();
  type("x".repeat(150_000));
  wire.settle();
  expect(server.typed.length).toBe(150_000);
  expect([...server.seqs.values()]).toEqual([3]);
});

test("more than may wait is refused as a whole", () => {
  const { client, type } = setUp();
  expect(type("x".repeat(4 << 20))).toBe(true);
  expect(type("y")).toBe(false);
  expect(client.waiting).toBe(4 << 20);
});

test("a reset clears and goes on from its offset", () => {
  const { server, wire, client, seen } = setUp();
  client.start();
  server.print("gone");
  wire.settle();
  wire.cut();
  server.print(" more");
  server.start = 6;
  vi.advanceTimersByTime(1000);
  wire.settle();
  expect(seen.resets).toBe(1);
  expect(seen.text).toBe("ore");
});

test("size and restart are said again after a reconnect", () => {
  const { server, wire, client } = setUp();
  client.resize(80, 24);
  client.restart();
  client.start();
  wire.settle();
  wire.cut();
  client.resize(100, 30);
  vi.advanceTimersByTime(1000);
  wire.settle();
  expect(server.sizes).toEqual(["0,80,0,24", "0,100,0,30"]);
  expect(server.restarts).toBe(1);
});

test("a client that is not known any more begins again with another id", () => {
  const { server, wire, client, type } = setUp();
  client.start();
  type("a");
  wire.settle();
  server.seqs.clear();
  wire.cut();
  type("b");
  vi.advanceTimersByTime(1000);
  wire.settle();
  expect(server.typed).toBe("ab");
  expect([...server.seqs.entries()]).toEqual([["c2", 1]]);
});

test("a terminal that was ended is not tried again", () => {
  const { wire, client, seen } = setUp();
  client.start();
  wire.settle();
  wire.cut(4404);
  vi.advanceTimersByTime(60_000);
  expect(wire.urls.length).toBe(1);
  expect(seen.connections.at(-1)).toBe("gone");
});

test("a connection that acknowledges nothing is replaced", () => {
  const { server, wire, client, type } = setUp();
  client.start();
  wire.settle();
  type("x");
  vi.advanceTimersByTime(11_000);
  expect(wire.urls.length).toBe(2);
  wire.settle();
  expect(server.typed).toBe("x");
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])("random drops lose and double nothing (%i)", (block) => {
  for (let seed = block * 30; seed < block * 30 + 30; seed++) {
    const rand = random(seed);
    const { server, wire, client, type, seen } = setUp();
    let want = "";
    client.start();
    for (let i = 0; i < 200; i++) {
      const dice = rand();
      if (dice < 0.25) {
        const s = `${seed}.${i};`;
        want += s;
        type(s);
      } else if (dice < 0.29) wire.cut(rand() < 0.5 ? 1006 : 4503);
      else if (dice < 0.33) vi.advanceTimersByTime(rand() * 5000);
      else if (dice < 0.34) client.wake();
      else if (dice < 0.35) wire.down = !wire.down;
      else wire.step(rand());
    }
    wire.down = false;
    for (let i = 0; i < 10; i++) {
      wire.settle();
      vi.advanceTimersByTime(20_000);
    }
    wire.settle();
    expect(server.typed, `seed ${seed}`).toBe(want);
    expect(seen.text, `seed ${seed}`).toBe(want);
    expect(server.gaps, `seed ${seed}`).toBe(0);
    expect(client.waiting).toBe(0);
    client.end();
  }
});

test.each([
  ["nothing", []],
  ["an unknown kind", [0x77, 1, 2]],
  ["a short number", [0x01, 0, 0]],
  ["a long acknowledgement", [0x02, 0, 0, 0, 0, 0, 0, 0, 1, 9]],
  ["a number above 2^53", [0x05, 255, 0, 0, 0, 0, 0, 0, 1]],
  ["JSON that is none", [0x04, 0x7b]],
  ["a state without its fields", [0x04, 0x7b, 0x7d]],
  ["a size of three bytes", [0x03, 0, 1, 0]],
])("%s is no frame", (_, bytes) => {
  expect(decodeFrame(new Uint8Array(bytes))).toBeUndefined();
});
