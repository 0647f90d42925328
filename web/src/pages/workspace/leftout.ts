import type { FoundFile, FoundMatch } from "../../api/search";

/**
 * What a person has left out of one file: all of it, or some matches. version is that
 * of the file in which these were found; undefined after a replacement of our own, which
 * has moved them along, until the file is searched again.
 */
export type LeftOut =
  | { whole: true }
  | { whole?: never; version?: string | undefined; matches: FoundMatch[] };

export type LeftOuts = ReadonlyMap<string, LeftOut>;

const samePlace = (a: FoundMatch, b: FoundMatch) => a.line === b.line && a.column === b.column;
const sameText = (a: FoundMatch, b: FoundMatch) => a.text === b.text && a.at === b.at;

/** Leaves out a file, or a match of it. */
export function leaveOut(left: LeftOuts, file: FoundFile, match?: FoundMatch): LeftOuts {
  const before = left.get(file.path);
  if (before?.whole) return left;
  const now: LeftOut = match
    ? { version: file.version, matches: [...(before?.matches ?? []), match] }
    : { whole: true };
  return new Map(left).set(file.path, now);
}

/**
 * What is shown of what was found. Where somebody else has changed a file, places say
 * nothing any more: there what stands in a line like one that was left out is left out.
 */
export function without(files: readonly FoundFile[], left: LeftOuts): FoundFile[] {
  if (left.size === 0) return [...files];
  return files.flatMap((f) => {
    const out = left.get(f.path);
    if (out === undefined) return [f];
    if (out.whole) return [];
    const same = out.version === undefined || out.version === f.version ? samePlace : sameText;
    const matches = f.matches.filter((m) => !out.matches.some((o) => same(o, m)));
    return matches.length > 0 ? [{ ...f, matches }] : [];
  });
}

/** How many files and matches are left out. */
export function countLeft(left: LeftOuts): number {
  let n = 0;
  for (const out of left.values()) n += out.whole ? 1 : out.matches.length;
  return n;
}

/** What is left out after matches of a file were replaced: it has moved along. */
export function moved(left: LeftOuts, path: string, replaced: readonly FoundMatch[]): LeftOuts {
  const out = left.get(path);
  if (out === undefined || out.whole) return left;
  return new Map(left).set(path, { matches: out.matches.map((m) => movedBy(m, replaced)) });
}

/** Where m is after others were replaced, which are in their order. */
function movedBy(m: FoundMatch, replaced: readonly FoundMatch[]): FoundMatch {
  let lines = 0;
  let columns = 0;
  for (const r of replaced) {
    if (r.line > m.line || (r.line === m.line && r.column > m.column)) break;
    const fresh = r.new ?? "";
    const ends = fresh.split("\n").length - 1;
    lines += ends;
    if (r.line !== m.line) continue;
    if (ends > 0) columns = fresh.length - fresh.lastIndexOf("\n") - (r.column + r.length);
    else columns += fresh.length - r.length;
  }
  return { ...m, line: m.line + lines, column: m.column + columns };
}
