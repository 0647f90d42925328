import * as awarenessProtocol from "y-protocols/awareness";
import * as Y from "yjs";
import { Channel } from "./channel";
import type { Copies } from "./copies";
import type { Copy } from "./copy";
import { decodeMessage, encodeMessage, type FileState, type Message, type Note } from "./message";
import { closeCode, type OpenSocket } from "./socket";
import { Store } from "./store";

/** The name of the shared text; api.TextRoot. */
const textRoot = "text";

/** Milliseconds without a word while one is due, after which a connection counts as dead. */
const silence = 10_000;

/** The same after the network or the page came or went: then an answer is quick or does not come. */
const doubt = 3_000;

/** How often in a row a connection may be refused for lack of rights before we believe it. */
const refusals = 3;

/** Why a session is over. Its text stays readable. */
export type Over = "deleted" | "forbidden" | "signed-out" | "too-large" | "not-text";

/** Text of this browser that the project does not have, and why it could not be merged. */
export type Kept = {
  text: string;
  edits: number;
  why: "epoch" | "rights" | Over;
  /** Its number among what this browser keeps; undefined while it is in this page alone. */
  id?: number;
};

export type DocumentState = {
  path: string;
  connection: "connecting" | "live" | "offline" | "paused" | "over";
  over?: Over;
  /** The text is whole: the first synchronisation of this epoch is done. */
  synced: boolean;
  /** The text is what this browser kept, as old as the time says (ms since 1970), until it is synced. */
  copied?: number;
  /** Edits that wait outlive the page. */
  stored?: boolean;
  readOnly: boolean;
  /** Edits made here that are not known to be on the project's disk. */
  waiting: number;
  file: FileState;
  /** Why the file or the log cannot be written, for people. */
  problem?: string;
  /** How the file is written, when that is not UTF-8; as the WHATWG Encoding Standard names it. */
  encoding?: string;
  /** A character that the file's encoding has not: so it cannot be written as it is. */
  unencodable?: string;
  kept?: Kept;
  /** Counts the documents that this session had; a new epoch brings a new one. */
  generation: number;
};

/** Who edits here, as others see it. */
export type Self = { account: string; name: string; colour: number };

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

/** Milliseconds for which a connection waits for what this browser kept. */
const copyTime = 1000;

