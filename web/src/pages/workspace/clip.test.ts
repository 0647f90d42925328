import { expect, test } from "vitest";
import { readClip, writeClip } from "./clip";

test("what is written is read", () => {
  const clip = { project: "p", cut: true, paths: ["a", "b/c\nd"] };
  expect(readClip(writeClip(clip))).toEqual(clip);
});

test.each([
  "",
  "a.txt",
  "null",
  "7",
  '{"project":"p"}',
  '{"project":7,"paths":["a"]}',
  '{"project":"p","paths":[]}',
  '{"project":"p","paths":["a",""]}',
  '{"project":"p","paths":["a",7]}',
  '{"project":"p","paths":"a"}',
])("%j is no clip", (text) => {
  expect(readClip(text)).toBeUndefined();
});
