import { fileAddress } from "../../api/project";
import { Store } from "../../sync/store";
import { joinPath } from "./tree";

/** A file to upload, and its path below the folder that it goes to. */
export type Upload = { path: string; file: File };

export type UploadState = {
  id: number;
  path: string;
  size: number;
  sent: number;
  state: "waiting" | "sending" | "done" | "exists" | "failed" | "cancelled";
  problem?: string;
};

/** How one file is sent; a test brings its own. Rejects with SendError. */
export type Send = (
  path: string,
  file: Blob,
  o: { replace: boolean; signal: AbortSignal; progress: (sent: number) => void },
) => Promise<void>;

/** A file was not taken. exists: there is one of that name. */
export class SendError extends Error {
  readonly exists: boolean;
  constructor(message: string, exists = false) {
    super(message);
    this.exists = exists;
  }
}

type Job = { upload: Upload; state: UploadState; replace: boolean; abort?: AbortController };

/** Files on their way at a time. */
const atOnce = 3;

/**
 * Uploads to one project: a queue with progress, that can be cancelled, and that
 * asks before it replaces anything.
 */
export class Uploads {
  readonly list = new Store<UploadState[]>([]);
  #send: Send;
  #jobs: Job[] = [];
  #next = 1;

  constructor(send: Send) {
    this.#send = send;
  }

  add(folder: string, uploads: Upload[]): void {
    for (const u of uploads) {
      const path = joinPath(folder, u.path);
      const state: UploadState = { id: this.#next++, path, size: u.file.size, sent: 0, state: "waiting" };
      this.#jobs.push({ upload: u, state, replace: false });
    }
    this.#go();
  }

  cancel(id: number): void {
    this.#with(id, (j) => {
      j.abort?.abort();
      if (j.state.state !== "done") this.#set(j, { state: "cancelled" });
    });
  }

  cancelAll(): void {
    for (const j of this.#jobs) if (unfinished(j.state)) this.cancel(j.state.id);
  }

  /** Sends one that exists or failed again; what is there is replaced when it exists. */
  again(id: number): void {
    this.#with(id, (j) => {
      j.replace = j.state.state === "exists";
      this.#set(j, { state: "waiting", sent: 0 });
      this.#go();
    });
  }

  replaceAll(): void {
    for (const j of this.#jobs) if (j.state.state === "exists") this.again(j.state.id);
  }

  /** Forgets those that are over. */
  clear(): void {
    this.#jobs = this.#jobs.filter((j) => unfinished(j.state));
    this.#tell();
  }

  #go(): void {
    const free = atOnce - this.#jobs.filter((j) => j.state.state === "sending").length;
    const next = this.#jobs.filter((j) => j.state.state === "waiting").slice(0, Math.max(0, free));
    for (const j of next) void this.#run(j);
    this.#tell();
  }

  async #run(j: Job): Promise<void> {
    const abort = new AbortController();
    j.abort = abort;
    this.#set(j, { state: "sending" });
    try {
      await this.#send(j.state.path, j.upload.file, {
        replace: j.replace,
        signal: abort.signal,
        progress: (sent) => this.#set(j, { sent }),
      });
      this.#set(j, { state: "done", sent: j.state.size });
    } catch (e) {
      if (!abort.signal.aborted) this.#failed(j, e);
    }
    this.#go();
  }

  #failed(j: Job, e: unknown): void {
    if (e instanceof SendError && e.exists) this.#set(j, { state: "exists" });
    else this.#set(j, { state: "failed", problem: e instanceof Error ? e.message : String(e) });
  }

  #with(id: number, f: (j: Job) => void): void {
    const j = this.#jobs.find((x) => x.state.id === id);
    if (j) f(j);
  }

  #set(j: Job, change: Partial<UploadState>): void {
    j.state = { ...j.state, ...change };
    this.#tell();
  }

  #tell(): void {
    this.list.set(this.#jobs.map((j) => j.state));
  }
}

export function unfinished(s: UploadState): boolean {
  return s.state === "waiting" || s.state === "sending" || s.state === "exists";
}

/**
 * Sends a file to a project. XMLHttpRequest, because fetch does not tell how much
 * is on its way. nameless says what went wrong when the server did not.
 */
export function sendTo(project: string, nameless: string): Send {
  return (path, file, o) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PUT", fileAddress(project, path, { parents: "1" }));
      if (!o.replace) request.setRequestHeader("If-None-Match", "*");
      request.upload.onprogress = (e) => o.progress(e.loaded);
      request.onload = () => {
        const { status } = request;
        if (status < 300) resolve();
        else
          reject(new SendError(detailOf(request.responseText) ?? nameless, status === 412 || status === 409));
      };
      request.onerror = () => reject(new SendError(nameless));
      o.signal.addEventListener("abort", () => {
        request.abort();
        reject(new SendError("cancelled"));
      });
      request.send(file);
    });
}

function detailOf(body: string): string | undefined {
  try {
    const v: unknown = JSON.parse(body);
    if (typeof v === "object" && v !== null && "detail" in v && typeof v.detail === "string") return v.detail;
  } catch {
    return undefined; // no JSON: an answer of something in between
  }
  return undefined;
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
    if (some.length === 0) return all;
    for (const e of some) all.push(...(await readEntry(e, path)));
  }
}

function isFile(e: FileSystemEntry): e is FileSystemFileEntry {
  return e.isFile;
}

function isDirectory(e: FileSystemEntry): e is FileSystemDirectoryEntry {
  return e.isDirectory;
}
