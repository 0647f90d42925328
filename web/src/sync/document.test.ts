import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as Y from "yjs";
import { DocumentSession, type Over } from "./document";
import { Documents } from "./documents";
import { decodeMessage, encodeMessage, type Message, type Note } from "./message";
import { type Peer, random, TestWire } from "./testwire";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

type Viewer = { peer: Peer; messages: number; saved: number };

/** A small document server with yjs: it has memory and, apart from it, a disk. */
class Server {
  doc = new Y.Doc();
  disk = Y.encodeStateAsUpdate(new Y.Doc());
  epoch = "e1";
  readOnly = false;
  viewers = new Set<Viewer>();
  /** Refuses every connection with this code, after it opened. */
  refuse = 0;

  constructor(text = "") {
    this.doc.getText("text").insert(0, text);
    this.sync();
  }

  accept(peer: Peer): void {
    const epoch = new URL(peer.url, "http://x").searchParams.get("epoch");
    if (this.refuse || (epoch && epoch !== this.epoch)) {
      peer.close(this.refuse || 4409);
      return;
    }
    const v: Viewer = { peer, messages: 0, saved: 0 };
    this.viewers.add(v);
    peer.onclose = () => this.viewers.delete(v);
    this.note(v, { t: "hello", doc: "d", epoch: this.epoch, readOnly: this.readOnly, path: "a.py" });
    this.note(v, { t: "file", state: "clean" });
    this.send(v, { kind: "step1", vector: plain(Y.encodeStateVector(this.doc)) });
    peer.onmessage = (data) => {
      if (typeof data === "string") throw new Error("text on a document's socket");
      const m = decodeMessage(data);
      if (m) this.take(v, m);
    };
  }

  take(v: Viewer, m: Message): void {
    switch (m.kind) {
      case "step1":
        this.send(v, { kind: "step2", update: plain(Y.encodeStateAsUpdate(this.doc, m.vector)) });
        break;
      case "step2":
      case "update":
        if (this.readOnly && m.kind === "update") v.peer.close(4403);
        else Y.applyUpdate(this.doc, m.update, v);
        v.messages++;
        for (const o of this.viewers) if (o !== v) this.send(o, { kind: "update", update: m.update });
        break;
      case "awareness":
        for (const o of this.viewers) if (o !== v) this.send(o, m);
    }
  }

  /** Writes memory to disk and says so. */
  sync(): void {
    this.disk = Y.encodeStateAsUpdate(this.doc);
    for (const v of this.viewers) {
      if (v.messages > v.saved) this.note(v, { t: "saved", n: v.messages });
      v.saved = v.messages;
    }
  }

  /** Memory is what is on disk; as after kill -9. The wire must be cut as well. */
  crash(): void {
    this.doc = new Y.Doc();
    Y.applyUpdate(this.doc, this.disk);
  }

  /** The log is lost: the text begins a new life. */
  newEpoch(text: string): void {
    this.doc = new Y.Doc();
    this.doc.getText("text").insert(0, text);
    this.epoch += "+";
    this.sync();
  }

  text(): string {
    return this.doc.getText("text").toString();
  }

  note(v: Viewer, note: Note): void {
    this.send(v, { kind: "note", note });
  }

  send(v: Viewer, m: Message): void {
    v.peer.send(encodeMessage(m));
  }
}

function plain(b: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(b);
}

function setUp(text = "", probe?: () => Promise<Over | undefined>) {
  const server = new Server(text);
  const wire = new TestWire((p) => server.accept(p));
  const make = (name: string) =>
    new DocumentSession({
      path: "a.py",
      url: (path, query) => `/sync/${path}?${query}`,
      self: { account: name, name, colour: 1 },
      open: wire.open,
      ...(probe ? { probe } : {}),
    });
  const session = make("ada");
  session.start();
  return { server, wire, session, make };
}

/** Lets reconnects and watchdogs come, and moves all that lies on the wire. */
function rest(wire: TestWire, ms = 60_000): void {
  for (let i = 0; i < 4; i++) {
    wire.settle();
    vi.advanceTimersByTime(ms / 4);
  }
  wire.settle();
}

