// What a running project's server makes of files to be looked at: rows of tables,
// pictures by their header and scaled, any part of any file.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import { RequestError } from "./problem";
import { fileAddress } from "./project";
import type { components } from "./schema";

export type Table = components["schemas"]["Table"];
export type Picture = components["schemas"]["Picture"];

/** How a table is read and which part of it; what is left out is found out. */
export type TableQuery = {
  from?: number;
  rows?: number;
  column?: number;
  columns?: number;
  /** One cell alone, as far as it is sent. */
  cell?: boolean;
  filter?: string;
  sort?: number;
  descending?: boolean;
  /** Wait until all rows are counted. */
  wait?: boolean;
  format?: "csv" | "jsonl" | "lines";
  encoding?: string;
  delimiter?: string;
  header?: "yes" | "no";
};

/** Rows of a table. Throws RequestError. */
export async function readTable(
  project: string,
  path: string,
  q: TableQuery,
  signal: AbortSignal,
): Promise<Table> {
  const url = inProject(project, "table", path);
  const set = (name: string, value: string | number | undefined) => {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  };
  const { cell, wait, descending, ...plain } = q;
  for (const [name, value] of Object.entries(plain)) set(name, value);
  if (q.sort !== undefined) set("order", descending ? "desc" : "asc");
  if (cell) set("cell", 1);
  if (wait) set("wait", 1);
  const answer = await fetchRaw(url, { signal, cache: "no-store" });
  return (await answer.json()) as Table; // the server's tests hold it to the type
}

/** What the header of a picture tells. Throws RequestError. */
export async function readPicture(project: string, path: string, signal: AbortSignal): Promise<Picture> {
  const answer = await fetchRaw(inProject(project, "picture", path), { signal, cache: "no-store" });
  return (await answer.json()) as Picture; // the server's tests hold it to the type
}

/** The address of a picture that is not wider than width. */
export function pictureAddress(project: string, path: string, width: number): URL {
  const url = inProject(project, "picture", path);
  url.searchParams.set("width", String(width));
  return url;
}

/** Bytes of a file, with its size and version as they are now. */
export type Part = { bytes: Uint8Array<ArrayBuffer>; size: number; version: string };

/** Bytes from `from` on, at most n; fewer at the end of the file. Throws RequestError. */
export async function readPart(
  project: string,
  path: string,
  from: number,
  n: number,
  signal: AbortSignal,
): Promise<Part> {
  try {
    const answer = await fetchRaw(fileAddress(project, path), {
      signal,
      cache: "no-store",
      headers: { Range: `bytes=${from}-${from + n - 1}` },
    });
    const version = answer.headers.get("ETag") ?? "";
    const total = /\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "")?.[1];
    const bytes = new Uint8Array(await answer.arrayBuffer());
    // A server that does not know ranges sends the whole.
    if (answer.status === 200) return { bytes: bytes.slice(from, from + n), size: bytes.length, version };
    return { bytes, size: Number(total ?? from + bytes.length), version };
  } catch (e) {
    // Nothing is there any more: the file is empty, or ends before.
    if (e instanceof RequestError && e.status === 416)
      return { bytes: new Uint8Array(0), size: from === 0 ? 0 : -1, version: "" };
    throw e;
  }
}
