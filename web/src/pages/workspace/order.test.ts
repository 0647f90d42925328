import { expect, test } from "vitest";
import type { Entry } from "../../api/project";
import { compareEntries, type Order, pressed } from "./order";

function entry(name: string, o: Partial<Entry> = {}): Entry {
  return { name, path: name, kind: "file", size: 0, modified: "2026-01-01T00:00:00Z", mode: 0, ...o };
}

const list = [
  entry("b10.py", { size: 1, modified: "2026-03-01T00:00:00Z" }),
  entry("b2.py", { size: 3 }),
  entry("a.txt", { size: 2 }),
  entry("z", { kind: "dir" }),
];

test.each<[Order, string[]]>([
  [{ by: "name", desc: false }, ["z", "a.txt", "b2.py", "b10.py"]],
  [{ by: "name", desc: true }, ["z", "b10.py", "b2.py", "a.txt"]],
  [{ by: "size", desc: true }, ["z", "b2.py", "a.txt", "b10.py"]],
  [{ by: "modified", desc: true }, ["z", "b10.py", "a.txt", "b2.py"]],
  [{ by: "kind", desc: false }, ["z", "b2.py", "b10.py", "a.txt"]],
])("%j", (order, want) => {
  expect([...list].sort((a, b) => compareEntries(a, b, order)).map((e) => e.name)).toEqual(want);
});

test("a column pressed again turns round", () => {
  const first = pressed({ by: "name", desc: false }, "size");
  expect(first).toEqual({ by: "size", desc: true });
  expect(pressed(first, "size")).toEqual({ by: "size", desc: false });
});
