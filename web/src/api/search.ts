// Finding files of a project by name and by content, and what takes its disk.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import { RequestError, sentence } from "./problem";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type FoundFile = Schemas["FoundFile"];
export type FoundMatch = Schemas["FoundMatch"];
export type FoundNames = Schemas["FoundNames"];
export type ReplaceFile = Schemas["ReplaceFile"];
export type SearchDone = Schemas["SearchDone"];
export type DiskUse = Schemas["DiskUse"];

/** What is looked for in the contents of files. */
export type TextQuery = {
  text: string;
  regex: boolean;
  capitals: boolean;
  word: boolean;
  include: string;
  exclude: string;
  hidden: boolean;
  ignored: boolean;
  /** What matches are replaced by, when that is to be shown. */
  replacement?: string | undefined;
};

/** The paths that have some letters, the best first. */
export async function searchNames(
  project: string,
  q: { text: string; hidden: boolean; recent: readonly string[]; limit?: number },
  signal: AbortSignal,
): Promise<FoundNames> {
  const url = inProject(project, "search", "names");
  url.searchParams.set("q", q.text);
  if (q.hidden) url.searchParams.set("hidden", "1");
  if (q.limit) url.searchParams.set("limit", String(q.limit));
  for (const path of q.recent) url.searchParams.append("recent", path);
  const answer = await fetchRaw(url, { cache: "no-store", signal });
  return (await answer.json()) as FoundNames; // the server's tests hold it to the type
}

/** Searches contents; tells each file as it is found. Throws RequestError. */
export async function searchText(
  project: string,
  q: TextQuery,
  tell: { file: (f: FoundFile) => void; searched: (n: number) => void },
  signal: AbortSignal,
): Promise<SearchDone> {
  const url = inProject(project, "search", "text");
  const set = (name: string, on: boolean) => on && url.searchParams.set(name, "1");
  url.searchParams.set("q", q.text);
  set("regex", q.regex);
  set("case", q.capitals);
  set("word", q.word);
  set("hidden", q.hidden);
  set("ignored", q.ignored);
  if (q.include.trim()) url.searchParams.set("include", q.include);
  if (q.exclude.trim()) url.searchParams.set("exclude", q.exclude);
  if (q.replacement !== undefined) url.searchParams.set("with", q.replacement);
  for await (const line of records<Schemas["Found"]>(url, signal)) {
    if (line.file) tell.file(line.file);
    if (line.searched) tell.searched(line.searched);
    if (line.done) return line.done;
  }
  throw brokenOff();
}

/** Measures a folder; tells the total so far. Throws RequestError. */
export async function measureFolder(
  project: string,
  path: string,
  sofar: (use: DiskUse) => void,
  signal: AbortSignal,
): Promise<{ use: DiskUse; tookMs: number }> {
  for await (const line of records<Schemas["DiskMeasured"]>(inProject(project, "usage", path), signal)) {
    if (line.soFar) sofar(line.soFar);
    if (line.use) return { use: line.use, tookMs: line.tookMs ?? 0 };
  }
  throw brokenOff();
}

function brokenOff(): RequestError {
  return new RequestError("offline", "The answer broke off. Try again.");
}

/** The records of an answer, one a line (application/x-ndjson). A record with a problem is thrown. */
async function* records<T extends { problem?: Schemas["Problem"] }>(
  url: URL,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const answer = await fetchRaw(url, { cache: "no-store", signal });
  for await (const line of linesOf(answer.body, signal)) {
    const record = JSON.parse(line) as T; // the server's tests hold it to the type
    const p = record.problem;
    if (p) throw new RequestError(p.code, sentence(p.detail ?? p.title), { status: p.status });
    yield record;
  }
}

/** The lines of a stream of text, without their ends; empty ones are left out. */
export async function* linesOf(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): AsyncGenerator<string> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((e: unknown) => {
        if (signal.aborted) throw e;
        throw brokenOff();
      });
      const lines = (rest + decoder.decode(value, { stream: !done })).split("\n");
      rest = done ? "" : (lines.pop() ?? "");
      for (const line of lines) if (line !== "") yield line;
      if (done) return;
    }
  } finally {
    void reader.cancel().catch(() => undefined); // what was not taken is not wanted
  }
}
