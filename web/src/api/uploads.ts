// Uploads by tus 1.0.0, in chunks that pass a default proxy; archives of folders.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import { RequestError } from "./problem";
import type { components } from "./schema";
import { type TarItem, tarOf } from "./tar";

type Schemas = components["schemas"];
export type ArchiveListing = Schemas["ArchiveListing"];
export type UploadedItem = Schemas["UploadedItem"];

/** What becomes of a file that is there already. */
export type Conflict = "fail" | "overwrite" | "keep-both" | "skip";

/** How a file is sent. */
export type SendOptions = {
  conflict: Conflict;
  signal: AbortSignal;
  progress: (sent: number) => void;
  /** Why nothing goes on at the moment, and it is tried again; "" when it goes on. */
  trouble: (why: string) => void;
};

/** Bytes of a chunk: below the megabyte that nginx takes without being told otherwise. */
const smallest = 1_000_000;
const largest = 16_000_000;

/** The chunk that passed last; one that did not pass is not tried again in this page. */
let chunk = smallest;
let ceiling = largest;

/** The pauses between tries, in ms; the last one stays. */
const pauses = [500, 1000, 2000, 4000, 8000, 15000];

/**
 * Sends a file, from where an earlier try left it, even one before a reload: it is
 * known again by its path, size and time. What passes by itself (no connection, a
 * restart, another tab that writes) is tried again until signal says stop. Throws
 * RequestError.
 */
export async function sendFile(project: string, path: string, file: File, o: SendOptions): Promise<void> {
  const key = resumeKey(project, path, file);
  for (let failures = 0; ; ) {
    let moved = false;
    try {
      await attempt(project, path, file, key, {
        ...o,
        progress: (n) => {
          moved = true;
          o.trouble("");
          o.progress(n);
        },
      });
      return;
    } catch (e) {
      if (o.signal.aborted || !(e instanceof RequestError) || !passes(e)) throw e;
      if (e.status === 413 || e.kind === "offline") shrink();
      failures = moved ? 1 : failures + 1;
      o.trouble(e.message);
      const pause = pauses[Math.min(failures - 1, pauses.length - 1)] ?? 1000;
      await wait(e.status === 413 ? 0 : pause, o.signal);
    }
  }
}

/** Where the browser keeps which upload a file belongs to. */
export function resumeKey(project: string, path: string, file: File): string {
  return `lyceum.upload/${project}/${path}/${file.size}/${file.lastModified}`;
}

/** Whether another try may go better. */
function passes(e: RequestError): boolean {
  return (
    e.kind === "offline" ||
    e.kind === "unavailable" ||
    e.status === 423 ||
    e.status === 429 ||
    (e.status === 413 && chunk > smallest)
  );
}

function shrink(): void {
  if (chunk > smallest) ceiling = smallest;
  chunk = smallest;
}

async function attempt(
  project: string,
  path: string,
  file: File,
  key: string,
  o: SendOptions,
): Promise<void> {
  let id = localStorage.getItem(key) ?? "";
  let at = id === "" ? -1 : await resume(project, id, o.signal);
  if (at < 0) {
    id = await create(project, path, file, o);
    at = 0;
    localStorage.setItem(key, id);
  }
  await locked(id, () => send(project, file, id, at, o));
  localStorage.removeItem(key);
}

/** Works while other pages of this browser see that the upload is going on. */
async function locked(id: string, work: () => Promise<void>): Promise<void> {
  if (navigator.locks === undefined) return work(); // no https
  await navigator.locks.request(`lyceum.upload/${id}`, { mode: "shared" }, work);
}

