import type { Cell } from "./cell";

/** How it is looked for. */
export type Query = { text: string; cased: boolean; pattern: boolean };

/** A place in a cell's text: offsets in UTF-16 units. */
export type Match = { cell: Cell; from: number; to: number };

/** Most places that are found: the rest is found as these are dealt with. */
const most = 10_000;

/** What a query means; undefined when it is no pattern, or nothing. */
export function patternOf(q: Query): RegExp | undefined {
  if (q.text === "") return undefined;
  try {
    const source = q.pattern ? q.text : q.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(source, q.cased ? "gmu" : "gimu");
  } catch {
    return undefined;
  }
}

/** Every place, in the order of the cells. */
export function findAll(cells: readonly Cell[], q: Query): Match[] {
  const pattern = patternOf(q);
  if (!pattern) return [];
  const found: Match[] = [];
  for (const cell of cells) {
    for (const m of cell.text.matchAll(pattern)) {
      if (m[0] === "") continue;
      found.push({ cell, from: m.index, to: m.index + m[0].length });
      if (found.length >= most) return found;
    }
  }
  return found;
}

/** What a match becomes: with $1 and the like where the query is a pattern. */
export function replacementOf(text: string, m: { from: number; to: number }, q: Query, by: string): string {
  const pattern = patternOf(q);
  if (!q.pattern || !pattern) return by;
  return text.slice(m.from, m.to).replace(new RegExp(pattern.source, pattern.flags.replace("g", "")), by);
}

/** Replaces places, the last of each cell first, so that offsets stay true. Call inside one step of undo. */
export function replaceAll(matches: readonly Match[], q: Query, by: string): void {
  for (const m of [...matches].reverse()) {
    const text = m.cell.text;
    const next = replacementOf(text, m, q, by);
    m.cell.source.delete(m.from, m.to - m.from);
    if (next !== "") m.cell.source.insert(m.from, next);
  }
}
