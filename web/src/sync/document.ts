import * as Y from "yjs";
import { Channel } from "./channel";
import type { Copies } from "./copies";
import type { Copy } from "./copy";
import type { DocumentState, Kept, Over } from "./documentstate";
import { wholeText } from "./ipynb";
import { Keepsake } from "./keepsake";
import { decodeMessage, encodeMessage, type Message, type Note } from "./message";
import { onPage } from "./page";
import { Presence, type Self } from "./presence";
import { closeCode, type OpenSocket } from "./socket";
import { Store } from "./store";
import { Tally } from "./tally";
import { Watchdog } from "./watchdog";

export type { DocumentState, Kept, Over } from "./documentstate";
export type { Self } from "./presence";

/** The name of the shared text; api.TextRoot. */
const textRoot = "text";

/** How often in a row a connection may be refused for lack of rights before we believe it. */
const refusals = 3;

export type DocumentConfig = {
  path: string;
  /** The socket's address for a path, with its query. */
  url: (path: string, query: string) => string;
  self: Self;
  open?: OpenSocket;
  /** Asked when a connection could not even be made: why? */
  probe?: (path: string) => Promise<Over | undefined>;
  /** What this browser keeps of documents. */
  copies?: Copies;
  /** Told what went wrong that no state shows. */
  report?: (what: string, err: unknown) => void;
};

/** Where an edit comes from that is not this browser's own. */
const remote = Symbol("remote");

/** Where an edit comes from that was kept by this browser before there was a connection. */
const stored = Symbol("stored");

/**
 * A DocumentSession keeps one live document together with its project, over as
 * many connections as it takes, and always knows what is not saved yet.
 *
 *	browser                                       project
 *	  │ GET sync/{path}?v=lyceum1&epoch=…&doc=…       │
 *	  │ step1 (what we have) ───────────────────────► │
 *	  │ ◄────────────────────── hello, file, step1    │
 *	  │ step2 (what it lacks) = message 1 ──────────► │
 *	  │ ◄────────────────────── step2 (what we lack)  │
 *	  │ update = message 2, 3, … ───────────────────► │
 *	  │ ◄────────────────────── saved 3               │
 *
 * Until step2 has gone out, edits are not sent one by one: step2 holds them all,
 * without gaps. An edit is waiting until a message that holds it is called saved
 * by the connection that it went over.
 */
export class DocumentSession {
  readonly state: Store<DocumentState>;
  #config: DocumentConfig;
  #channel: Channel;
  #watchdog: Watchdog;
  #keepsake: Keepsake;
  #stopListening: () => void;
  #doc!: Y.Doc;
  #presence!: Presence;
  #tally!: Tally;
  /** Which life of which document this is; "" until the project said so. */
  #life = { doc: "", epoch: "" };
  #refused = 0;
  #wanted = false;

