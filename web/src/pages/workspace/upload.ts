import { isKind, messageOf } from "../../api/problem";
import { type TarItem, tarSize } from "../../api/tar";
import {
  type Conflict,
  forgetFile,
  type SendOptions,
  sendFile,
  sendMany,
  type UploadedItem,
} from "../../api/uploads";
import { Store } from "../../sync/store";
import { joinPath } from "./tree";

/** A file to upload, or an empty folder, and its path below the folder that it goes to. */
export type Upload = { path: string; file?: File };

export type UploadState = {
  id: number;
  path: string;
  size: number;
  sent: number;
  state: "waiting" | "sending" | "done" | "exists" | "skipped" | "failed" | "cancelled";
  problem?: string;
};

/** What a person answers when there is something already. */
export type Answer = Exclude<Conflict, "fail">;

/** How files are sent; a test brings its own. */
export type Sender = {
  one: (path: string, file: File, o: SendOptions) => Promise<void>;
  many: (items: readonly TarItem[], o: Omit<SendOptions, "progress">) => Promise<readonly UploadedItem[]>;
  forget: (path: string, file: File) => Promise<void>;
};

type Job = { file: File | undefined; state: UploadState; conflict: Conflict; abort?: AbortController };

/** Requests at a time. */
const atOnce = 3;

/** Files up to this go many in one request, of so many bytes and files. */
const small = 64 * 1024;
const manyBytes = 900_000;
const manyFiles = 400;

/**
 * Uploads to one project: a queue with progress, that can be paused and cancelled,
 * goes on by itself when the connection does, and asks before it replaces anything.
 */
export class Uploads {
  readonly list = new Store<UploadState[]>([]);
  /** Bytes a second, over the last seconds. */
  readonly rate = new Store(0);
  readonly paused = new Store(false);
  #send: Sender;
  #jobs: Job[] = [];
  #next = 1;
  #meter: { at: number; sent: number }[] = [];

  constructor(send: Sender) {
    this.#send = send;
  }

  add(folder: string, uploads: Upload[]): void {
    for (const u of uploads) {
      const path = joinPath(folder, u.path);
      const state: UploadState = {
        id: this.#next++,
        path,
        size: u.file?.size ?? 0,
        sent: 0,
        state: "waiting",
      };
      this.#jobs.push({ file: u.file, state, conflict: "fail" });
    }
    this.#go();
  }