describe("a session", () => {
  test("is synced when the project's state is there", () => {
    const { wire, session } = setUp("hello");
    expect(session.state.get()).toMatchObject({ connection: "connecting", synced: false });
    wire.settle();
    expect(session.state.get()).toMatchObject({ connection: "live", synced: true, waiting: 0 });
    expect(session.text.toString()).toBe("hello");
  });

  test("counts edits until they are called saved", () => {
    const { server, wire, session } = setUp("hello");
    wire.settle();
    session.text.insert(5, " w");
    session.text.insert(7, "orld");
    expect(session.state.get().waiting).toBe(2);
    wire.settle();
    expect(server.text()).toBe("hello world");
    expect(session.state.get().waiting).toBe(2);
    server.sync();
    wire.settle();
    expect(session.state.get().waiting).toBe(0);
  });

  test("counts an edit as waiting when only the ones before it are saved", () => {
    const { server, wire, session } = setUp();
    wire.settle();
    session.text.insert(0, "a");
    wire.settle();
    session.text.insert(1, "b");
    server.sync();
    wire.settle();
    expect(session.state.get().waiting).toBe(1);
  });

  test("keeps edits while the project is away and merges them when it is back", () => {
    const { server, wire, session } = setUp("base");
    wire.settle();
    wire.down = true;
    wire.cut();
    session.text.insert(4, " mine");
    server.doc.getText("text").insert(0, "theirs ");
    expect(session.state.get()).toMatchObject({ connection: "offline", waiting: 1 });
    vi.advanceTimersByTime(30_000);
    wire.settle();
    wire.down = false;
    session.wake();
    wire.settle();
    server.sync();
    wire.settle();
    expect(server.text()).toBe("theirs base mine");
    expect(session.text.toString()).toBe("theirs base mine");
    expect(session.state.get()).toMatchObject({ connection: "live", waiting: 0 });
  });

  test("counts edits that a crash lost as waiting until they are saved after it", () => {
    const { server, wire, session } = setUp();
    wire.settle();
    session.text.insert(0, "a");
    wire.settle();
    server.crash();
    wire.cut();
    expect(server.text()).toBe("");
    expect(session.state.get().waiting).toBe(1);
    rest(wire);
    server.sync();
    wire.settle();
    expect(server.text()).toBe("a");
    expect(session.state.get().waiting).toBe(0);
  });

  test("states its document and epoch when it comes back", () => {
    const { wire } = setUp();
    wire.settle();
    wire.cut();
    rest(wire, 4000);
    expect(wire.urls).toEqual(["/sync/a.py?v=lyceum1", "/sync/a.py?v=lyceum1&epoch=e1&doc=d"]);
  });

  test("starts anew in a new epoch and keeps what was not saved as text", () => {
    const { server, wire, session } = setUp("one");
    wire.settle();
    session.text.insert(3, " two");
    wire.cut();
    server.newEpoch("one");
    rest(wire, 4000);
    expect(session.text.toString()).toBe("one");
    expect(server.text()).toBe("one");
    expect(session.state.get()).toMatchObject({
      generation: 1,
      synced: true,
      waiting: 0,
      kept: { text: "one two", edits: 1, why: "epoch" },
    });
    session.dismissKept();
    expect(session.state.get().kept).toBeUndefined();
  });

  test("starts anew in silence when nothing waited", () => {
    const { server, wire, session } = setUp("one");
    wire.settle();
    wire.cut();
    server.newEpoch("other");
    rest(wire, 4000);
    expect(session.text.toString()).toBe("other");
    expect(session.state.get().kept).toBeUndefined();
  });

  test("does not send edits of one who may only read by now", () => {
    const { server, wire, session } = setUp("one");
    wire.settle();
    wire.down = true;
    wire.cut();
    session.text.insert(3, "!");
    server.readOnly = true;
    wire.down = false;
    rest(wire);
    expect(server.text()).toBe("one");
    expect(session.text.toString()).toBe("one");
    expect(session.state.get()).toMatchObject({ readOnly: true, kept: { text: "one!", why: "rights" } });
  });

  test.each([
    [4404, "deleted"],
    [4413, "too-large"],
    [4415, "not-text"],
    [4401, "signed-out"],
  ] as const)("is over after %i: %s", (code, over) => {
    const { wire, session } = setUp("text");
    wire.settle();
    session.text.insert(0, "my ");
    wire.cut(code);
    rest(wire);
    expect(session.state.get()).toMatchObject({ connection: "over", over, kept: { text: "my text" } });
    expect(wire.urls.length).toBe(1);
  });

  test("tries again when rights changed, and gives up after some refusals", () => {
    const { server, wire, session } = setUp("text");
    wire.settle();
    wire.cut(4403);
    rest(wire, 4000);
    expect(session.state.get().connection).toBe("live");
    server.refuse = 4403;
    wire.cut(4403);
    rest(wire);
    expect(session.state.get()).toMatchObject({ connection: "over", over: "forbidden" });
  });

  test("asks why when it cannot even connect", async () => {
    const { wire, session } = setUp("", async () => "deleted");
    wire.down = true;
    wire.cut();
    await vi.advanceTimersByTimeAsync(1000);
    wire.settle();
    await vi.advanceTimersByTimeAsync(1000);
    expect(session.state.get()).toMatchObject({ connection: "over", over: "deleted" });
  });

  test("goes on under the new path when the file is moved", () => {
    const { server, wire, session } = setUp("x");
    wire.settle();
    for (const v of server.viewers) server.note(v, { t: "moved", path: "dir/b.py" });
    wire.settle();
    expect(session.state.get().path).toBe("dir/b.py");
  });

  test("shows why it cannot be saved, until it is", () => {
    const { server, wire, session } = setUp("x");
    wire.settle();
    session.text.insert(0, "y");
    wire.settle();
    for (const v of server.viewers)
      server.note(v, { t: "error", code: "exhausted", message: "the disk is full" });
    wire.settle();
    vi.advanceTimersByTime(60_000);
    expect(session.state.get()).toMatchObject({
      problem: "the disk is full",
      waiting: 1,
      connection: "live",
    });
    server.sync();
    wire.settle();
    expect(session.state.get().problem).toBeUndefined();
  });

  test("gives up a connection that says nothing while an answer is due", () => {
    const { wire, session } = setUp("x");
    wire.settle();
    session.text.insert(0, "y");
    vi.advanceTimersByTime(11_000);
    expect(wire.urls.length).toBe(2);
    expect(session.state.get()).toMatchObject({ connection: "offline", waiting: 1 });
  });

  test("asks whether a connection lives when the network may have gone, and does not wait long", () => {
    const { wire, session } = setUp("x");
    wire.settle();
    session.wake();
    wire.settle();
    vi.advanceTimersByTime(60_000);
    expect(wire.urls.length).toBe(1); // it answered, and nothing else is due
    session.wake();
    vi.advanceTimersByTime(3100);
    expect(session.state.get().connection).toBe("offline");
    expect(wire.urls.length).toBe(2);
  });

  test("gives up a connection that sends what is no message", () => {
    const { server, wire, session } = setUp("x");
    wire.settle();
    for (const v of server.viewers) v.peer.send(new Uint8Array([0, 2, 200]));
    wire.settle();
    expect(session.state.get().connection).toBe("offline");
    rest(wire, 4000);
    expect(session.state.get().connection).toBe("live");
  });

  test("sees others, and they see it leave", () => {
    const { wire, session, make } = setUp("x");
    const other = make("grace");
    other.start();
    wire.settle();
    session.awareness.setLocalStateField("cursor", { at: 1 });
    wire.settle();
    expect(other.awareness.getStates().get(session.doc.clientID)).toEqual({
      user: { id: "ada", name: "ada", colour: 1 },
      cursor: { at: 1 },
    });
    const gone = session.doc.clientID;
    session.end();
    wire.settle();
    expect(other.awareness.getStates().has(gone)).toBe(false);
  });
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])("random drops and crashes lose nothing (%i)", (block) => {
  for (let seed = block * 20; seed < block * 20 + 20; seed++) {
    const rand = random(seed);
    const { server, wire, session, make } = setUp("start ");
    const sessions = [session, make("grace")];
    sessions[1]?.start();
    const typed: string[] = [];
    wire.settle();
    for (let i = 0; i < 150; i++) {
      const dice = rand();
      const s = sessions[Math.floor(rand() * sessions.length)];
      if (!s) continue;
      if (dice < 0.2 && s.state.get().synced) {
        typed.push(`<${i}>`);
        s.text.insert(Math.floor(rand() * (s.text.length + 1)), `\n<${i}>\n`);
      } else if (dice < 0.24) {
        // All that any session knows as saved must be on the disk.
        if (rand() < 0.5) server.crash();
        wire.cut();
      } else if (dice < 0.3) server.sync();
      else if (dice < 0.34) vi.advanceTimersByTime(rand() * 4000);
      else wire.step(rand());
      for (const x of sessions) {
        if (x.state.get().waiting > 0) continue;
        const disk = new Y.Doc();
        Y.applyUpdate(disk, server.disk);
        const mine = Y.encodeStateVector(disk);
        const missing = Y.decodeStateVector(mine).get(x.doc.clientID) ?? 0;
        expect(missing, `seed ${seed}: saved means on disk`).toBe(Y.getState(x.doc.store, x.doc.clientID));
      }
    }
    rest(wire);
    server.sync();
    wire.settle();
    for (const s of sessions) {
      expect(s.text.toString(), `seed ${seed}`).toBe(server.text());
      expect(s.state.get(), `seed ${seed}`).toMatchObject({ waiting: 0, connection: "live" });
      s.end();
    }
    // Another's text may stand inside a mark; take the marks out one by one.
    const left = server.text().replaceAll("\n", "");
    const count = [...left].filter((c) => c === "<").length;
    expect(count, `seed ${seed}`).toBe(typed.length);
  }
});

