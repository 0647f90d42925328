import { expect, test } from "vitest";
import {
  foldersAbove,
  isWithin,
  joinPath,
  looksSame,
  nameFault,
  nameOf,
  outermost,
  parentOf,
  pathFrom,
  stemOf,
} from "./path";

test("paths", () => {
  expect([parentOf("a/b/c"), parentOf("a"), nameOf("a/b"), nameOf("a")]).toEqual(["a/b", "", "b", "a"]);
  expect([joinPath("", "a"), joinPath("a", "b")]).toEqual(["a", "a/b"]);
  expect([isWithin("a/b", "a"), isWithin("ab", "a"), isWithin("a", "a"), isWithin("a", "")]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  expect([foldersAbove("a/b/c"), foldersAbove("a")]).toEqual([["a", "a/b"], []]);
});

test("what is in a folder goes with it", () => {
  expect(outermost(["a/b", "a", "ab", "c/d", "a/b/c"])).toEqual(["a", "ab", "c/d"]);
});

test.each([
  ["", "a/b", "a/b"],
  ["notes", "data/x.csv", "../data/x.csv"],
  ["a/b", "a/c", "../c"],
  ["a", "a/c", "c"],
  ["a/b", "a", "../../a"],
])("from %j to %j it is %j", (folder, path, want) => {
  expect(pathFrom(folder, path)).toBe(want);
});

test.each([
  ["notes.txt", undefined],
  ["", "empty"],
  [" ", "empty"],
  ["a/b", "slash"],
  ["..", "dots"],
  ["a\nb", "control"],
  ["é".repeat(128), "long"],
])("nameFault(%j) is %s", (name, want) => {
  expect(nameFault(name)).toBe(want);
});

test.each([
  ["Data", "data", true],
  ["caf\u00e9", "cafe\u0301", true],
  ["data", "data", false],
  ["data", "date", false],
])("looksSame(%j, %j) is %s", (a, b, want) => {
  expect(looksSame(a, b)).toBe(want);
});

test.each([
  ["plot.png", "plot", ".png"],
  ["a.tar.gz", "a", ".tar.gz"],
  ["Makefile", "Makefile", ""],
  [".bashrc", ".bashrc", ""],
  ["v1.2.txt", "v1.2", ".txt"],
])("the stem of %j", (name, stem, ending) => {
  expect(stemOf(name)).toEqual({ stem, ending });
});
