import { expect, test } from "vitest";
import { treeStep } from "./treekeys";

const leaf = { parent: () => 1 };
const shut = { open: false, parent: () => -1 };
const wide = { open: true, parent: () => -1 };

test.each([
  ["ArrowDown", 3, leaf, { go: 4 }],
  ["ArrowDown", 9, leaf, { go: 9 }],
  ["ArrowUp", 0, leaf, { go: 0 }],
  ["Home", 5, leaf, { go: 0 }],
  ["End", 5, leaf, { go: 9 }],
  ["PageDown", 2, leaf, { go: 6 }],
  ["PageUp", 2, leaf, { go: 0 }],
  ["ArrowRight", 2, leaf, {}],
  ["ArrowRight", 2, shut, { open: true }],
  ["ArrowRight", 2, wide, { go: 3 }],
  ["ArrowLeft", 2, wide, { open: false }],
  ["ArrowLeft", 2, shut, {}],
  ["ArrowLeft", 2, leaf, { go: 1 }],
  ["ArrowLeft", 2, undefined, {}],
  ["a", 2, leaf, {}],
] as const)("%s at %d of 10 rows", (key, at, row, want) => {
  expect(treeStep(key, at, 10, row, 4)).toEqual(want);
});
