import type { FoundFile, FoundMatch, ReplaceFile } from "../../api/search";
import type { LeftOuts } from "./leftout";

/** A file in which something is replaced, and the matches of it that were shown. */
export type Replaced = { path: string; shown: readonly FoundMatch[]; file: ReplaceFile };

/** Most files and bytes of one job: the server takes 1 MB, and tells of 1,000 files what became of them. */
const mostFiles = 1000;
const mostBytes = 700_000;

/**
 * What is replaced: what is shown, in all files, in one, or one match. Matches that
 * were not told, because their file has too many, are replaced with the others unless
 * something of the file was left out.
 */
export function chosenOf(
  files: readonly FoundFile[],
  left: LeftOuts,
  path?: string,
  match?: FoundMatch,
): Replaced[] {
  return files
    .filter((f) => f.text && (path === undefined || f.path === path))
    .map((f) => {
      const shown = match ? [match] : f.matches;
      const all = f.more === true && match === undefined && !left.has(f.path);
      const places = shown.map((m) => ({ line: m.line, column: m.column }));
      return { path: f.path, shown, file: { version: f.version, ...(all ? { all } : { places }) } };
    });
}

/** Divides what is replaced among jobs, each small enough for one request. */
export function batchesOf(chosen: readonly Replaced[]): Replaced[][] {
  const batches: Replaced[][] = [];
  const encoder = new TextEncoder();
  let room = 0;
  for (const c of chosen) {
    const bytes = encoder.encode(JSON.stringify([c.path, c.file])).length;
    const last = batches.at(-1);
    if (last === undefined || last.length >= mostFiles || bytes > room) {
      batches.push([c]);
      room = mostBytes - bytes;
    } else {
      last.push(c);
      room -= bytes;
    }
  }
  return batches;
}