  constructor(config: DocumentConfig) {
    this.#config = config;
    this.state = new Store<DocumentState>({
      path: config.path,
      connection: "paused",
      synced: false,
      readOnly: false,
      waiting: 0,
      file: "clean",
      generation: 0,
    });
    this.#begin();
    this.#keepsake = new Keepsake({
      copies: config.copies,
      doc: () => this.#doc,
      path: () => this.state.get().path,
      adopt: (copy) => this.#adopt(copy),
      offered: () => this.state.get().kept,
      offer: (kept) => this.#set({ kept }),
      report: (what, err) => config.report?.(what, err),
    });
    this.#watchdog = new Watchdog({
      // Edits that cannot be saved (a full disk) are not a reason to reconnect.
      owed: () => this.#tally.attached && this.#tally.waiting > 0 && !this.state.get().problem,
      sending: () => this.#channel.buffered > 0,
      dead: () => {
        this.#lostConnection();
        this.#set({ connection: "offline" });
        this.#channel.renew();
      },
    });
    this.#channel = new Channel({
      url: () => config.url(this.state.get().path, this.#query()),
      opened: () => this.#opened(),
      message: (m) => this.#message(m),
      closed: (code, _, opened) => this.#closed(code, opened),
      state: (s) => {
        if (s === "waiting") this.#set({ connection: "offline" });
        if (s === "paused") this.#set({ connection: "paused" });
        if (s === "connecting" && this.state.get().connection !== "offline")
          this.#set({ connection: "connecting" });
      },
      ...(config.open ? { open: config.open } : {}),
    });
    this.#stopListening = onPage({
      left: () => this.#presence.leave(),
      back: () => this.#presence.back(),
      doubt: () => this.wake(),
    });
    this.#keepsake.read(() => {
      if (this.#wanted) this.start();
    });
  }

  /** The document of the current generation. */
  get doc(): Y.Doc {
    return this.#doc;
  }

  get text(): Y.Text {
    return this.#doc.getText(textRoot);
  }

  get awareness(): Presence["awareness"] {
    return this.#presence.awareness;
  }

  start(): void {
    this.#wanted = true;
    if (this.state.get().connection !== "over" && !this.#keepsake.reading) this.#channel.start();
  }

  /** Resolves when what this browser kept is there, or is not waited for any longer. */
  get read(): Promise<void> {
    return this.#keepsake.reading ?? Promise.resolve();
  }

  /** Whether all edits that wait would outlive this page. */
  get safe(): boolean {
    return this.#keepsake.copy?.safe ?? false;
  }

  /** Stops trying until start: the project does not run. Edits go on and wait. */
  pause(): void {
    this.#wanted = false;
    this.#lostConnection();
    this.#channel.pause();
  }

  /** Tries now, if it waits; else asks whether the connection is alive. */
  wake(): void {
    if (this.#channel.state === "open") this.#ask({ doubt: true });
    else this.#channel.wake();
  }

  /** Forgets the text that was kept for the person. */
  dismissKept(): void {
    this.#keepsake.dismiss(this.state.get().connection === "over");
  }

  /** Ends the session for good. The project is told that this person left. */
  end(): void {
    this.#keepsake.end();
    this.#presence.leave();
    this.#lostConnection();
    this.#stopListening();
    this.#channel.end();
    this.#doc.destroy();
  }

  /** Begins a new, empty document of the next epoch. */
  #begin(): void {
    const doc = new Y.Doc();
    this.#doc = doc;
    this.#tally = new Tally();
    this.#life = { doc: "", epoch: "" };
    this.#presence = new Presence(doc, this.#config.self, (update) =>
      this.#send({ kind: "awareness", update }),
    );
    doc.on("update", this.#changed);
  }

  #changed = (update: Uint8Array, origin: unknown): void => {
    if (origin === stored) return;
    if (origin !== remote) this.#edited(bytes(update));
    this.#keepsake.copy?.append(update, origin === remote ? undefined : this.#tally.own);
  };

  /** Takes what the project has. For an empty document that is all of it: it is written down as it came. */
  #fill(update: Uint8Array): void {
    const doc = this.#doc;
    if (doc.store.clients.size > 0) {
      Y.applyUpdate(doc, update, remote);
      return;
    }
    // Yjs would make an update of it once more, which takes as long as all the rest.
    doc.off("update", this.#changed);
    try {
      Y.applyUpdate(doc, update, remote);
    } finally {
      doc.on("update", this.#changed);
    }
    if (doc.store.clients.size > 0) this.#keepsake.copy?.append(update, undefined);
  }

  #query(): string {
    const { doc, epoch } = this.#life;
    return new URLSearchParams({ v: "lyceum1", ...(epoch && { epoch, doc }) }).toString();
  }

  #opened(): void {
    this.#lostConnection();
    this.#ask();
    const { own } = this.#presence;
    if (own) this.#send({ kind: "awareness", update: own });
  }

  /** Sends our state vector. The answer also tells that the connection lives. */
  #ask(o: { doubt?: boolean } = {}): void {
    this.#send({ kind: "step1", vector: bytes(Y.encodeStateVector(this.#doc)) });
    this.#watchdog.asked(o);
  }

  #message(data: Uint8Array<ArrayBuffer> | string): void {
    if (typeof data === "string") return;
    let m: Message | undefined;
    try {
      m = decodeMessage(data);
      if (m) this.#take(m);
    } catch (err) {
      this.#config.report?.("a message of a document could not be read", err);
      this.#lostConnection();
      this.#channel.fail();
      return;
    }
    this.#watchdog.heard();
  }

  #take(m: Message): void {
    switch (m.kind) {
      case "step1":
        this.#attach(m.vector);
        break;
      case "step2":
        this.#fill(m.update);
        this.#watchdog.answered();
        this.#refused = 0;
        this.#set({ synced: true, copied: undefined, connection: "live" });
        break;
      case "update":
        Y.applyUpdate(this.#doc, m.update, remote);
        break;
      case "awareness":
        this.#presence.take(m.update);
        break;
      case "query-awareness":
        this.#send({ kind: "awareness", update: this.#presence.all });
        break;
      case "note":
        this.#note(m.note);
    }
  }

  /** Answers the project's state vector with all that it lacks. */
  #attach(vector: Uint8Array): void {
    if (this.#tally.attached) return;
    const update = bytes(Y.encodeStateAsUpdate(this.#doc, vector));
    if (this.#send({ kind: "step2", update })) this.#tally.sent();
  }

  #edited(update: Uint8Array<ArrayBuffer>): void {
    const first = this.#tally.waiting === 0;
    this.#tally.edited();
    if (this.#tally.attached && this.#send({ kind: "update", update })) {
      this.#tally.sent();
      if (first) this.#watchdog.heard();
    }
    this.#set({ waiting: this.#tally.waiting });
  }

  #note(note: Note): void {
    switch (note.t) {
      case "hello":
        this.#hello(note);
        break;
      case "saved": {
        this.#tally.saved(note.n);
        this.#keepsake.copy?.saved(this.#tally.own, this.#tally.settled);
        this.#set({ waiting: this.#tally.waiting });
        if (this.#tally.calm && this.state.get().file !== "error") this.#set({ problem: undefined });
        break;
      }
      case "file":
        this.#set({
          file: note.state,
          problem: note.message,
          encoding: note.encoding,
          unencodable: note.unencodable,
        });
        break;
      case "moved":
        this.#set({ path: note.path });
        this.#keepsake.copy?.move(note.path);
        break;
      case "error":
        this.#set({ problem: note.message });
    }
  }

  #hello(note: Extract<Note, { t: "hello" }>): void {
    const { doc, epoch, path, readOnly } = note;
    const robbed = readOnly && this.#tally.waiting > 0;
    if (robbed || (this.#life.epoch && this.#life.epoch !== epoch)) {
      this.#keep(robbed ? "rights" : "epoch");
      this.#lostConnection();
      this.#channel.renew();
      return;
    }
    this.#life = { doc, epoch };
    this.#set({ path, readOnly, model: note.model === "notebook" ? "notebook" : undefined });
    if (this.#keepsake.copy) this.#keepsake.copy.move(path);
    else void this.#keepsake.begin(note);
  }

  /** Takes over what was kept, of the document that is open or will be. */
  #adopt(copy: Copy): boolean {
    const { doc, epoch } = copy.name;
    const first = this.#life.epoch === "";
    if (!first && this.#life.epoch !== epoch) return false;
    const { updates, waiting, at } = copy.found;
    this.#life = { doc, epoch };
    this.#tally.borrow(waiting);
    this.#doc.transact(() => {
      for (const u of updates) Y.applyUpdate(this.#doc, u, stored);
    }, stored);
    const whole = updates.length > 0 && this.#doc.store.pendingStructs === null;
    this.#set({ stored: true, waiting: this.#tally.waiting, ...(first && whole && { copied: at }) });
    if (first) return true;
    copy.writeWhole(this.#tally.own, this.#doc.store.clients.size === 0);
    // The project may lack what was kept: a new connection begins with all that it lacks.
    if (waiting > 0) {
      this.#lostConnection();
      this.#channel.renew();
    }
    return true;
  }

  #closed(code: number, opened: boolean): "retry" | "now" | "end" {
    this.#lostConnection();
    switch (code) {
      case closeCode.replaced:
        this.#keep("epoch");
        return "now";
      case closeCode.gone:
        return this.#finish("deleted");
      case closeCode.tooLarge:
        return this.#finish("too-large");
      case closeCode.notText:
        return this.#finish("not-text");
      case closeCode.signedOut:
        return this.#finish("signed-out");
      case closeCode.forbidden:
        // The role may have changed to one that still reads.
        if (++this.#refused >= refusals) return this.#finish("forbidden");
        break;
    }
    if (!opened || code === closeCode.forbidden) this.#probe();
    return "retry";
  }

  #probe(): void {
    const at = this.#channel;
    this.#config.probe?.(this.state.get().path).then(
      (over) => {
        if (!over || at.state === "open" || at.state === "ended") return;
        this.#finish(over);
        at.end();
      },
      (err: unknown) => this.#config.report?.("why a document cannot be reached is not known", err),
    );
  }

  #finish(over: Over): "end" {
    const kept = this.#unmerged(over);
    this.#set({ connection: "over", over, ...(kept && { kept }) });
    // With edits that wait, the copy is left until their author has dealt with them.
    if (!kept) this.#keepsake.drop();
    return "end";
  }

  /** Goes on with an empty document; unsaved edits are kept as text for the person. */
  #keep(why: "epoch" | "rights"): void {
    const kept = this.#unmerged(why);
    const old = this.#doc;
    this.#begin();
    this.#keepsake.renew(kept);
    const { generation } = this.state.get();
    const anew = {
      synced: false,
      copied: undefined,
      stored: undefined,
      model: undefined,
      waiting: 0,
      generation: generation + 1,
    };
    this.#set({ ...anew, ...(kept && { kept }) });
    old.destroy();
  }

  /** The text, when there are edits in it that the project has not. */
  #unmerged(why: Kept["why"]): Kept | undefined {
    const edits = this.#tally.waiting;
    return edits > 0 ? { text: wholeText(this.#doc), edits, why } : undefined;
  }

  #lostConnection(): void {
    this.#tally.disconnected();
    this.#watchdog.stop();
    this.#presence.forgetOthers();
  }

  #send(m: Message): boolean {
    // The channel is not there yet while the constructor makes the first document.
    return this.#channel?.send(encodeMessage(m)) ?? false;
  }

  #set(change: { [K in keyof DocumentState]?: DocumentState[K] | undefined }): void {
    const old = this.state.get();
    const next: Record<string, unknown> = { ...old };
    let changed = false;
    for (const [k, v] of Object.entries(change)) {
      if (Object.is(next[k], v)) continue;
      changed = true;
      if (v === undefined) delete next[k];
      else next[k] = v;
    }
    // Only fields of the type were written, and required ones are never undefined above.
    if (changed) this.state.set(next as DocumentState);
  }
}

/** Yjs encodes into plain array buffers; its types do not say so. */
function bytes(b: Uint8Array): Uint8Array<ArrayBuffer> {
  return b as Uint8Array<ArrayBuffer>;
}
