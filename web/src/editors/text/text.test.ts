import { EditorState } from "@codemirror/state";
import { describe, expect, test } from "vitest";
import { replacement } from "./diff";
import { languageOf } from "./language";
import { lineEndings, usesCRLF, withEnding } from "./lineEnding";

describe("replacement", () => {
  test.each([
    ["", "", undefined],
    ["same", "same", undefined],
    ["", "new", { from: 0, to: 0, insert: "new" }],
    ["old", "", { from: 0, to: 3, insert: "" }],
    ["one two", "one 2 two", { from: 4, to: 4, insert: "2 " }],
    ["aaaa", "aa", { from: 2, to: 4, insert: "" }],
    ["aa", "aaaa", { from: 2, to: 2, insert: "aa" }],
    // U+1F600 and U+1F601 differ in their second half only, U+1F600 and U+2F600 in their first.
    ["x\u{1f600}y", "x\u{1f601}y", { from: 1, to: 3, insert: "\u{1f601}" }],
    ["x\u{1f600}y", "x\u{2f600}y", { from: 1, to: 3, insert: "\u{2f600}" }],
  ])("%j to %j", (old, want, change) => {
    expect(replacement(old, want)).toEqual(change);
    if (change) expect(old.slice(0, change.from) + change.insert + old.slice(change.to)).toBe(want);
  });
});

describe("languageOf", () => {
  test.each([
    ["src/main.py", "", "Python"],
    ["notes.MD", "", "Markdown"],
    ["Dockerfile", "", "Dockerfile"],
    ["dir.py/README", "", undefined],
    [".py", "", undefined],
    ["run", "#!/usr/bin/env python3", "Python"],
    ["run", "#!/bin/sh", "Shell"],
    ["run", "#!/usr/bin/env unknown", undefined],
    ["a.toString", "", undefined],
  ])("%s %s", (path, first, want) => {
    expect(languageOf(path, first)?.name).toBe(want);
  });

  test("each one loads", async () => {
    for (const path of ["a.py", "a.rs", "a.sh", "a.tex", "a.ts", "a.kt", "a.yaml", "Dockerfile"]) {
      expect(await languageOf(path)?.load(), path).toBeDefined();
    }
  });
});

describe("line endings", () => {
  const state = (doc: string) => {
    const empty = EditorState.create({ extensions: lineEndings() });
    return empty.update({ changes: { from: 0, insert: empty.toText(doc) } }).state;
  };
  const type = (s: EditorState, at: number, text: string) =>
    s.update({ changes: { from: at, insert: s.toText(text) }, userEvent: "input.paste" }).state;

  test("carriage returns stay in the text, at their positions", () => {
    expect(state("a\r\nb").doc.length).toBe(4);
    expect(state("a\r\nb").doc.lines).toBe(2);
    expect(state("a\rb").doc.lines).toBe(1);
  });

  test.each([
    ["a\r\nb\r\n", "x\ny", "x\r\ny"],
    ["a\nb\n", "x\r\ny", "x\ny"],
    ["a\nb\n", "x\ry", "x\ny"],
    ["", "x\ny", "x\ny"],
  ])("into %j typing %j gives %j", (doc, typed, want) => {
    expect(type(state(doc), 0, typed).sliceDoc()).toBe(want + doc);
  });

  test("what is not typed stays as it is", () => {
    const s = state("a\r\nb");
    expect(s.update({ changes: { from: 0, insert: s.toText("x\n") } }).state.sliceDoc()).toBe("x\na\r\nb");
  });

  test.each([
    ["backspace at the start of a line", 3, 4, "ab"],
    ["delete at the end of a line", 2, 3, "ab"],
    ["a selection over both", 0, 4, "b"],
  ])("%s takes the whole line end", (_, from, to, want) => {
    // a CR LF b: the deletions are those that commands make around the hidden CR.
    const s = state("a\r\nb");
    const at = from === 0 ? [0, 3] : [from - 1, to - 1];
    const tr = s.update({ changes: { from: at[0] ?? 0, to: at[1] ?? 0 }, userEvent: "delete.backward" });
    expect(tr.newDoc.toString()).toBe(want);
  });

  test.each([
    [1, 2, 3, "a step to the right goes to the next line"],
    [3, 2, 1, "a step to the left goes before the line's end"],
    [0, 2, 1, "a click at the end of the line stays on it"],
  ])("a cursor from %i to %i stands at %i: %s", (from, to, want) => {
    const s = state("a\r\nb").update({ selection: { anchor: from } }).state;
    expect(s.update({ selection: { anchor: to } }).state.selection.main.head).toBe(want);
  });

  test("usesCRLF looks at the first line", () => {
    expect(usesCRLF(state("a\r\nb\n").doc)).toBe(true);
    expect(usesCRLF(state("a\nb\r\n").doc)).toBe(false);
    expect(usesCRLF(state("a\r").doc)).toBe(false);
  });

  test("withEnding", () => {
    expect(withEnding("a\r\nb\rc\nd", true)).toBe("a\r\nb\r\nc\r\nd");
    expect(withEnding("a\r\nb\rc\nd", false)).toBe("a\nb\nc\nd");
  });
});
