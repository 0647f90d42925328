// What a running project's server answers: its files, terminals and who is in it.
// These routes carry bytes as well as JSON, so they are functions and not the
// typed operations of fetch.ts; their types are the same generated ones.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Entry = Schemas["Entry"];
export type Listing = Schemas["Listing"];
export type FileAction = Schemas["FileAction"];
export type Terminal = Schemas["Terminal"];
export type ProjectStatus = Schemas["ProjectStatus"];
export type OpenDocument = Schemas["OpenDocument"];
export type Viewer = Schemas["Viewer"];

/** The address of a file or folder; query as the seams of the project server name them. */
export function fileAddress(project: string, path: string, query: Record<string, string> = {}): URL {
  const url = inProject(project, "files", path);
  for (const [k, v] of Object.entries(query)) url.searchParams.set(k, v);
  return url;
}

/** One page of a folder: folders first, then by name. after is next of the page before. */
export async function listFolder(
  project: string,
  path: string,
  o: {
    after?: string;
    hidden?: boolean;
    sort?: string;
    desc?: boolean;
    /** Part of the names that are wanted, or a pattern with * and ?. */
    filter?: string;
    signal?: AbortSignal;
  } = {},
): Promise<Listing> {
  const query: Record<string, string> = {};
  if (o.after) query.after = o.after;
  if (o.hidden) query.hidden = "1";
  if (o.sort && o.sort !== "name") query.sort = o.sort;
  if (o.desc) query.order = "desc";
  if (o.filter) query.filter = o.filter;
  return json(fileAddress(project, path, query), {
    cache: "no-store",
    ...(o.signal && { signal: o.signal }),
  });
}

/** What is at a path; symlinks are not followed. */
export function statFile(project: string, path: string, signal?: AbortSignal): Promise<Entry> {
  return json(fileAddress(project, path, { entry: "1" }), { cache: "no-store", ...(signal && { signal }) });
}

/** Makes, moves or copies. Answers what is at the new place. */
export function actOnFile(project: string, path: string, action: FileAction): Promise<Entry> {
  return json(fileAddress(project, path), withBody("POST", action));
}

/** Deletes a file, or a folder with all that is in it. */
export async function removeFile(project: string, path: string): Promise<void> {
  await fetchRaw(fileAddress(project, path, { recursive: "1" }), { method: "DELETE" });
}

/** Writes a whole file. */
export function writeFile(project: string, path: string, body: Blob | string): Promise<Entry> {
  return json(fileAddress(project, path), { method: "PUT", body });
}

export function listTerminals(project: string, signal?: AbortSignal): Promise<Terminal[]> {
  return json(inProject(project, "term"), { cache: "no-store", ...(signal && { signal }) });
}

export function createTerminal(project: string, t: Schemas["NewTerminal"]): Promise<Terminal> {
  return json(inProject(project, "term"), withBody("POST", t));
}

export function renameTerminal(project: string, id: string, name: string): Promise<Terminal> {
  return json(inProject(project, "term", id), withBody("PATCH", { name }));
}

/** Ends a terminal and the programs in it. */
export async function endTerminal(project: string, id: string): Promise<void> {
  await fetchRaw(inProject(project, "term", id), { method: "DELETE" });
}

/** Who is connected and which documents are open. */
export function projectStatus(project: string, signal?: AbortSignal): Promise<ProjectStatus> {
  return json(inProject(project, "status"), { cache: "no-store", ...(signal && { signal }) });
}

function withBody(method: string, body: unknown): RequestInit {
  return { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
}

/** The server's answers are of the generated types: its tests hold them to it. */
async function json<T>(url: URL, init: RequestInit): Promise<T> {
  const answer = await fetchRaw(url, init);
  return (await answer.json()) as T;
}
