import { parentOf } from "./path";
import type { Rows } from "./treerows";

/**
 * Where a key leads from a row, as the ARIA pattern for trees says: the row to
 * go to, or what to do with the one that has the focus. page is how many rows
 * are on the screen.
 */
export function treeKey(
  rows: Rows,
  at: number,
  key: string,
  page = 15,
): { go?: number; expand?: string; collapse?: string } {
  const row = rows.at(at);
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
      return { go: Math.min(last, at + page) };
    case "PageUp":
      return { go: Math.max(0, at - page) };
    case "ArrowRight":
      if (row?.kind !== "entry" || row.expanded === undefined) return {};
      return row.expanded ? { go: Math.min(last, at + 1) } : { expand: row.entry.path };
    case "ArrowLeft": {
      if (row?.kind === "entry" && row.expanded) return { collapse: row.entry.path };
      if (row === undefined) return {};
      const parent = rows.indexOf(row.kind === "entry" ? parentOf(row.entry.path) : row.parent);
      return parent < 0 ? {} : { go: parent };
    }
  }
  return {};
}

/** The row that begins with what was typed, after the one that has the focus; -1 for none. */
export function typeAhead(rows: Rows, at: number, typed: string): number {
  const text = typed.toLowerCase();
  const from = typed.length > 1 ? at : at + 1;
  for (let i = 0; i < rows.length; i++) {
    const n = (from + i) % rows.length;
    const row = rows.at(n);
    if (row?.kind === "entry" && row.entry.name.toLowerCase().startsWith(text)) return n;
  }
  return -1;
}