  cancel(id: number): void {
    this.#with(id, (j) => {
      j.abort?.abort();
      if (j.state.state === "done") return;
      this.#set(j, { state: "cancelled" });
      // What came of it expires by itself when this does not arrive.
      if (j.file) this.#send.forget(j.state.path, j.file).catch(() => undefined);
    });
  }

  cancelAll(): void {
    for (const j of this.#jobs) if (unfinished(j.state)) this.cancel(j.state.id);
  }

  /** Stops to send; what is there stays there. */
  pause(): void {
    this.paused.set(true);
    for (const j of this.#jobs) {
      if (j.state.state !== "sending") continue;
      j.abort?.abort();
      this.#set(j, { state: "waiting" });
    }
  }

  resume(): void {
    this.paused.set(false);
    this.#go();
  }

  /** Sends one that failed again. */
  again(id: number): void {
    this.#with(id, (j) => {
      this.#set(j, { state: "waiting" });
      this.#go();
    });
  }

  /** What to do with all that are there already, and with those that turn out to be. */
  answer(a: Answer): void {
    for (const j of this.#jobs) {
      if (j.state.state !== "exists" && j.state.state !== "waiting" && j.state.state !== "sending") continue;
      if (j.conflict === "fail") j.conflict = a;
      if (j.state.state !== "exists") continue;
      this.#set(j, { state: a === "skip" ? "skipped" : "waiting" });
    }
    this.#go();
  }

  /** Forgets those that are over. */
  clear(): void {
    this.#jobs = this.#jobs.filter((j) => unfinished(j.state));
    this.#tell();
  }

  #go(): void {
    for (;;) {
      const busy = new Set(this.#jobs.filter((j) => j.state.state === "sending").map((j) => j.abort));
      const next = this.#jobs.find((j) => j.state.state === "waiting");
      if (this.paused.get() || next === undefined || busy.size >= atOnce) break;
      const many = this.#bundle();
      if (many.length > 1 || next.file === undefined) void this.#runMany(many);
      else void this.#run(next, next.file);
    }
    this.#tell();
  }

  /** The small files that go in the next request, if the next one is small. */
  #bundle(): Job[] {
    const out: Job[] = [];
    let bytes = 0;
    for (const j of this.#jobs) {
      if (j.state.state !== "waiting") continue;
      if (j.state.size > small || (out[0] && out[0].conflict !== j.conflict)) {
        if (out.length === 0) break;
        continue;
      }
      bytes += tarSize({ path: j.state.path, ...(j.file && { file: j.file }) });
      if (out.length >= manyFiles || (out.length > 0 && bytes > manyBytes)) break;
      out.push(j);
    }
    return out;
  }

  async #run(j: Job, file: File): Promise<void> {
    const abort = this.#begin([j]);
    try {
      await this.#send.one(j.state.path, file, {
        conflict: j.conflict,
        signal: abort.signal,
        progress: (sent) => this.#set(j, { sent }),
        trouble: (problem) => this.#set(j, { problem }),
      });
      this.#set(j, { state: "done", sent: j.state.size, problem: "" });
    } catch (e) {
      if (!abort.signal.aborted) this.#failed(j, e);
    }
    this.#go();
  }

  async #runMany(jobs: Job[]): Promise<void> {
    const abort = this.#begin(jobs);
    try {
      const items = jobs.map((j) => ({ path: j.state.path, ...(j.file && { file: j.file }) }));
      const got = await this.#send.many(items, {
        conflict: jobs[0]?.conflict ?? "fail",
        signal: abort.signal,
        trouble: (problem) => this.#set(jobs[0], { problem }),
      });
      jobs.forEach((j, i) => {
        this.#took(j, got[i]);
      });
    } catch (e) {
      if (!abort.signal.aborted) for (const j of jobs) if (j.state.state === "sending") this.#failed(j, e);
    }
    this.#go();
  }

  #took(j: Job, item: UploadedItem | undefined): void {
    if (j.state.state !== "sending") return; // cancelled meanwhile
    const state = item?.state;
    if (state === "done" || state === "same") this.#set(j, { state: "done", sent: j.state.size });
    else if (state === "skipped") this.#set(j, { state: "skipped" });
    else if (state === "exists") this.#exists(j);
    else this.#set(j, { state: "failed", problem: item?.message ?? "" });
  }

  #begin(jobs: Job[]): AbortController {
    const abort = new AbortController();
    for (const j of jobs) {
      j.abort = abort;
      this.#set(j, { state: "sending", problem: "" });
    }
    return abort;
  }

  #failed(j: Job, e: unknown): void {
    if (isKind(e, "conflict") && (j.conflict === "fail" || j.conflict === "skip")) this.#exists(j);
    else this.#set(j, { state: "failed", problem: messageOf(e) });
  }

  /** There is something: it is asked, unless that was answered, or something else is wrong. */
  #exists(j: Job): void {
    if (j.conflict === "skip") this.#set(j, { state: "skipped" });
    else this.#set(j, { state: "exists" });
  }

  #with(id: number, f: (j: Job) => void): void {
    const j = this.#jobs.find((x) => x.state.id === id);
    if (j) f(j);
  }

  #set(j: Job | undefined, change: Partial<UploadState>): void {
    if (j === undefined) return;
    j.state = { ...j.state, ...change };
    this.#tell();
  }

  #tell(): void {
    const list = this.#jobs.map((j) => j.state);
    this.list.set(list);
    const now = performance.now();
    const sent = list.reduce((n, u) => n + u.sent, 0);
    this.#meter = [...this.#meter.filter((m) => now - m.at < 5000), { at: now, sent }];
    const first = this.#meter[0];
    if (first && now - first.at > 500)
      this.rate.set(Math.max(0, ((sent - first.sent) * 1000) / (now - first.at)));
  }
}

export function unfinished(s: UploadState): boolean {
  return s.state === "waiting" || s.state === "sending" || s.state === "exists";
}

/** Sends files to a project. */
export function sendTo(project: string): Sender {
  return {
    one: (path, file, o) => sendFile(project, path, file, o),
    many: (items, o) => sendMany(project, items, o),
    forget: (path, file) => forgetFile(project, path, file),
  };
}

/** The files that were chosen in a file or folder input. */
export function chosen(list: FileList): Upload[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** The files that were dropped, with those in folders. Must be called while the drop event is handled. */
export function dropped(data: DataTransfer): Promise<Upload[]> {
  const entries = [...data.items].flatMap((i) => i.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return Promise.resolve(chosen(data.files));
  return Promise.all(entries.map((e) => readEntry(e, ""))).then((lists) => lists.flat());
}

async function readEntry(entry: FileSystemEntry, folder: string): Promise<Upload[]> {
  const path = joinPath(folder, entry.name);
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path, file }];
  }
  if (!isDirectory(entry)) return [];
  const reader = entry.createReader();
  const all: Upload[] = [];
  for (;;) {
    // It gives at most a hundred at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all.length === 0 ? [{ path }] : all;
    for (const e of some) all.push(...(await readEntry(e, path)));
  }
}

function isFile(e: FileSystemEntry): e is FileSystemFileEntry {
  return e.isFile;
}

function isDirectory(e: FileSystemEntry): e is FileSystemDirectoryEntry {
  return e.isDirectory;
}
