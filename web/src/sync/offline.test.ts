import "fake-indexeddb/auto";
import { afterEach, expect, test } from "vitest";
import * as Y from "yjs";
import { Copies, forgetCopies, waitingEdits } from "./copies";
import { change, copyDB, makeRoom } from "./copydb";
import { DocumentSession } from "./document";
import { Documents } from "./documents";
import { decodeMessage, encodeMessage, type Message } from "./message";
import { type Peer, TestWire } from "./testwire";

/** A project with one document, whose log can be lost and whose file can move. */
class Project {
  doc = new Y.Doc();
  id = "d";
  epoch = "e1";
  readOnly = false;
  /** Says that messages are saved. */
  saves = true;
  /** Where the file was renamed to, if it was; "" is nowhere that is known. */
  moved: string | undefined;
  peers = new Map<Peer, number>();

  constructor(text: string) {
    this.doc.getText("text").insert(0, text);
  }

  get text() {
    return this.doc.getText("text").toString();
  }

  accept = (peer: Peer) => {
    const send = (m: Message) => peer.send(encodeMessage(m));
    const { pathname, searchParams: q } = new URL(peer.url, "http://x");
    const { id, readOnly, moved } = this;
    const path = (q.get("doc") === id && moved) || pathname.slice(1);
    if (path === "a.py" && moved !== undefined) return peer.close(4404);
    const epoch = q.get("epoch");
    if (epoch && epoch !== this.epoch) return peer.close(4409);
    this.peers.set(peer, 0);
    peer.onclose = () => this.peers.delete(peer);
    send({ kind: "note", note: { t: "hello", doc: id, epoch: this.epoch, readOnly, path } });
    send({ kind: "step1", vector: plain(Y.encodeStateVector(this.doc)) });
    peer.onmessage = (data) => {
      const m = typeof data === "string" ? undefined : decodeMessage(data);
      if (m?.kind === "step1")
        send({ kind: "step2", update: plain(Y.encodeStateAsUpdate(this.doc, m.vector)) });
      if (m?.kind !== "step2" && m?.kind !== "update") return;
      if (!this.readOnly) Y.applyUpdate(this.doc, m.update);
      for (const other of this.peers.keys())
        if (other !== peer) other.send(encodeMessage({ kind: "update", update: m.update }));
      const n = (this.peers.get(peer) ?? 0) + 1;
      this.peers.set(peer, n);
      if (this.saves) send({ kind: "note", note: { t: "saved", n } });
    };
  };

  newEpoch(text: string) {
    this.doc = new Y.Doc();
    this.doc.getText("text").insert(0, text);
    this.epoch += "+";
  }
}

function plain(b: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(b);
}

/** One browser: what is in its database outlives its tabs. */
class Browser {
  project = new Project("hello");
  wire = new TestWire(this.project.accept);
  sessions: DocumentSession[] = [];
  account = "ada";

  config(account = this.account) {
    return {
      url: (path: string, query: string) => `/${path}?${query}`,
      self: { account, name: account, colour: 1 },
      open: this.wire.open,
      copies: new Copies(account, "p", fail),
      report: (what: string, err: unknown) => {
        throw new Error(what, { cause: err });
      },
    };
  }

  tab(path = "a.py", account = this.account): DocumentSession {
    const session = new DocumentSession({ ...this.config(account), path });
    this.sessions.push(session);
    session.start();
    return session;
  }

  /** Waits until something is so; the wire moves meanwhile. */
  async until(what: () => unknown) {
    const end = Date.now() + 3000;
    for (;;) {
      this.wire.settle();
      if (await what()) return;
      if (Date.now() > end) throw new Error(`it did not become so: ${what}`);
      await new Promise((r) => setTimeout(r, 5));
    }
  }

  /** A tab that has the document, and wrote it down. */
  async synced(path = "a.py"): Promise<DocumentSession> {
    const s = this.tab(path);
    await this.until(() => s.state.get().synced && s.state.get().waiting === 0);
    await this.until(async () => (await new Copies(this.account, "p").has(path)) !== undefined);
    return s;
  }

  /** Takes the connection away, and types at the beginning. */
  async offline(session: DocumentSession, ...edits: string[]) {
    this.wire.down = true;
    this.wire.cut();
    for (const e of edits) session.text.insert(0, e);
    await this.until(() => session.safe);
  }
}

function fail(err: unknown): never {
  throw err;
}

let browser: Browser;
const fresh = () => {
  browser = new Browser();
  return browser;
};
afterEach(async () => {
  for (const s of browser.sessions) s.end();
  const db = await copyDB();
  await Promise.all((["copies", "updates", "waiting", "kept"] as const).map((s) => db?.clear(s)));
});