/**
 * A DocumentSession keeps one live document together with its project, over as
 * many connections as it takes, and always knows what is not saved yet.
 *
 *	browser                                       project
 *	  │ GET sync/{path}?v=lyceum1&epoch=…             │
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
  #doc!: Y.Doc;
  #awareness!: awarenessProtocol.Awareness;
  #epoch = "";
  #refused = 0;
  /** Edits made in this document, and how many of them are saved. */
  #edits = 0;
  #saved = 0;
  /** Of this connection: step2 is out; messages sent; what each unsaved one covers. */
  #attached = false;
  #sent = 0;
  #flight: { n: number; edits: number }[] = [];
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #due = 0;
  #patience = silence;
  #stopListening: () => void;
  /** What this browser keeps of the document. */
  #copy: Copy | undefined;
  /** Edits of others (tabs that are gone) among those counted here: [from, to). */
  #borrowed = { from: 0, to: 0 };
  /** Connections wait until the copy is read. */
  #reading: Promise<void> | undefined;
  #wanted = false;
  #ended = false;
  /** The end of the copy before this one. */
  #outliving: Promise<void> | undefined;

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
    this.#stopListening = this.#listen();
    if (config.copies) this.#reading = this.#read(config.copies);
  }

  /** The document of the current generation. */
  get doc(): Y.Doc {
    return this.#doc;
  }

  get text(): Y.Text {
    return this.#doc.getText(textRoot);
  }

  get awareness(): awarenessProtocol.Awareness {
    return this.#awareness;
  }

  start(): void {
    this.#wanted = true;
    if (this.state.get().connection !== "over" && !this.#reading) this.#channel.start();
  }

  /** Resolves when what this browser kept is there, or is not waited for any longer. */
  get read(): Promise<void> {
    return this.#reading ?? Promise.resolve();
  }

  /** Whether all edits that wait would outlive this page. */
  get safe(): boolean {
    return this.#copy?.safe ?? false;
  }

  /** Stops trying until start: the project does not run. Edits go on and wait. */
  pause(): void {
    this.#wanted = false;
    this.#lostConnection();
    this.#channel.pause();
  }

  /** Tries now, if it waits; else asks whether the connection is alive. */
  wake(): void {
    if (this.#channel.state === "open") {
      this.#patience = doubt;
      this.#ask();
    } else this.#channel.wake();
  }

  /** Forgets the text that was kept for the person. */
  dismissKept(): void {
    const { kept, connection } = this.state.get();
    const done = async () => {
      if (kept?.id !== undefined) await this.#config.copies?.dismiss(kept.id);
      else if (connection === "over" && this.#copy) await this.#copy.drop();
      if (this.state.get().kept === kept) this.#set({ kept: undefined });
      await this.#offer();
    };
    done().catch((err: unknown) => this.#config.report?.("what this browser kept cannot be removed", err));
  }

  /** Ends the session for good. The project is told that this person left. */
  end(): void {
    this.#ended = true;
    void this.#copy?.close();
    this.#leave();
    this.#lostConnection();
    this.#stopListening();
    this.#channel.end();
    this.#doc.destroy();
  }

  /** Begins a new, empty document of the next epoch. */
  #begin(): void {
    const doc = new Y.Doc();
    const awareness = new awarenessProtocol.Awareness(doc);
    awareness.setLocalState({ user: userState(this.#config.self), cursor: null });
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === stored) return;
      if (origin !== remote) this.#edited(bytes(update));
      this.#copy?.append(update, origin === remote ? undefined : this.#own());
    });
    awareness.on(
      "update",
      (change: { added: number[]; updated: number[]; removed: number[] }, origin: unknown) => {
        if (origin !== "local") return;
        const clients = [...change.added, ...change.updated, ...change.removed];
        this.#send({ kind: "awareness", update: awarenessUpdate(awareness, clients) });
      },
    );
    this.#doc = doc;
    this.#awareness = awareness;
    this.#epoch = "";
    this.#edits = this.#saved = 0;
    this.#copy = undefined;
    this.#borrowed = { from: 0, to: 0 };
  }

  #query(): string {
    return this.#epoch ? `v=lyceum1&epoch=${encodeURIComponent(this.#epoch)}` : "v=lyceum1";
  }

  #opened(): void {
    this.#lostConnection();
    this.#ask();
    const here = this.#awareness.getLocalState() !== null;
    if (here)
      this.#send({ kind: "awareness", update: awarenessUpdate(this.#awareness, [this.#doc.clientID]) });
  }

  /** Sends our state vector. The answer also tells that the connection lives. */
  #ask(): void {
    this.#send({ kind: "step1", vector: bytes(Y.encodeStateVector(this.#doc)) });
    this.#due++;
    this.#watch();
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
    this.#watch();
  }

  #take(m: Message): void {
    switch (m.kind) {
      case "step1":
        this.#attach(m.vector);
        break;
      case "step2":
        Y.applyUpdate(this.#doc, m.update, remote);
        this.#due = 0;
        this.#patience = silence;
        this.#refused = 0;
        this.#set({ synced: true, copied: undefined, connection: "live" });
        break;
      case "update":
        Y.applyUpdate(this.#doc, m.update, remote);
        break;
      case "awareness":
        awarenessProtocol.applyAwarenessUpdate(this.#awareness, m.update, remote);
        break;
      case "query-awareness": {
        const clients = [...this.#awareness.getStates().keys()];
        this.#send({ kind: "awareness", update: awarenessUpdate(this.#awareness, clients) });
        break;
      }
      case "note":
        this.#note(m.note);
    }
  }

  /** Answers the project's state vector with all that it lacks. */
  #attach(vector: Uint8Array): void {
    if (this.#attached) return;
    const sent = this.#send({ kind: "step2", update: bytes(Y.encodeStateAsUpdate(this.#doc, vector)) });
    if (!sent) return;
    this.#attached = true;
    this.#sent = 1;
    this.#flight = [{ n: 1, edits: this.#edits }];
  }

  #edited(update: Uint8Array<ArrayBuffer>): void {
    this.#edits++;
    if (this.#attached && this.#send({ kind: "update", update })) {
      this.#flight.push({ n: ++this.#sent, edits: this.#edits });
      if (this.#edits === this.#saved + 1) this.#watch();
    }
    this.#set({ waiting: this.#edits - this.#saved });
  }

  #note(note: Note): void {
    switch (note.t) {
      case "hello":
        this.#hello(note);
        break;
      case "saved": {
        while (this.#flight[0] && this.#flight[0].n <= note.n) {
          this.#saved = this.#flight[0].edits;
          this.#flight.shift();
        }
        this.#copy?.saved(this.#own(), this.#saved >= this.#borrowed.to);
        this.#set({ waiting: this.#edits - this.#saved });
        if (this.#flight.length === 0 && this.state.get().file !== "error") this.#set({ problem: undefined });
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
        this.#copy?.move(note.path);
        break;
      case "error":
        this.#set({ problem: note.message });
    }
  }

  #hello(note: Extract<Note, { t: "hello" }>): void {
    const waiting = this.#edits - this.#saved;
    if (note.readOnly && waiting > 0) {
      this.#keep("rights");
      this.#lostConnection();
      this.#channel.renew();
      return;
    }
    if (this.#epoch && this.#epoch !== note.epoch) {
      this.#keep("epoch");
      this.#lostConnection();
      this.#channel.renew();
      return;
    }
    this.#epoch = note.epoch;
    this.#set({ path: note.path, readOnly: note.readOnly });
    if (this.#copy) this.#copy.move(note.path);
    else void this.#writeDown(note);
  }

  /** Edits that wait and are this tab's own. */
  #own(): number {
    const { from, to } = this.#borrowed;
    const borrowed = Math.max(0, Math.min(to, this.#edits) - Math.max(from, this.#saved));
    return this.#edits - this.#saved - borrowed;
  }

  /** Reads what this browser kept of the path; a connection does not wait for it for long. */
  async #read(copies: Copies): Promise<void> {
    const { path } = this.#config;
    const read = async () => {
      const doc = this.#doc;
      const copy = await copies.at(path, () => Y.encodeStateAsUpdate(doc));
      if (copy) this.#adopt(copy, doc);
      await this.#offer();
    };
    const failed = (err: unknown) => this.#config.report?.("what this browser kept cannot be read", err);
    const late = new Promise<void>((resolve) => setTimeout(resolve, copyTime));
    await Promise.race([read().catch(failed), late]);
    this.#reading = undefined;
    if (this.#wanted && !this.#ended) this.start();
  }

  /** From now on the document is written down; what was kept of it is in it. */
  async #writeDown({ doc: id, epoch, path }: { doc: string; epoch: string; path: string }): Promise<void> {
    const doc = this.#doc;
    try {
      await this.#outliving;
      const copy = await this.#config.copies?.of(id, epoch, path, () => Y.encodeStateAsUpdate(doc));
      if (copy) this.#adopt(copy, doc);
    } catch (err) {
      this.#config.report?.("this browser cannot keep a copy", err);
    }
  }

  /** Takes over what was kept, of the document that is open or will be. */
  #adopt(copy: Copy, doc: Y.Doc): void {
    const other = this.#epoch !== "" && this.#epoch !== copy.name.epoch;
    if (this.#ended || doc !== this.#doc || this.#copy || other) return;
    const { updates, waiting, at } = copy.found;
    const first = this.#epoch === "";
    this.#epoch = copy.name.epoch;
    this.#copy = copy;
    this.#borrowed = { from: this.#edits, to: this.#edits + waiting };
    this.#edits += waiting;
    doc.transact(() => {
      for (const u of updates) Y.applyUpdate(doc, u, stored);
    }, stored);
    const whole = updates.length > 0 && doc.store.pendingStructs === null;
    const kept = { stored: true, waiting: this.#edits - this.#saved };
    this.#set({ ...kept, ...(first && whole && { copied: at }) });
    if (first) return;
    copy.writeWhole(this.#own());
    // The project may lack what was kept: a new connection begins with all that it lacks.
    if (waiting > 0) {
      this.#lostConnection();
      this.#channel.renew();
    }
  }

  /** Shows what this browser kept of the file that could not be merged, one at a time. */
  async #offer(): Promise<void> {
    const [kept] = (await this.#config.copies?.kept(this.state.get().path)) ?? [];
    if (!kept || this.state.get().kept || this.#ended) return;
    const why = kept.why === "rights" ? "rights" : "epoch";
    this.#set({ kept: { text: kept.text, edits: kept.edits, why, id: kept.id } });
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
    const edits = this.#edits - this.#saved;
    const kept = edits > 0 ? { kept: { text: this.text.toString(), edits, why: over } } : {};
    this.#set({ connection: "over", over, ...kept });
    // With edits that wait, the copy is left until their author has dealt with them.
    if (edits === 0 && this.#copy) void this.#outlive(this.#copy);
    return "end";
  }

  /** Goes on with an empty document; unsaved edits are kept as text for the person. */
  #keep(why: "epoch" | "rights"): void {
    const edits = this.#edits - this.#saved;
    const kept: Kept | undefined = edits > 0 ? { text: this.text.toString(), edits, why } : undefined;
    const old = this.#doc;
    const copy = this.#copy;
    this.#begin();
    const { generation } = this.state.get();
    const anew = {
      synced: false,
      copied: undefined,
      stored: undefined,
      waiting: 0,
      generation: generation + 1,
    };
    this.#set({ ...anew, ...(kept && { kept }) });
    old.destroy();
    if (copy) this.#outliving = this.#outlive(copy, kept);
  }

  /** A copy is of no use any more; what waits in it becomes text that is kept. */
  async #outlive(copy: Copy, kept?: Kept): Promise<void> {
    try {
      const id = await copy.drop(kept);
      if (kept && id !== undefined && this.state.get().kept === kept) this.#set({ kept: { ...kept, id } });
    } catch (err) {
      this.#config.report?.("what this browser kept cannot be changed", err);
    }
  }

  #lostConnection(): void {
    this.#attached = false;
    this.#sent = 0;
    this.#flight = [];
    this.#due = 0;
    this.#patience = silence;
    clearTimeout(this.#watchdog);
    const others = [...this.#awareness.getStates().keys()].filter((id) => id !== this.#doc.clientID);
    if (others.length) awarenessProtocol.removeAwarenessStates(this.#awareness, others, remote);
  }

  /** While a word is due, a silent connection is given up. */
  #watch(): void {
    clearTimeout(this.#watchdog);
    // Edits that cannot be saved (a full disk) are not a reason to reconnect.
    const owed = this.#attached && this.#edits > this.#saved && !this.state.get().problem;
    if (this.#due === 0 && !owed) return;
    this.#watchdog = setTimeout(() => {
      if (this.#channel.buffered > 0) {
        this.#watch();
        return;
      }
      this.#lostConnection();
      this.#set({ connection: "offline" });
      this.#channel.renew();
    }, this.#patience);
  }

  #leave(): void {
    this.#awareness.setLocalState(null);
  }

  #listen(): () => void {
    if (typeof window === "undefined") return () => {};
    const leave = () => this.#leave();
    const back = () => {
      if (!this.#awareness.getLocalState()) {
        this.#awareness.setLocalState({ user: userState(this.#config.self), cursor: null });
      }
    };
    const look = () => {
      if (document.visibilityState === "visible") this.wake();
    };
    const network = () => this.wake();
    window.addEventListener("pagehide", leave);
    window.addEventListener("pageshow", back);
    window.addEventListener("online", network);
    window.addEventListener("offline", network);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("pagehide", leave);
      window.removeEventListener("pageshow", back);
      window.removeEventListener("online", network);
      window.removeEventListener("offline", network);
      document.removeEventListener("visibilitychange", look);
    };
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

function awarenessUpdate(a: awarenessProtocol.Awareness, clients: number[]): Uint8Array<ArrayBuffer> {
  return bytes(awarenessProtocol.encodeAwarenessUpdate(a, clients));
}

/** Yjs encodes into plain array buffers; its types do not say so. */
function bytes(b: Uint8Array): Uint8Array<ArrayBuffer> {
  return b as Uint8Array<ArrayBuffer>;
}

/** The form that other programs' editors (y-codemirror, JupyterLab) understand as well. */
function userState(self: Self): Record<string, unknown> {
  return { id: self.account, name: self.name, colour: self.colour };
}
