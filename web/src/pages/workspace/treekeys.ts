import { treeStep } from "../../ui/treekeys";
import { parentOf } from "./path";
import type { Rows } from "./treerows";

/** Where a key leads from a row, or which folder it opens or closes. */
export function treeKey(
  rows: Rows,
  at: number,
  key: string,
  page = 15,
): { go?: number; expand?: string; collapse?: string } {
  const row = rows.at(at);
  const known = row && {
    open: row.kind === "entry" ? row.expanded : undefined,
    parent: () => rows.indexOf(row.kind === "entry" ? parentOf(row.entry.path) : row.parent),
  };
  const { go, open } = treeStep(key, at, rows.length, known, page);
  if (open === undefined || row?.kind !== "entry") return go === undefined ? {} : { go };
  return open ? { expand: row.entry.path } : { collapse: row.entry.path };
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
