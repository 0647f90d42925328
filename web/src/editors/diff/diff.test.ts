import { Text } from "@codemirror/state";
import { expect, test } from "vitest";
import { changesOf, linesOf } from "./diff";

test("runs of lines become changes of characters", () => {
  const [a, b] = ["1\n2\n3\n", "1\nzwei\n3\n4\n"];
  const made = changesOf([
    { oldFrom: 2, oldTo: 3, newFrom: 2, newTo: 3 },
    { oldFrom: 4, oldTo: 4, newFrom: 4, newTo: 5 },
  ])(a, b);
  const first = made[0];
  expect([first?.fromA, made.at(-1)?.fromB, made.at(-1)?.toB]).toEqual([2, 9, 11]);
});

test("a chunk's lines", () => {
  const doc = Text.of("1\n2\n3\n".split("\n"));
  expect(linesOf(doc, 2, 4)).toEqual([2, 3]);
  expect(linesOf(doc, 2, 2)).toEqual([2, 2]);
  expect(linesOf(doc, 4, 7)).toEqual([3, 5]);
});
