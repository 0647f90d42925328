import { describe, expect, it } from "vitest";
import { linesOf } from "../../api/search";
import { partsOf, rowsOf, searchKey } from "./searchrows";

const match = (line: number) => ({ line, column: 2, length: 3, text: "a foo b", at: 2 });
const files = [
  { path: "a.py", version: "1", text: true, matches: [match(1), match(4)] },
  { path: "b.py", version: "2", text: true, matches: [match(9)] },
];

describe("rows of what was found", () => {
  it("shows files with their matches, and leaves out what is folded", () => {
    expect(rowsOf(files, new Set()).map((r) => r.key)).toEqual([
      "a.py",
      "a.py:1:2",
      "a.py:4:2",
      "b.py",
      "b.py:9:2",
    ]);
    expect(rowsOf(files, new Set(["a.py"])).map((r) => r.key)).toEqual(["a.py", "b.py", "b.py:9:2"]);
  });
  it("goes through them by keys", () => {
    const rows = rowsOf(files, new Set(["b.py"]));
    expect(searchKey(rows, 0, "ArrowDown")).toEqual({ go: 1 });
    expect(searchKey(rows, 2, "ArrowLeft")).toEqual({ go: 0 });
    expect(searchKey(rows, 0, "ArrowLeft")).toEqual({ fold: true });
    expect(searchKey(rows, 3, "ArrowRight")).toEqual({ fold: false });
    expect(searchKey(rows, 3, "ArrowDown")).toEqual({ go: 3 });
    expect(searchKey(rows, 3, "x")).toEqual({});
  });
  it("cuts a line at its match", () => {
    expect(partsOf(match(1))).toEqual({ before: "a ", match: "foo", after: " b" });
    expect(partsOf({ ...match(1), at: 5, length: 99 })).toEqual({ before: "a foo", match: " b", after: "" });
  });
});

describe("lines of a stream", () => {
  it("joins what came in pieces, also within a character", async () => {
    const bytes = new TextEncoder().encode("één\n\ntwo\nlast");
    const body = new ReadableStream<Uint8Array>({
      start(c) {
        for (const b of bytes) c.enqueue(new Uint8Array([b]));
        c.close();
      },
    });
    const lines: string[] = [];
    for await (const line of linesOf(body, new AbortController().signal)) lines.push(line);
    expect(lines).toEqual(["één", "two", "last"]);
  });
});
