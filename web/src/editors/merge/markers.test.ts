import { Text } from "@codemirror/state";
import { expect, test } from "vitest";
import { conflictsOf, takeSide } from "./markers";

const two =
  "a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> topic\nb\n<<<<<<< HEAD\n||||||| base\nold\n=======\n>>>>>>> topic\n";

test("finds conflicts and takes sides", () => {
  const doc = Text.of(two.split("\n"));
  const all = conflictsOf(doc);
  expect(all.length).toBe(2);
  const [first, second] = all;
  if (!first || !second) throw new Error("two are there");
  expect(takeSide(doc, first, "ours")).toBe("ours\n");
  expect(takeSide(doc, first, "theirs")).toBe("theirs\n");
  expect(takeSide(doc, first, "both")).toBe("ours\ntheirs\n");
  expect(doc.sliceString(first.from, first.to)).toBe("<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> topic\n");
  expect(second.base).toBeDefined();
  expect(takeSide(doc, second, "both")).toBe("");
});

test("what is no whole conflict is text", () => {
  for (const text of [
    "<<<<<<< HEAD\na\n",
    "=======\n>>>>>>> x\n",
    "<<<<<<<\n=======\n>>>>>>>\n",
    "a\n=======\nb",
  ])
    expect(conflictsOf(Text.of(text.split("\n")))).toEqual([]);
});
