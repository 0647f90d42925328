import { describe, expect, test } from "vitest";
import { headOf, maxDocument } from "./head";
import { kindOf } from "./kind";

const bytes = (...b: number[]) => new Uint8Array(b);
const text = (s: string) => new Uint8Array(new TextEncoder().encode(s));

describe("headOf", () => {
  test.each([
    ["text", text("abc"), 3, { kind: "text", text: "abc", size: 3, whole: true }],
    ["nothing", bytes(), 0, { kind: "text", text: "", size: 0, whole: true }],
    ["the beginning of text", text("abc"), 9, { kind: "text", text: "abc", size: 9, whole: false }],
    ["a character that is cut", bytes(0x61, 0xc3), 9, { kind: "text", text: "a", size: 9, whole: false }],
    [
      "a byte order mark",
      bytes(0xef, 0xbb, 0xbf, 0x61),
      4,
      { kind: "text", text: "\ufeffa", size: 4, whole: true },
    ],
    ["UTF-16", bytes(0xff, 0xfe, 0x61, 0, 0xe9, 0), 6, { kind: "text", text: "aé", size: 6, whole: true }],
    [
      "Latin 1",
      bytes(0x63, 0x61, 0x66, 0xe9, 0x0a),
      5,
      { kind: "text", text: "café\n", size: 5, whole: true },
    ],
    ["Cyrillic of one byte", bytes(0xcf, 0xf0, 0x20, 0x61, 0x62), 5, { kind: "foreign", size: 5 }],
    ["large text", text("abc"), maxDocument + 1, { kind: "large", text: "abc", size: maxDocument + 1 }],
  ])("%s", (_, b, size, want) => {
    expect(headOf(b, size, "text/plain; charset=utf-8")).toEqual(want);
  });

  test.each([
    ["a NUL", bytes(0x61, 0)],
    ["what is no UTF-8 and no text", bytes(0x61, 0xff, 0xfe, 0x62)],
    ["a cut character at the end of the file", bytes(0x61, 0xc3)],
  ])("%s is binary", (_, b) => {
    expect(headOf(b, b.length, "application/octet-stream; x")).toEqual({
      kind: "binary",
      bytes: b,
      size: b.length,
      type: "application/octet-stream",
    });
  });
});

test.each([
  ["plots/a.PNG", "picture"],
  ["a.mp4", "video"],
  ["a.flac", "audio"],
  ["png", "text"],
  [".png", "text"],
  ["a.toString", "text"],
  ["drawing.svg", "picture"],
  ["a.tsv", "table"],
  ["a.json", "tree"],
  ["a.pdf", "pdf"],
])("kindOf(%s)", (path, want) => {
  expect(kindOf(path)).toBe(want);
});

test("text of an encoding that would not come back is told apart", () => {
  expect(headOf(bytes(0x63, 0x61, 0x66, 0xe9, 0x81, 0x0a, 0x61), 7, "").kind).toBe("foreign"); // Windows-1252 has no 81
  expect(headOf(bytes(0xff, 0xfe, 0x61, 0, 0x62), 5, "").kind).toBe("foreign"); // half a unit
  expect(headOf(bytes(0xff, 0xfe, 0x3d, 0xd8, 0x61, 0), 6, "").kind).toBe("foreign"); // half a pair
  expect(headOf(bytes(0x63, 0x61, 0x66, 0xe9, 0x0a), maxDocument + 1, "").kind).toBe("foreign");
});
