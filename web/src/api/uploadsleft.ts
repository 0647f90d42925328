// Uploads that were begun and are not finished: from before a reload, or elsewhere.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import type { components } from "./schema";
import { resumeKey } from "./uploads";

export type UnfinishedUpload = components["schemas"]["Upload"];

/** The person's own uploads that are not finished and that no page of this browser sends now. */
export async function unfinishedUploads(project: string, signal: AbortSignal): Promise<UnfinishedUpload[]> {
  const answer = await fetchRaw(inProject(project, "uploads"), { cache: "no-store", signal });
  const all: UnfinishedUpload[] = await answer.json();
  const busy = await sending();
  return all.filter((u) => !busy.has(u.id));
}

/** What a page sends is locked by it, so that others of this browser know. */
async function sending(): Promise<Set<string>> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return new Set(held.map((l) => l.name?.replace("lyceum.upload/", "") ?? ""));
}

/** Whether a file can be the one that was being sent: it has its size, and its time if that is known. */
export function isSame(upload: UnfinishedUpload, file: { size: number; lastModified: number }): boolean {
  const at = upload.modified ? Date.parse(upload.modified) : file.lastModified;
  return file.size === upload.size && Math.abs(at - file.lastModified) < 2000; // FAT counts by two seconds
}

/** Has the next upload of the file to that path go on where this one is. */
export function remember(project: string, upload: UnfinishedUpload, file: File): void {
  localStorage.setItem(resumeKey(project, upload.path, file), upload.id);
}

/** Gives up what came. */
export async function discardUpload(project: string, id: string): Promise<void> {
  await fetchRaw(inProject(project, "uploads", id), {
    method: "DELETE",
    headers: { "Tus-Resumable": "1.0.0" },
  });
}

/** Gives one that is here as a whole a name that is free. */
export async function keepUpload(project: string, id: string): Promise<void> {
  await fetchRaw(inProject(project, "uploads", id), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ conflict: "keep-both", parents: true }),
  });
}
