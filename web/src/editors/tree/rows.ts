import { type Child, childrenOf } from "./json";

/** Children that are shown at once; more are in groups of so many. */
export const groupSize = 500;

/** A row of the tree: a value, or a group of the values of a long list. */
export type TreeRow = {
  id: string;
  key: string;
  /** In a list: the key is a number. */
  list: boolean;
  level: number;
  start: number;
  end: number;
  kind: "object" | "list" | "string" | "number" | "word" | "group";
  open: boolean;
  /** How many are in it, when it is unfolded or a group. */
  count?: number;
  parent: number;
  position: number;
  siblings: number;
};

export function kindAt(text: string, start: number): TreeRow["kind"] {
  const c = text[start] ?? "";
  if (c === "{") return "object";
  if (c === "[") return "list";
  if (c === '"') return "string";
  return /[-\d]/.test(c) ? "number" : "word";
}

/** The rows that are to be seen when the named ones are open. kept: children that were found before. */
export function rowsOf(
  text: string,
  start: number,
  end: number,
  open: ReadonlySet<string>,
  kept: Map<number, Child[]>,
): TreeRow[] {
  const rows: TreeRow[] = [];
  const below = (at: number) => {
    const found = kept.get(at) ?? childrenOf(text, at);
    kept.set(at, found);
    return found;
  };
  const add = (
    c: Child,
    list: boolean,
    level: number,
    parent: number,
    position: number,
    siblings: number,
    id: string,
  ) => {
    const kind = kindAt(text, c.start);
    const row: TreeRow = {
      id,
      key: c.key,
      list,
      level,
      start: c.start,
      end: c.end,
      kind,
      open: open.has(id),
      parent,
      position,
      siblings,
    };
    rows.push(row);
    if (!row.open || (kind !== "object" && kind !== "list")) return;
    const all = below(c.start);
    row.count = all.length;
    const me = rows.length - 1;
    if (all.length <= groupSize) {
      for (const [i, x] of all.entries())
        add(x, kind === "list", level + 1, me, i + 1, all.length, `${id}/${i}`);
      return;
    }
    const groups = Math.ceil(all.length / groupSize);
    for (let g = 0; g < groups; g++) {
      const part = all.slice(g * groupSize, (g + 1) * groupSize);
      const gid = `${id}/g${g}`;
      const key = `${g * groupSize} … ${g * groupSize + part.length - 1}`;
      rows.push({
        id: gid,
        key,
        list: false,
        level: level + 1,
        start: part[0]?.start ?? 0,
        end: part.at(-1)?.end ?? 0,
        kind: "group",
        open: open.has(gid),
        count: part.length,
        parent: me,
        position: g + 1,
        siblings: groups,
      });
      const group = rows.length - 1;
      if (open.has(gid))
        for (const [i, x] of part.entries())
          add(x, kind === "list", level + 2, group, i + 1, part.length, `${id}/${g * groupSize + i}`);
    }
  };
  add({ key: "$", start, end }, false, 1, -1, 1, 1, "$");
  return rows;
}

/** The names of what must be open for the value at an index of the text to be seen; the last is its own. */
export function wayTo(text: string, start: number, end: number, at: number): string[] {
  const names = ["$"];
  let here: Child = { key: "$", start, end };
  let id = "$";
  for (;;) {
    const all: Child[] = childrenOf(text, here.start);
    // A key stands before its value: it belongs to the first that ends behind it.
    const i = all.findIndex((c) => at < c.end);
    const next = all[i];
    if (!next || at >= here.end) return names;
    if (all.length > groupSize) names.push(`${id}/g${Math.floor(i / groupSize)}`);
    id = `${id}/${i}`;
    names.push(id);
    here = next;
  }
}