test("edits without a connection outlive the tab, and are merged with others' when it is back", async () => {
  const b = fresh();
  const first = await b.synced();
  await b.offline(first, "1", "2");
  expect(first.state.get().waiting).toBe(2);
  // The tab crashes: nothing of it is ended.
  b.project.doc.getText("text").insert(5, " world");

  const second = b.tab();
  await b.until(() => second.state.get().copied);
  expect(second.text.toString()).toBe("21hello");
  expect(second.state.get()).toMatchObject({ synced: false, waiting: 2 });
  second.text.insert(0, "3");
  expect(second.state.get().waiting).toBe(3);

  b.wire.down = false;
  second.wake();
  await b.until(() => second.state.get().synced && second.state.get().waiting === 0);
  expect(second.state.get().copied).toBeUndefined();
  expect(b.project.text).toBe("321hello world");
  expect(second.text.toString()).toBe("321hello world");
  // The tab that crashed had not: it sends the same again, and nothing is doubled.
  first.wake();
  await b.until(() => first.state.get().waiting === 0);
  expect(b.project.text).toBe("321hello world");
  await b.until(async () => (await waitingEdits("ada")) === 0);
});

test("an edit is waiting until the project calls it saved, in this tab and the next", async () => {
  const b = fresh();
  const first = await b.synced();
  b.project.saves = false;
  first.text.insert(0, "x");
  await b.until(() => b.project.text === "xhello" && first.safe);
  b.wire.cut();
  first.end();
  b.wire.down = true;
  const second = b.tab();
  await b.until(() => second.state.get().copied);
  expect(second.state.get().waiting).toBe(1);
  b.project.saves = true;
  b.wire.down = false;
  second.wake();
  await b.until(() => second.state.get().waiting === 0);
  expect(b.project.text).toBe("xhello");
});

test("two tabs of one browser without a connection count each edit once, and merge", async () => {
  const b = fresh();
  const first = await b.synced();
  await b.offline(first, "1");
  const second = b.tab();
  await b.until(() => second.state.get().copied);
  second.text.insert(0, "2");
  first.text.insert(0, "3");
  await b.until(() => first.safe && second.safe);
  expect(await waitingEdits("ada")).toBe(3);
  const third = b.tab();
  await b.until(() => third.state.get().copied);
  expect(third.state.get().waiting).toBe(3);
  expect([...third.text.toString()].sort().join("")).toBe([..."123hello"].sort().join(""));
  b.wire.down = false;
  for (const s of [first, second, third]) s.wake();
  await b.until(() => [first, second, third].every((s) => s.state.get().waiting === 0));
  expect(new Set([b.project.text, ...b.sessions.map((s) => s.text.toString())]).size).toBe(1);
  expect(b.project.text).toHaveLength(8);
  await b.until(async () => (await waitingEdits("ada")) === 0);
});

test("a copy of another epoch is never merged: edits that wait are offered as text until they are dismissed", async () => {
  const b = fresh();
  const first = await b.synced();
  await b.offline(first, "mine ");
  first.end();
  b.project.newEpoch("anew");
  b.wire.down = false;
  const second = b.tab();
  await b.until(() => second.state.get().synced);
  expect(second.text.toString()).toBe("anew");
  expect(b.project.text).toBe("anew");
  await b.until(() => second.state.get().kept?.id);
  expect(second.state.get().kept).toMatchObject({ text: "mine hello", edits: 1, why: "epoch" });
  second.end();

  // It is offered again in the next tab, and not after that was dismissed.
  const third = b.tab();
  await b.until(() => third.state.get().synced && third.state.get().kept);
  expect(third.state.get().kept?.text).toBe("mine hello");
  third.dismissKept();
  await b.until(async () => (await new Copies("ada", "p").kept("a.py")).length === 0);
  expect(third.state.get().kept).toBeUndefined();
  expect(b.project.text).toBe("anew");
});

test("edits of somebody who may only read by now are kept as text, and not sent again", async () => {
  const b = fresh();
  const first = await b.synced();
  await b.offline(first, "mine ");
  first.end();
  b.project.readOnly = true;
  b.wire.down = false;
  const second = b.tab();
  await b.until(() => second.state.get().synced && second.state.get().kept?.id);
  expect(second.state.get()).toMatchObject({ kept: { text: "mine hello", why: "rights" }, waiting: 0 });
  expect(second.text.toString()).toBe("hello");
  await b.until(async () => (await waitingEdits("ada")) === 0);
});

test("a file that was renamed meanwhile gets its edits under the new name", async () => {
  const b = fresh();
  const first = await b.synced();
  await b.offline(first, "mine ");
  first.end();
  b.wire.down = false;
  const second = b.tab("b.py");
  await b.until(() => b.project.text === "mine hello" && second.state.get().waiting === 0);
  expect(second.text.toString()).toBe("mine hello");
  await b.until(async () => (await new Copies("ada", "p").has("b.py")) === 0);
  expect(await new Copies("ada", "p").has("a.py")).toBeUndefined();
});