describe("documents", () => {
  function documents() {
    const server = new Server("x");
    const wire = new TestWire((p) => server.accept(p));
    const docs = new Documents({
      url: (path, query) => `/sync/${path}?${query}`,
      self: { account: "ada", name: "Ada", colour: 0 },
      open: wire.open,
    });
    docs.setRunning(true);
    return { server, wire, docs };
  }

  test("share one session a path and end it with the last", () => {
    const { wire, docs } = documents();
    const a = docs.open("a.py");
    expect(docs.open("a.py")).toBe(a);
    wire.settle();
    docs.release(a);
    expect(docs.get("a.py")).toBe(a);
    docs.release(a);
    expect(docs.get("a.py")).toBeUndefined();
  });

  test("keep a session that nobody uses until its edits are saved", () => {
    const { server, wire, docs } = documents();
    const a = docs.open("a.py");
    wire.settle();
    a.text.insert(0, "y");
    docs.release(a);
    expect(docs.waiting.get()).toBe(1);
    expect(docs.get("a.py")).toBe(a);
    wire.settle();
    server.sync();
    wire.settle();
    expect(docs.get("a.py")).toBeUndefined();
    expect(docs.waiting.get()).toBe(0);
  });

  test("stop trying while the project does not run", () => {
    const { wire, docs } = documents();
    const a = docs.open("a.py");
    wire.settle();
    docs.setRunning(false);
    a.text.insert(0, "y");
    vi.advanceTimersByTime(60_000);
    expect(wire.urls.length).toBe(1);
    expect(a.state.get()).toMatchObject({ connection: "paused", waiting: 1 });
    docs.setRunning(true);
    wire.settle();
    expect(a.state.get().connection).toBe("live");
  });

  test("follow a file that moves", () => {
    const { server, wire, docs } = documents();
    const a = docs.open("a.py");
    wire.settle();
    for (const v of server.viewers) server.note(v, { t: "moved", path: "b.py" });
    wire.settle();
    expect(docs.get("a.py")).toBeUndefined();
    expect(docs.get("b.py")).toBe(a);
  });
});

test("notes that are not known or not whole are left out", () => {
  const raw = (v: unknown) => {
    const json = new TextEncoder().encode(JSON.stringify(v));
    return new Uint8Array([100, json.length, ...json]);
  };
  expect(decodeMessage(raw({ t: "saved", n: 3 }))).toEqual({ kind: "note", note: { t: "saved", n: 3 } });
  expect(decodeMessage(raw({ t: "saved" }))).toBeUndefined();
  expect(decodeMessage(raw({ t: "later" }))).toBeUndefined();
  expect(decodeMessage(raw(null))).toBeUndefined();
  expect(decodeMessage(new Uint8Array([77]))).toBeUndefined();
});
