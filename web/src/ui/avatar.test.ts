import { expect, test } from "vitest";
import { initials, personColour } from "./avatar";

test.each([
  ["Ada Lovelace", "AL"],
  ["Ada", "A"],
  ["  émile  du châtelet ", "ÉC"],
  ["Grace (you)", "G"],
  ["李 明", "李明"],
  ["!", "?"],
  ["", "?"],
])("initials(%j)", (name, want) => {
  expect(initials(name)).toBe(want);
});

test("every number is one of the twelve colours", () => {
  expect([0, 11, 12, -1].map(personColour)).toEqual([
    "var(--person-0)",
    "var(--person-11)",
    "var(--person-0)",
    "var(--person-11)",
  ]);
});
