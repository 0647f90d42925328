// The trash of a project: what was deleted in the last 30 days and can be restored.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import { type Entry, fileAddress } from "./project";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Trashed = Schemas["Trashed"];
export type TrashPage = Schemas["TrashPage"];

/** Moves a file or folder to the trash. The answer's id is for restoring it. */
export function trashFile(project: string, path: string): Promise<Trashed> {
  return json(fileAddress(project, path), { method: "DELETE" });
}

/** Deletes a file, or a folder with all that is in it, for good, its history too. */
export async function purgeFile(project: string, path: string): Promise<void> {
  await fetchRaw(fileAddress(project, path, { purge: "1", recursive: "1" }), { method: "DELETE" });
}

/** One page of the trash, what was deleted last first. after is next of the page before. */
export function listTrash(
  project: string,
  o: { after?: string; signal?: AbortSignal } = {},
): Promise<TrashPage> {
  const url = inProject(project, "trash");
  if (o.after) url.searchParams.set("after", o.after);
  return json(url, { cache: "no-store", ...(o.signal && { signal: o.signal }) });
}

/**
 * Restores something to where it was, or to another path. Throws RequestError
 * "conflict" when something is there.
 */
export function restoreTrash(project: string, id: string, to?: string): Promise<Entry> {
  const body: Schemas["TrashAction"] = { action: "restore", ...(to !== undefined && { to }) };
  return json(inProject(project, "trash", id), {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
}

/** Deletes something in the trash for good, its history too. */
export async function purgeTrash(project: string, id: string): Promise<void> {
  await fetchRaw(inProject(project, "trash", id), { method: "DELETE" });
}

/** Deletes all that is in the trash for good. */
export async function emptyTrash(project: string): Promise<void> {
  await fetchRaw(inProject(project, "trash"), { method: "DELETE" });
}

/** The server's answers are of the generated types: its tests hold them to it. */
async function json<T>(url: URL, init: RequestInit): Promise<T> {
  const answer = await fetchRaw(url, init);
  return (await answer.json()) as T;
}
