// The history of a file: its versions, what each was, and what is done with them.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type History = Schemas["History"];
export type Version = Schemas["Version"];
export type VersionDiff = Schemas["VersionDiff"];
export type HistoryAction = Schemas["HistoryAction"];
export type HistoryDone = Schemas["HistoryDone"];

/**
 * Which versions: those whose edits are before a sequence, how many, and whether by short
 * pauses. doc is the document, where it is known: it is found wherever its file is by now.
 */
export type Listing = { before?: number | undefined; limit?: number; detail?: boolean; doc?: string };

/** One page of the versions, newest first. Throws RequestError. */
export async function listVersions(
  project: string,
  path: string,
  o: Listing,
  signal?: AbortSignal,
): Promise<History> {
  const url = inProject(project, "history", path);
  if (o.before) url.searchParams.set("before", String(o.before));
  if (o.limit) url.searchParams.set("limit", String(o.limit));
  if (o.doc) url.searchParams.set("doc", o.doc);
  if (o.detail) url.searchParams.set("detail", "1");
  return json(url, { cache: "no-store", ...(signal && { signal }) });
}

/** A version's text, and the sequence that it really has. Throws RequestError. */
export async function readVersion(
  project: string,
  path: string,
  seq: number,
  signal?: AbortSignal,
): Promise<{ seq: number; text: string }> {
  const url = inProject(project, "history", path);
  url.searchParams.set("at", String(seq));
  const answer = await fetchRaw(url, signal ? { signal } : {});
  return { seq: Number(answer.headers.get("Lyceum-Version") ?? seq), text: await answer.text() };
}

/** What changed by lines from one version to another. Throws RequestError. */
export function compareVersions(
  project: string,
  path: string,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<VersionDiff> {
  const url = inProject(project, "history", path);
  url.searchParams.set("at", String(to));
  url.searchParams.set("diff", String(from));
  return json(url, signal ? { signal } : {});
}

/** Names a version, restores one, or clears what is old. Throws RequestError. */
export function changeHistory(project: string, path: string, action: HistoryAction): Promise<HistoryDone> {
  return json(inProject(project, "history", path), {
    method: "POST",
    body: JSON.stringify(action),
    headers: { "Content-Type": "application/json" },
  });
}

/** The server's answers are of the generated types: its tests hold them to it. */
async function json<T>(url: URL, init: RequestInit): Promise<T> {
  const answer = await fetchRaw(url, init);
  return (await answer.json()) as T;
}
