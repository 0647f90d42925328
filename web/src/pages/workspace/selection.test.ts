import { expect, test } from "vitest";
import type { Entry } from "../../api/project";
import { carried, level, nothing, only, ranged, type Selection, toggled } from "./selection";
import { type Known, Rows } from "./treerows";

function entry(path: string, kind: "dir" | "file" = "file"): Entry {
  return {
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    kind,
    size: 0,
    modified: "2026-01-01T00:00:00Z",
    mode: 0,
  };
}

const folders: Record<string, Entry[]> = {
  "": [entry("a", "dir"), entry("b", "dir"), entry("c"), entry("d")],
  a: [entry("a/x"), entry("a/y")],
};

/** - a, x, y, + b, c, d */
const rows = Rows.of(new Set(["a"]), (path): Known => {
  const items = folders[path] ?? [];
  return { items, total: items.length, more: false, loaded: true };
});

function picked(s: Selection): string[] {
  return [...s.picked].sort();
}

test("a press selects one, and a row without a path is no thing to select", () => {
  expect(picked(only("c"))).toEqual(["c"]);
  expect(picked(only("a//loading"))).toEqual([]);
});

test("with Ctrl a row is added, or taken out", () => {
  const two = toggled(only("c"), "a");
  expect([two.focus, picked(two)]).toEqual(["a", ["a", "c"]]);
  expect(picked(toggled(two, "c"))).toEqual(["a"]);
});

test("with Shift it is the rows between, from where it began", () => {
  const s = ranged(only("a/y"), rows, "c");
  expect([s.focus, s.anchor, picked(s)]).toEqual(["c", "a/y", ["a/y", "b", "c"]]);
  expect(picked(ranged(s, rows, "a"))).toEqual(["a", "a/x", "a/y"]);
  expect(picked(ranged(toggled(only("d"), "a/x"), rows, "a/y", true))).toEqual(["a/x", "a/y", "d"]);
  expect(picked(ranged(nothing, rows, "b"))).toEqual(["b"]);
});

test("all is what is in the same folder", () => {
  expect(picked(level(only("a/x"), rows))).toEqual(["a/x", "a/y"]);
  expect(picked(level(only("c"), rows))).toEqual(["a", "b", "c", "d"]);
});

test("what moves stays selected", () => {
  const s = carried(toggled(only("a/x"), "c"), (p) => (p === "a/x" ? "b/x" : p));
  expect([s.focus, picked(s)]).toEqual(["c", ["b/x", "c"]]);
});
