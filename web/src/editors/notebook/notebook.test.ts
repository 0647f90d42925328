import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { notebookText } from "../../sync/ipynb";
import { clear, emptyCell, insert, merge, move, remove, setType, split } from "./cells";
import { Notebook } from "./model";
import { readNotebook, scriptText } from "./nbformat";

const file = JSON.stringify({
  cells: [
    { id: "aa", cell_type: "markdown", metadata: {}, source: ["# Title\n", "text"] },
    {
      id: "bb",
      cell_type: "code",
      metadata: { tags: ["x"] },
      source: "print(1)",
      execution_count: 3,
      outputs: [
        { output_type: "stream", name: "stdout", text: ["1\n", "2\n"] },
        { output_type: "display_data", data: { "text/plain": "x" }, metadata: {} },
      ],
    },
    { id: "cc", cell_type: "raw", metadata: {}, source: "" },
  ],
  metadata: { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } },
  nbformat: 4,
  nbformat_minor: 5,
});

function open(text = file): Notebook {
  const doc = new Y.Doc();
  readNotebook(text, doc);
  return new Notebook(doc);
}

const ids = (nb: Notebook) => nb.list.get().map((c) => c.id);

test("a notebook is read and written as it was", () => {
  const nb = open();
  expect(JSON.parse(notebookText(nb.doc))).toMatchObject({
    cells: [
      { id: "aa", source: ["# Title\n", "text"] },
      {
        id: "bb",
        source: ["print(1)"],
        outputs: [{ text: ["1\n", "2\n"] }, { data: { "text/plain": "x" } }],
      },
      { id: "cc", source: [] },
    ],
    nbformat: 4,
  });
  expect(nb.language).toBe("python");
});

describe("a change tells no more than what it changed", () => {
  test("output that is appended", () => {
    const nb = open();
    const [, b] = nb.list.get();
    const before = b?.outputs.get();
    let heads = 0;
    let edits = 0;
    b?.head.subscribe(() => heads++);
    b?.edits.subscribe(() => edits++);
    const stream = before?.[0]?.map.get("text");
    if (!(stream instanceof Y.Text)) throw new Error("no stream");
    stream.insert(stream.length, "3\n");
    expect(b?.outputs.get()[0]?.version).toBe(1);
    expect(b?.outputs.get()[1]).toBe(before?.[1]);
    expect([heads, edits]).toEqual([0, 0]);
  });
  test("another cell's source", () => {
    const nb = open();
    const [a, b] = nb.list.get();
    const list = nb.list.get();
    b?.source.insert(0, "x");
    expect([a?.edits.get(), b?.edits.get()]).toEqual([0, 1]);
    expect(nb.list.get()).toBe(list);
  });
  test("the state of a run", () => {
    const nb = open();
    const [, b] = nb.list.get();
    b?.map.set("execution_state", "running");
    expect(b?.head.get().state).toBe("running");
  });
});

test("cells that share an id are told apart", () => {
  const nb = open();
  insert(nb.cells, 0, [{ ...emptyCell(), id: "aa" }], true);
  expect(nb.list.get().map((c) => c.key)).toEqual(["aa", "aa#1", "bb", "cc"]);
});

test.each([
  ["down", 0, 0, 2, ["bb", "aa", "cc"]],
  ["to the end", 0, 1, 3, ["cc", "aa", "bb"]],
  ["up", 1, 2, 0, ["bb", "cc", "aa"]],
  ["nowhere", 1, 1, 2, ["aa", "bb", "cc"]],
])("cells move %s and keep what they are", (_, from, to, before, want) => {
  const nb = open();
  nb.edit(() => move(nb.cells, from, to, before));
  expect(ids(nb)).toEqual(want);
  expect(nb.byID("bb")?.outputs.get().length).toBe(2);
  expect(nb.byID("bb")?.head.get()).toMatchObject({ count: 3, metadata: { tags: ["x"] } });
  nb.undo.undo();
  expect(ids(nb)).toEqual(["aa", "bb", "cc"]);
});

test("the last cell that is deleted leaves an empty one, and comes back", () => {
  const nb = open();
  nb.edit(() => remove(nb.cells, 0, 2));
  expect(nb.list.get().map((c) => c.text)).toEqual([""]);
  nb.undo.undo();
  expect(ids(nb)).toEqual(["aa", "bb", "cc"]);
  expect(nb.byID("bb")?.outputs.get().length).toBe(2);
});

test("undo takes back one's own changes only", () => {
  const nb = open();
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(nb.doc));
  other.on("update", (u: Uint8Array) => Y.applyUpdate(nb.doc, u, "remote"));
  nb.edit(() => insert(nb.cells, 0, [emptyCell("code", "mine")]));
  insert(other.getArray("cells"), 0, [emptyCell("code", "theirs")]);
  nb.undo.undo();
  expect(nb.list.get().map((c) => c.text)).toEqual(["theirs", "# Title\ntext", "print(1)", ""]);
  nb.undo.redo();
  expect(nb.list.get().map((c) => c.text)).toContain("mine");
});

test("a cell is split at the cursors, and merged", () => {
  const nb = open();
  const [, b] = nb.list.get();
  b?.source.insert(8, "\n\nx = 2\ny = 3");
  nb.edit(() => split(nb.cells, 1, [9, 16]));
  expect(nb.list.get().map((c) => c.text)).toEqual(["# Title\ntext", "print(1)", "x = 2\n", "y = 3", ""]);
  nb.edit(() => merge(nb.cells, 1, 3));
  expect(nb.list.get()[1]?.text).toBe("print(1)\nx = 2\n\ny = 3");
  expect(nb.list.get()[1]?.outputs.get()).toEqual([]);
});

test("a cell changes its kind in place", () => {
  const nb = open();
  const [a, b] = nb.list.get();
  if (!a || !b) throw new Error("no cells");
  nb.edit(() => setType(b.map, "markdown"));
  nb.edit(() => setType(a.map, "code"));
  expect([a.head.get().type, b.head.get().type]).toEqual(["code", "markdown"]);
  expect(JSON.parse(notebookText(nb.doc)).cells[1]).toEqual({
    id: "bb",
    cell_type: "markdown",
    metadata: { tags: ["x"] },
    source: ["print(1)"],
  });
  nb.undo.undo();
  nb.undo.undo();
  expect(nb.list.get()[1]?.outputs.get().length).toBe(2);
  expect(JSON.parse(notebookText(nb.doc)).cells[1].execution_count).toBe(3);
});

test("outputs are cleared", () => {
  const nb = open();
  const [, b] = nb.list.get();
  if (b) nb.edit(() => clear(b.map));
  expect(b?.outputs.get()).toEqual([]);
  expect(b?.head.get().count).toBe(null);
});

test("a script has the code, and the rest as comments", () => {
  const nb = open();
  const [, b] = nb.list.get();
  b?.source.insert(0, "%matplotlib inline\n!ls\n");
  expect(scriptText(nb.doc, "python")).toBe(
    "# %% [markdown]\n# # Title\n# text\n\n# %%\n# %matplotlib inline\n# !ls\nprint(1)\n\n# %% [raw]\n#\n",
  );
});
