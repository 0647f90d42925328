import { parentOf } from "./path";
import type { Rows } from "./treerows";

/**
 * What is selected in the explorer, by paths. focus is the row that keys go to,
 * anchor the one that a range begins at.
 */
export type Selection = { focus: string; anchor: string; picked: ReadonlySet<string> };

export const nothing: Selection = { focus: "", anchor: "", picked: new Set() };

/** One row, and no other. */
export function only(key: string): Selection {
  return { focus: key, anchor: key, picked: new Set(key === "" || key.includes("//") ? [] : [key]) };
}

/** Adds a row, or takes it out. */
export function toggled(s: Selection, key: string): Selection {
  const picked = new Set(s.picked);
  if (!picked.delete(key)) picked.add(key);
  return { focus: key, anchor: key, picked };
}

/** The rows from the anchor to one; with keep, those that are selected stay too. */
export function ranged(s: Selection, rows: Rows, key: string, keep = false): Selection {
  const to = rows.indexOf(key);
  const from = rows.indexOf(s.anchor);
  if (to < 0 || from < 0) return only(key);
  const picked = new Set(keep ? s.picked : []);
  for (const row of rows.slice(Math.min(from, to), Math.max(from, to) + 1))
    if (row.kind === "entry") picked.add(row.entry.path);
  return { focus: key, anchor: s.anchor, picked };
}

/** All that is in the folder of the focus, as far as it was read. */
export function level(s: Selection, rows: Rows): Selection {
  const { items } = rows.level(parentOf(s.focus));
  return { ...s, picked: new Set(items.map((e) => e.path)) };
}

/** What is selected where something moved: its new path. */
export function carried(s: Selection, moved: (path: string) => string): Selection {
  return { focus: moved(s.focus), anchor: moved(s.anchor), picked: new Set([...s.picked].map(moved)) };
}
