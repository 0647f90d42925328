import { describe, expect, it } from "vitest";
import type { FoundFile, FoundMatch } from "../../api/search";
import { countLeft, type LeftOuts, leaveOut, moved, without } from "./leftout";
import { batchesOf, chosenOf } from "./replacing";

const match = (line: number, column: number, fresh = "xx"): FoundMatch => ({
  line,
  column,
  length: 3,
  text: `line ${line} foo foo`,
  at: column - 1,
  new: fresh,
});
const file = (path: string, matches: FoundMatch[], more = false): FoundFile => ({
  path,
  version: "1",
  text: true,
  matches,
  ...(more && { more }),
});
const none: LeftOuts = new Map();
const places = (files: FoundFile[]) =>
  files.map((f) => [f.path, ...f.matches.map((m) => `${m.line}:${m.column}`)]);

describe("what is replaced", () => {
  const a = file("a", [match(1, 1), match(2, 1)], true);
  const b = file("b", [match(1, 1), match(1, 5)]);
  it("is the places that are shown, and all of a file with more", () => {
    const chosen = chosenOf([a, b], none);
    expect(chosen.map((c) => c.file)).toEqual([
      { version: "1", all: true },
      {
        version: "1",
        places: [
          { line: 1, column: 1 },
          { line: 1, column: 5 },
        ],
      },
    ]);
  });
  it("is never all of a file of which something was left out", () => {
    const left = leaveOut(leaveOut(none, a, a.matches[0]), b, b.matches[1]);
    const chosen = chosenOf(without([a, b], left), left);
    expect(chosen.map((c) => c.file)).toEqual([
      { version: "1", places: [{ line: 2, column: 1 }] },
      { version: "1", places: [{ line: 1, column: 1 }] },
    ]);
  });
  it("is one match or one file when that is asked for, and nothing that is no text", () => {
    expect(chosenOf([a, b], none, "a", a.matches[1]).map((c) => c.file)).toEqual([
      { version: "1", places: [{ line: 2, column: 1 }] },
    ]);
    expect(chosenOf([a, b], none, "b").map((c) => c.path)).toEqual(["b"]);
    expect(chosenOf([{ ...a, text: false }], none)).toEqual([]);
  });
  it("goes in several jobs when it is too much for one, in its order", () => {
    const files = Array.from({ length: 2500 }, (_, i) => file(`f${i}`, [match(1, 1)]));
    const many = batchesOf(chosenOf(files, none));
    expect(many.map((b) => b.length)).toEqual([1000, 1000, 500]);
    expect(many.flat().map((c) => c.path)).toEqual(files.map((f) => f.path));
    const full = Array.from({ length: 1000 }, (_, i) => match(i + 100_000, 100_000));
    const large = batchesOf(
      chosenOf(
        Array.from({ length: 60 }, (_, i) => file(`ü${i}`.repeat(500), full)),
        none,
      ),
    );
    expect(large.length).toBeGreaterThan(1);
    for (const b of large) {
      const body = JSON.stringify({ paths: b.map((c) => c.path), files: b.map((c) => c.file) });
      expect(new TextEncoder().encode(body).length).toBeLessThan(900_000);
    }
    expect(batchesOf([])).toEqual([]);
  });
});

describe("what is left out", () => {
  const b = file("b", [match(1, 1), match(1, 5), match(3, 2)]);
  it("stays so when the same is searched again", () => {
    const left = leaveOut(leaveOut(none, b, b.matches[1]), file("c", []));
    expect(places(without([b, file("c", [match(1, 1)])], left))).toEqual([["b", "1:1", "3:2"]]);
    expect(countLeft(left)).toBe(2);
    let all = left;
    for (const m of b.matches) all = leaveOut(all, b, m);
    expect(without([b], all)).toEqual([]);
    expect(leaveOut(left, file("c", []), match(1, 1)).get("c")).toEqual({ whole: true });
  });
  it.each([
    { name: "a shorter one before it", replaced: [match(1, 1)], at: "1:4" },
    { name: "a line end before it", replaced: [match(1, 1, "one\ntwo")], at: "2:5" },
    { name: "another line, with an end", replaced: [{ ...match(0, 1, "\n"), line: 0 }], at: "2:5" },
    { name: "one behind it", replaced: [match(1, 9, "\n\n")], at: "1:5" },
  ])("moves along with $name", ({ replaced, at }) => {
    const left = moved(leaveOut(none, b, b.matches[1]), "b", replaced);
    const [line = 0, column = 0] = at.split(":").map(Number);
    const now = { ...b, version: "2", matches: [match(7, 1), match(line, column)] };
    expect(places(without([now], left))).toEqual([["b", "7:1"]]);
  });
  it("is known by its line when somebody else has changed the file", () => {
    const left = leaveOut(none, b, b.matches[1]);
    const moves = { ...b, version: "2", matches: b.matches.map((m) => ({ ...m, line: m.line + 4 })) };
    expect(places(without([moves], left))).toEqual([["b", "5:1", "7:2"]]);
  });
});