test("a file that was renamed meanwhile is followed by the tab that has it, with its edits", async () => {
  const b = fresh();
  const s = await b.synced();
  await b.offline(s, "mine ");
  b.project.moved = "b.py";
  b.wire.down = false;
  s.wake();
  await b.until(() => b.project.text === "mine hello" && s.state.get().waiting === 0);
  expect(s.state.get()).toMatchObject({ path: "b.py", connection: "live" });
  expect(s.state.get().kept).toBeUndefined();
  await b.until(async () => (await new Copies("ada", "p").has("b.py")) === 0);
});

test("edits of a file that is not found any more wait, and are merged where it is found again", async () => {
  const b = fresh();
  await b.offline(await b.synced(), "mine ");
  b.sessions.pop()?.end();
  b.project.moved = "";
  b.wire.down = false;
  const documents = new Documents(b.config());
  const stranded: string[] = [];
  documents.stranded = (path, kept) => stranded.push(`${path}: ${kept.edits}, ${kept.why}`);
  documents.setRunning(true);
  await b.until(() => stranded.length > 0);
  expect(stranded).toEqual(["a.py: 1, deleted"]);
  expect(await waitingEdits("ada")).toBe(1);
  const found = b.tab("b.py");
  await b.until(() => b.project.text === "mine hello" && found.state.get().waiting === 0);
  await b.until(async () => (await waitingEdits("ada")) === 0);
});

test("edits that wait in files that nobody has open are sent when the project is", async () => {
  const b = fresh();
  await b.offline(await b.synced(), "mine ");
  b.sessions.pop()?.end();
  b.wire.down = false;
  const documents = new Documents(b.config());
  documents.setRunning(true);
  await b.until(() => b.project.text === "mine hello");
  await b.until(async () => (await waitingEdits("ada")) === 0);
  expect(documents.get("a.py")).toBeUndefined();
});

test("signing out removes the copies of the account, and those of nobody else", async () => {
  const b = fresh();
  const ada = await b.synced();
  ada.end();
  const grace = b.tab("a.py", "grace");
  await b.until(() => grace.state.get().synced);
  await b.offline(grace, "mine ");
  grace.end();
  await forgetCopies("grace", false);
  expect(await new Copies("grace", "p").has("a.py")).toBe(1);
  await forgetCopies("grace", true);
  expect(await new Copies("grace", "p").has("a.py")).toBeUndefined();
  expect(await new Copies("ada", "p").has("a.py")).toBe(0);
  expect(await new Copies("ada", "other").has("a.py")).toBeUndefined();
  const db = await copyDB();
  expect(await db?.count("waiting")).toBe(0);
  expect(await db?.count("updates")).toBe(1);
});

test("room is made by what was used longest ago, and never by edits that wait", async () => {
  const db = await copyDB();
  if (!db) throw new Error("there is no database");
  fresh();
  await change(db, async (tx) => {
    for (const [i, doc] of ["old", "waits", "new"].entries()) {
      const name = { account: "ada", project: "p", doc, epoch: "e", path: doc };
      await tx.objectStore("copies").put({ key: doc, ...name, at: i, bytes: 100 });
      await tx.objectStore("updates").add({ copy: doc, update: new Uint8Array(100) });
    }
    await tx.objectStore("waiting").put({ copy: "waits", by: "x", edits: 1 });
  });
  await makeRoom(db, 250);
  expect(await db.getAllKeys("copies")).toEqual(["new", "waits"]);
  await makeRoom(db, 50);
  expect(await db.getAllKeys("copies")).toEqual(["waits"]);
  expect(await db.count("updates")).toBe(1);
});

test("a copy that grows is written anew as one, and keeps what another tab wrote", async () => {
  const b = fresh();
  const first = await b.synced();
  const second = await b.synced();
  for (let i = 0; i < 250; i++) {
    (i % 2 ? first : second).text.insert(0, "x");
    await b.until(() => first.safe && second.safe);
  }
  const db = await copyDB();
  await b.until(async () => ((await db?.count("updates")) ?? 0) < 200);
  await b.offline(first, "1");
  await b.offline(second, "2");
  const third = b.tab();
  await b.until(() => third.state.get().copied);
  expect(third.text.toString()).toHaveLength(257);
}, 20_000);

test("a copy that is removed beneath a tab is written anew, whole", async () => {
  const b = fresh();
  const first = await b.synced();
  await forgetCopies("ada", false); // as another tab does whose session ended
  await b.offline(first, "1");
  const second = b.tab();
  await b.until(() => second.state.get().copied);
  expect(second.text.toString()).toBe("1hello");
});

test("without a database everything goes on, and nothing is called safe", async () => {
  const b = fresh();
  const copies = new Copies("ada", "p", fail, () => Promise.resolve(undefined));
  const session = new DocumentSession({ ...b.config(), copies, path: "a.py" });
  b.sessions.push(session);
  session.start();
  await b.until(() => session.state.get().synced);
  session.text.insert(0, "1");
  expect(session.safe).toBe(false);
  await b.until(() => b.project.text === "1hello" && session.state.get().waiting === 0);
  expect(await copies.has("a.py")).toBeUndefined();
});
