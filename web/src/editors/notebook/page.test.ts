import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { freeName } from "./attach";
import { findAll, replaceAll } from "./find";
import { completionsOf } from "./kernelhelp";
import { Notebook } from "./model";
import { readNotebook } from "./nbformat";
import { choiceOf, lineCount } from "./output";
import { Page } from "./page";
import { beside } from "./proseview";
import { duration, tookOf } from "./timing";

function open(...sources: string[]): Page {
  const doc = new Y.Doc();
  const cells = sources.map((source, i) => ({
    id: `c${i}`,
    cell_type: source.startsWith("#") ? "markdown" : "code",
    source,
    metadata: {},
    outputs: [],
  }));
  readNotebook(JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }), doc);
  const page = new Page(new Notebook(doc));
  page.writable.set(true);
  return page;
}

const ids = (page: Page) => page.nb.list.get().map((c) => c.id);
const chosen = (page: Page) => page.chosen.map((c) => c.id);

describe("a person's view of a notebook", () => {
  test("what is chosen grows by keys, and is deleted and brought back as one", () => {
    const page = open("a", "b", "c", "d");
    page.choose("c1");
    page.step(1, true);
    expect(chosen(page)).toEqual(["c1", "c2"]);
    page.delete();
    expect([ids(page), chosen(page)]).toEqual([["c0", "c3"], ["c3"]]);
    page.undo();
    expect(ids(page)).toEqual(["c0", "c1", "c2", "c3"]);
  });

  test("what another deletes leaves the choice to what is there now", () => {
    const page = open("a", "b", "c");
    page.choose("c1", { mode: "edit" });
    page.nb.cells.delete(1, 1);
    expect(page.selection.get()).toEqual({ current: "c2", anchor: "c2", mode: "command" });
  });

  test("cells move with their choice", () => {
    const page = open("a", "b", "c");
    page.choose("c2");
    page.move(-1);
    expect([ids(page), chosen(page)]).toEqual([["c0", "c2", "c1"], ["c2"]]);
    page.move(-1);
    page.move(-1);
    expect(ids(page)).toEqual(["c2", "c0", "c1"]);
  });

  test("a folded heading hides its part, which is deleted with it and passed over", () => {
    const page = open("# One", "a", "## Two", "b", "# Three", "c");
    page.fold("c2");
    expect([...page.hidden.get()]).toEqual(["c3"]);
    page.fold("c0");
    expect([...page.hidden.get()]).toEqual(["c1", "c2", "c3"]);
    page.choose("c0");
    page.step(1);
    expect(chosen(page)).toEqual(["c4"]);
    page.reveal("c3");
    expect(page.hidden.get().has("c3")).toBe(false);
    page.fold("c0", true);
    page.choose("c0");
    page.delete();
    expect(ids(page)).toEqual(["c4", "c5"]);
  });

  test("copies are cells of their own", () => {
    const page = open("a", "b");
    page.choose("c0");
    page.copy();
    page.choose("c1");
    page.paste("below");
    expect(page.nb.list.get().map((c) => c.text)).toEqual(["a", "b", "a"]);
    expect(new Set(ids(page)).size).toBe(3);
  });

  test("whoever may not write changes nothing", () => {
    const page = open("a", "b");
    page.writable.set(false);
    page.delete();
    page.insert("below");
    page.setType("markdown");
    page.merge();
    page.move(1);
    page.toggleOutputs();
    expect([ids(page), page.nb.list.get().map((c) => c.head.get().type)]).toEqual([
      ["c0", "c1"],
      ["code", "code"],
    ]);
  });
});

describe("find and replace", () => {
  const q = { text: "a", cased: false, pattern: false };
  test.each([
    ["plain", q, 4],
    ["by case", { ...q, cased: true }, 3],
    ["a pattern", { ...q, text: "a(b|$)", pattern: true }, 2],
    ["no pattern", { ...q, text: "a(", pattern: true }, 0],
    ["signs of patterns, plain", { ...q, text: "a(" }, 0],
  ])("%s", (_, query, want) => expect(findAll(open("ab a", "A ac").nb.list.get(), query).length).toBe(want));
  test("replaces all as one step", () => {
    const page = open("ab ab", "ab");
    const query = { text: "a(b)", cased: true, pattern: true };
    page.nb.edit(() => replaceAll(findAll(page.nb.list.get(), query), query, "$1-"));
    expect(page.nb.list.get().map((c) => c.text)).toEqual(["b- b-", "b-"]);
    page.undo();
    expect(page.nb.list.get().map((c) => c.text)).toEqual(["ab ab", "ab"]);
  });
});

test("a kernel's completions replace what it says they do", () => {
  const answer = {
    matches: ["xylo", "xyz"],
    cursor_start: 4,
    cursor_end: 6,
    metadata: { _jupyter_types_experimental: [{ text: "xyz", type: "instance" }] },
  };
  expect(completionsOf(answer, 6)).toMatchObject({
    from: 4,
    to: 6,
    options: [{ label: "xylo" }, { label: "xyz", type: "variable" }],
  });
  expect(completionsOf({ matches: [] }, 6)).toBe(null);
});

test("an output that was set aside is read from where it lies", () => {
  const metadata = { lyceum: { blob: { "image/png": { hash: "0123456789abcdef", size: 9 } } } };
  expect(choiceOf({ "text/plain": "x" }, metadata)).toMatchObject({
    type: "image/png",
    blob: { hash: "0123456789abcdef", size: 9 },
  });
  const bad = { lyceum: { blob: { "image/png": { hash: "../x", size: 9 } } } };
  expect(choiceOf({ "text/plain": "x" }, bad)).toEqual({ type: "text/plain", renderer: "text" });
});

test.each([
  ["", 1],
  ["a", 1],
  ["a\n", 1],
  ["a\nb", 2],
])("lines of %j", (text, want) => expect(lineCount(text)).toBe(want));

test("how long a run took", () => {
  const execution = {
    "iopub.execute_input": "2026-01-01T00:00:00.000Z",
    "shell.execute_reply": "2026-01-01T00:01:04.000Z",
  };
  expect(tookOf({ execution })).toBe(64_000);
  expect(tookOf({})).toBe(undefined);
  expect([50, 400, 1500, 64_000, 3_700_000].map(duration)).toEqual([
    "50 ms",
    "0.40 s",
    "1.5 s",
    "1 min 4 s",
    "1 h 1 min",
  ]);
});

test("names and paths beside the notebook", () => {
  expect(freeName("a.png", { "a.png": 1, "a-2.png": 1 })).toBe("a-3.png");
  expect(beside("x/y/n.ipynb", "../a%20b.png?q#f")).toBe("x/a b.png");
});
