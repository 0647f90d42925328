import * as awarenessProtocol from "y-protocols/awareness";
import * as Y from "yjs";
import { Channel } from "./channel";
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
export type Kept = { text: string; edits: number; why: "epoch" | "rights" | Over };

export type DocumentState = {
  path: string;
  connection: "connecting" | "live" | "offline" | "paused" | "over";
  over?: Over;
  /** The text is whole: the first synchronisation of this epoch is done. */
  synced: boolean;
  readOnly: boolean;
  /** Edits made here that are not known to be on the project's disk. */
  waiting: number;
  file: FileState;
  /** Why the file or the log cannot be written, for people. */
  problem?: string;
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
  /** Told what went wrong that no state shows. */
  report?: (what: string, err: unknown) => void;
};

/** Where an edit comes from that is not this browser's own. */
const remote = Symbol("remote");

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
    if (this.state.get().connection !== "over") this.#channel.start();
  }

  /** Stops trying until start: the project does not run. Edits go on and wait. */
  pause(): void {
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
    const { kept: _, ...rest } = this.state.get();
    this.state.set(rest);
  }

  /** Ends the session for good. The project is told that this person left. */
  end(): void {
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
      if (origin !== remote) this.#edited(bytes(update));
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
        this.#set({ synced: true, connection: "live" });
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
        this.#set({ waiting: this.#edits - this.#saved });
        if (this.#flight.length === 0 && this.state.get().file !== "error") this.#set({ problem: undefined });
        break;
      }
      case "file":
        this.#set({ file: note.state, problem: note.message });
        break;
      case "moved":
        this.#set({ path: note.path });
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
    return "end";
  }

  /** Goes on with an empty document; unsaved edits are kept as text for the person. */
  #keep(why: "epoch" | "rights"): void {
    const edits = this.#edits - this.#saved;
    const kept = edits > 0 ? { kept: { text: this.text.toString(), edits, why } } : {};
    const old = this.#doc;
    this.#begin();
    this.#set({ synced: false, waiting: 0, generation: this.state.get().generation + 1, ...kept });
    old.destroy();
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
