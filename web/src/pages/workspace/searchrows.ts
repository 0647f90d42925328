import type { FoundFile, FoundMatch } from "../../api/search";
import { treeStep } from "../../ui/treekeys";

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

/** Where a key leads, or whether it folds the file. */
export function searchKey(
  rows: readonly SearchRow[],
  at: number,
  key: string,
): { go?: number; fold?: boolean } {
  const row = rows[at];
  const known = row && {
    open: row.kind === "file" ? !row.folded : undefined,
    parent: () => (row.kind === "file" ? -1 : rows.findLastIndex((r, i) => i < at && r.kind === "file")),
  };
  const { go, open } = treeStep(key, at, rows.length, known);
  if (open !== undefined) return { fold: !open };
  return go === undefined ? {} : { go };
}

/** A match as it is shown: the line in three parts. */
export function partsOf(m: FoundMatch): { before: string; match: string; after: string } {
  return {
    before: m.text.slice(0, m.at),
    match: m.text.slice(m.at, m.at + m.length),
    after: m.text.slice(m.at + m.length),
  };
}
