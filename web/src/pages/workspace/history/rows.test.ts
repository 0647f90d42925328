import { expect, test } from "vitest";
import type { Version, VersionDiff } from "../../../api/history";
import { nextStop, rangesOf, rowAt, rowsOf, type Steps, stopsOf } from "./rows";

const at = (day: number) => `2026-11-${String(day).padStart(2, "0")}T12:00:00Z`;
const version = (first: number, seq: number, day: number, more: Partial<Version> = {}): Version => ({
  first,
  seq,
  at: at(day),
  until: at(day),
  origin: "edit",
  by: [],
  edits: seq - first + 1,
  added: 1,
  removed: 0,
  ...more,
});
const dayOf = (t: string) => t.slice(0, 10);
const list = [
  version(21, 30, 3),
  version(11, 20, 3),
  version(2, 10, 2),
  version(1, 1, 1, { origin: "begin" }),
];

test("versions stand under their days, and steps under their sitting", () => {
  const steps: Steps = { versions: [version(16, 20, 3), version(11, 15, 3)], more: true };
  const rows = rowsOf(list, new Map([[20, steps]]), dayOf);
  expect(rows.map((r) => r.key)).toEqual([
    "d2026-11-03",
    "v30",
    "v20",
    "s20/20",
    "s20/15",
    "m20",
    "d2026-11-02",
    "v10",
    "d2026-11-01",
    "v1",
  ]);
  expect(rows.flatMap((r) => (r.kind === "version" ? [r.open] : []))).toEqual([
    false,
    true,
    false,
    undefined,
  ]);
});

test("a sequence is found in the step that it falls into, else in the sitting", () => {
  const steps: Steps = { versions: [version(16, 20, 3), version(11, 15, 3)], more: false };
  const rows = rowsOf(list, new Map([[20, steps]]), dayOf);
  const key = (seq: number) => rows[rowAt(rows, seq)]?.key;
  expect([30, 25, 20, 15, 12, 9, 1].map(key)).toEqual([
    "v30",
    "v30",
    "s20/20",
    "s20/15",
    "s20/15",
    "v10",
    "v1",
  ]);
  expect(rowAt(rows, 99)).toBe(-1);
  // A sitting and its last step end alike: the key says which is meant.
  expect(rows[rowAt(rows, 20, "v20")]?.key).toBe("v20");
  expect(rows[rowAt(rows, 20, "v10")]?.key).toBe("s20/20");
});

test("keys stop at what is known", () => {
  const steps: Steps = { versions: [version(16, 20, 3), version(11, 15, 3)], more: false };
  const stops = stopsOf(rowsOf(list, new Map([[20, steps]]), dayOf));
  expect(stops).toEqual([1, 10, 15, 20, 30]);
  expect(nextStop(stops, 10, 1)).toBe(15);
  expect(nextStop(stops, 12, 1)).toBe(15);
  expect(nextStop(stops, 12, -1)).toBe(10);
  expect(nextStop(stops, 30, 1)).toBe(30);
  expect(nextStop([], 3, -1)).toBe(3);
});

test("hunks become the runs of lines that changed", () => {
  const line = (kind: "same" | "added" | "removed") => ({ kind, text: "" });
  const diff: VersionDiff = {
    from: 1,
    to: 2,
    added: 0,
    removed: 0,
    hunks: [
      {
        old: 4,
        oldLines: 6,
        new: 4,
        newLines: 6,
        lines: ["same", "removed", "added", "added", "same", "removed", "same"].map((k) => line(k as "same")),
      },
      { old: 20, oldLines: 1, new: 20, newLines: 2, lines: [line("same"), line("added")] },
    ],
  };
  expect(rangesOf(diff)).toEqual([
    { oldFrom: 5, oldTo: 6, newFrom: 5, newTo: 7 },
    { oldFrom: 7, oldTo: 8, newFrom: 8, newTo: 8 },
    { oldFrom: 21, oldTo: 21, newFrom: 21, newTo: 22 },
  ]);
});