/** Sends a file from a place on, to its end. */
async function send(project: string, file: File, id: string, from: number, o: SendOptions): Promise<void> {
  let at = from;
  if (at === file.size && file.size > 0) await decide(project, id, o);
  while (at < file.size) {
    o.progress(at);
    const end = Math.min(at + chunk, file.size);
    const began = performance.now();
    try {
      await fetchRaw(inProject(project, "uploads", id), {
        method: "PATCH",
        headers: { ...tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(at) },
        body: file.slice(at, end),
        signal: o.signal,
      });
    } catch (e) {
      if (!(e instanceof RequestError) || e.status !== 409) throw e;
      // Another tab sent some of it, or something is in the way of the name.
      const now = await resume(project, id, o.signal);
      if (now < 0 || now >= file.size) throw e;
      at = now;
      continue;
    }
    if (performance.now() - began < 400 && end - at === chunk) chunk = Math.min(chunk * 2, ceiling);
    at = end;
  }
  o.progress(at);
}

const tus = { "Tus-Resumable": "1.0.0" };

/** How much of an upload is there; -1 when it is not there any more. */
async function resume(project: string, id: string, signal: AbortSignal): Promise<number> {
  try {
    const answer = await fetchRaw(inProject(project, "uploads", id), {
      method: "HEAD",
      headers: tus,
      cache: "no-store",
      signal,
    });
    return Number(answer.headers.get("Upload-Offset") ?? -1);
  } catch (e) {
    if (e instanceof RequestError && (e.status === 404 || e.status === 403)) return -1;
    throw e;
  }
}

async function create(project: string, path: string, file: File, o: SendOptions): Promise<string> {
  const metadata: Record<string, string> = {
    path,
    parents: "1",
    conflict: o.conflict === "skip" ? "fail" : o.conflict,
    modified: new Date(file.lastModified).toISOString(),
  };
  const answer = await fetchRaw(inProject(project, "uploads"), {
    method: "POST",
    headers: {
      ...tus,
      "Upload-Length": String(file.size),
      "Upload-Metadata": Object.entries(metadata)
        .map(([k, v]) => `${k} ${base64(v)}`)
        .join(","),
    },
    signal: o.signal,
  });
  return answer.headers.get("Upload-Id") ?? "";
}

/** Gives one that is there as a whole its name, after something was in the way. */
async function decide(project: string, id: string, o: SendOptions): Promise<void> {
  await fetchRaw(inProject(project, "uploads", id), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ conflict: o.conflict === "skip" ? "fail" : o.conflict, parents: true }),
    signal: o.signal,
  });
}

function base64(s: string): string {
  return btoa(Array.from(new TextEncoder().encode(s), (b) => String.fromCharCode(b)).join(""));
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
}

/** Gives up what came of a file that is not sent any more. */
export async function forgetFile(project: string, path: string, file: File): Promise<void> {
  const key = resumeKey(project, path, file);
  const id = localStorage.getItem(key);
  if (id === null) return;
  localStorage.removeItem(key);
  await fetchRaw(inProject(project, "uploads", id), { method: "DELETE", headers: tus });
}

/** Sends many small files and empty folders in one request; paths are from the home. */
export async function sendMany(
  project: string,
  items: readonly TarItem[],
  o: Omit<SendOptions, "progress">,
): Promise<UploadedItem[]> {
  for (let failures = 0; ; ) {
    try {
      const url = inProject(project, "uploads", "many");
      url.searchParams.set("conflict", o.conflict);
      const answer = await fetchRaw(url, { method: "POST", body: tarOf(items), signal: o.signal });
      o.trouble("");
      const body: Schemas["UploadMany"] = await answer.json();
      return body.items;
    } catch (e) {
      if (o.signal.aborted || !(e instanceof RequestError) || !passes(e)) throw e;
      o.trouble(e.message);
      await wait(pauses[Math.min(failures++, pauses.length - 1)] ?? 1000, o.signal);
    }
  }
}

/** Where files and folders come as one archive. */
export function archiveAddress(project: string, paths: readonly string[]): string {
  const url = inProject(project, "archive");
  for (const p of paths) url.searchParams.append("path", p);
  url.searchParams.set("format", "zip");
  return url.href;
}

/** What is in an archive. */
export async function listArchive(
  project: string,
  path: string,
  signal: AbortSignal,
): Promise<ArchiveListing> {
  const url = inProject(project, "archive", path);
  url.searchParams.set("list", "1");
  return (await fetchRaw(url, { cache: "no-store", signal })).json();
}
