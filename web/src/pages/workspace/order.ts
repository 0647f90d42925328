import type { Entry } from "../../api/project";
import { isFolder } from "./path";

/** How the entries of a folder are sorted; folders always come first. */
export type Order = { by: "name" | "size" | "modified" | "kind"; desc: boolean };

export const usualOrder: Order = { by: "name", desc: false };

/** The order that was kept, or the usual one. */
export function readOrder(by: unknown, desc: unknown): Order {
  const known = by === "size" || by === "modified" || by === "kind" ? by : "name";
  return { by: known, desc: desc === true };
}

/** The order after a press on a column: the other way round, or the one that people expect of it first. */
export function pressed(now: Order, by: Order["by"]): Order {
  if (now.by === by) return { by, desc: !now.desc };
  return { by, desc: by === "size" || by === "modified" };
}

const names = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/**
 * Which of two entries comes first, much as the server sorts them: it is used
 * only to put a single new entry into a list, until that is read again.
 */
export function compareEntries(a: Entry, b: Entry, order: Order): number {
  if (isFolder(a) !== isFolder(b)) return isFolder(a) ? -1 : 1;
  const n = by(a, b, order.by);
  return (order.desc ? -n : n) || names.compare(a.name, b.name);
}

function by(a: Entry, b: Entry, what: Order["by"]): number {
  switch (what) {
    case "size":
      return isFolder(a) ? 0 : a.size - b.size;
    case "modified":
      return Date.parse(a.modified) - Date.parse(b.modified);
    case "kind":
      return names.compare(endingOf(a), endingOf(b));
    case "name":
      return names.compare(a.name, b.name);
  }
}

function endingOf(e: Entry): string {
  const dot = e.name.lastIndexOf(".");
  return dot > 0 ? e.name.slice(dot) : "";
}
