import type { FoundFile, FoundMatch } from "../../api/search";

/** A line of the list of what was found. */
export type SearchRow =
  | { kind: "file"; key: string; file: FoundFile; folded: boolean }
  | { kind: "match"; key: string; file: FoundFile; match: FoundMatch };

export function rowsOf(files: readonly FoundFile[], folded: ReadonlySet<string>): SearchRow[] {
  const rows: SearchRow[] = [];
  for (const file of files) {
    const shut = folded.has(file.path);
    rows.push({ kind: "file", key: file.path, file, folded: shut });
    if (shut) continue;
    for (const match of file.matches)
      rows.push({ kind: "match", key: `${file.path}:${match.line}:${match.column}`, file, match });
  }
  return rows;
}

/** Where a key leads, as the ARIA pattern for trees says. */
export function searchKey(
  rows: readonly SearchRow[],
  at: number,
  key: string,
): { go?: number; fold?: boolean } {
  const row = rows[at];
  const last = rows.length - 1;
  switch (key) {
    case "ArrowDown":
      return { go: Math.min(last, at + 1) };
    case "ArrowUp":
      return { go: Math.max(0, at - 1) };
    case "Home":
      return { go: 0 };
    case "End":
      return { go: last };
    case "PageDown":
      return { go: Math.min(last, at + 15) };
    case "PageUp":
      return { go: Math.max(0, at - 15) };
    case "ArrowRight":
      if (row?.kind !== "file") return {};
      return row.folded ? { fold: false } : { go: Math.min(last, at + 1) };
    case "ArrowLeft":
      if (row?.kind === "file") return row.folded ? {} : { fold: true };
      return { go: rows.findLastIndex((r, i) => i < at && r.kind === "file") };
  }
  return {};
}

/** A match as it is shown: the line in three parts. */
export function partsOf(m: FoundMatch): { before: string; match: string; after: string } {
  return {
    before: m.text.slice(0, m.at),
    match: m.text.slice(m.at, m.at + m.length),
    after: m.text.slice(m.at + m.length),
  };
}
