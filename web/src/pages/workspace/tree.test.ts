import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Entry, Listing } from "../../api/project";
import { isWithin, joinPath, nameFault, nameOf, parentOf, type Row, Tree, treeKey, typeAhead } from "./tree";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A disk: "a/" is a folder, "a/b.py" a file in it. */
class Disk {
  paths: string[];
  reads: string[] = [];
  page = 1000;
  fail = false;

  constructor(...paths: string[]) {
    this.paths = paths;
  }

  readonly read = async (path: string, after: string | undefined, hidden: boolean): Promise<Listing> => {
    this.reads.push(after ? `${path}@${after}` : path);
    if (this.fail) throw new Error("the project is starting");
    const all = this.paths
      .map((p) => ({ path: p.replace(/\/$/, ""), dir: p.endsWith("/") }))
      .filter((e) => parentOf(e.path) === path && (hidden || !nameOf(e.path).startsWith(".")));
    const start = after ? Number(after) : 0;
    const items = all.slice(start, start + this.page).map((e) => entry(e.path, e.dir));
    const end = start + items.length;
    return { path, items, total: all.length, ...(end < all.length ? { next: String(end) } : {}) };
  };
}

function entry(path: string, dir = false): Entry {
  return {
    name: nameOf(path),
    path,
    kind: dir ? "dir" : "file",
    size: 0,
    modified: "2026-01-01T00:00:00Z",
    mode: 0,
  };
}

/** The rows as a person sees them. */
function shown(rows: readonly Row[]): string[] {
  return rows.map((r) => {
    const indent = "  ".repeat(r.depth);
    if (r.kind === "more") return `${indent}+${r.left}`;
    if (r.kind === "note") return `${indent}(${r.note})`;
    const mark = r.expanded === undefined ? "" : r.expanded ? "- " : "+ ";
    return `${indent}${mark}${r.entry.name}`;
  });
}

async function open(disk: Disk, expanded: string[] = [], hidden = false): Promise<Tree> {
  const tree = new Tree(disk.read);
  await tree.begin(expanded, hidden);
  return tree;
}

describe("a tree", () => {
  test("shows the home, with the folders that were open", async () => {
    const tree = await open(new Disk("a/", "b/", "c.py", "a/x/", "a/y.py", "a/x/z"), ["a", "a/x"]);
    expect(shown(tree.rows.get())).toEqual(["- a", "  - x", "    z", "  y.py", "+ b", "c.py"]);
    expect(tree.watched.get()).toEqual(["", "a", "a/x"]);
  });

  test("reads a folder when it is opened, and keeps what it knows when it is closed", async () => {
    const disk = new Disk("a/", "a/y.py", "e/");
    const tree = await open(disk);
    expect(disk.reads).toEqual([""]);
    const reading = tree.expand("a");
    expect(shown(tree.rows.get())).toEqual(["- a", "  (loading)", "+ e"]);
    await reading;
    await tree.expand("e");
    expect(shown(tree.rows.get())).toEqual(["- a", "  y.py", "- e", "  (empty)"]);
    tree.collapse("a");
    expect(shown(tree.rows.get())).toEqual(["+ a", "- e", "  (empty)"]);
    expect(tree.watched.get()).toEqual(["", "e"]);
  });

  test("shows why a folder could not be read, and tries again", async () => {
    const disk = new Disk("a");
    disk.fail = true;
    const tree = await open(disk);
    expect(shown(tree.rows.get())).toEqual(["(failed)"]);
    disk.fail = false;
    await tree.refresh();
    expect(shown(tree.rows.get())).toEqual(["a"]);
  });

  test("pages through a large folder, and reads as many pages again", async () => {
    const disk = new Disk(...Array.from({ length: 25 }, (_, i) => `f${i}`));
    disk.page = 10;
    const tree = await open(disk);
    expect(shown(tree.rows.get()).slice(-2)).toEqual(["f9", "+15"]);
    await tree.more("");
    expect(shown(tree.rows.get()).at(-1)).toBe("+5");
    disk.reads = [];
    tree.changed({ dir: "" });
    await vi.runAllTimersAsync();
    expect(disk.reads).toEqual(["", "@10"]);
    expect(tree.rows.get()).toHaveLength(21);
  });

  test("gathers changes into one read", async () => {
    const disk = new Disk("a");
    const tree = await open(disk);
    disk.paths.push("b");
    disk.reads = [];
    for (let i = 0; i < 50; i++) tree.changed({ dir: "", names: [`x${i}`] });
    await vi.runAllTimersAsync();
    expect(disk.reads).toEqual([""]);
    expect(shown(tree.rows.get())).toEqual(["a", "b"]);
  });

  test("reads again when a change comes while it reads", async () => {
    const disk = new Disk("a");
    const tree = new Tree(disk.read);
    const begun = tree.begin([], false);
    tree.changed({ dir: "" });
    disk.paths.push("b");
    await begun;
    await vi.runAllTimersAsync();
    expect(shown(tree.rows.get())).toEqual(["a", "b"]);
  });

  test("does not read folders that are closed", async () => {
    const disk = new Disk("a/", "a/b");
    const tree = await open(disk, ["a"]);
    tree.collapse("a");
    disk.reads = [];
    tree.changed({ dir: "a" });
    await vi.runAllTimersAsync();
    expect(disk.reads).toEqual([]);
  });

  test("forgets a folder that is gone", async () => {
    const disk = new Disk("a/", "a/b/", "a/b/c");
    const tree = await open(disk, ["a", "a/b"]);
    disk.paths = [];
    tree.changed({ dir: "a", gone: true });
    await vi.runAllTimersAsync();
    expect(shown(tree.rows.get())).toEqual(["(empty)"]);
    expect(tree.watched.get()).toEqual([""]);
  });

  test("keeps folders open when one above is renamed", async () => {
    const disk = new Disk("a/", "a/b/", "a/b/c");
    const tree = await open(disk, ["a", "a/b"]);
    disk.paths = ["z/", "z/b/", "z/b/c"];
    tree.moved("a", "z");
    await vi.runAllTimersAsync();
    expect(shown(tree.rows.get())).toEqual(["- z", "  - b", "    c"]);
  });

  test("shows names with a dot when asked to", async () => {
    const tree = await open(new Disk(".ssh/", "a"));
    expect(shown(tree.rows.get())).toEqual(["a"]);
    tree.setHidden(true);
    await vi.runAllTimersAsync();
    expect(shown(tree.rows.get())).toEqual(["+ .ssh", "a"]);
  });

  test("opens all folders above a path that is revealed", async () => {
    const tree = await open(new Disk("a/", "a/b/", "a/b/c"));
    await tree.reveal("a/b/c");
    expect(shown(tree.rows.get())).toEqual(["- a", "  - b", "    c"]);
  });
});

describe("keys", () => {
  const keys = async () => {
    const tree = await open(new Disk("a/", "b/", "c.py", "a/x", "a/y"), ["a"]);
    return tree.rows.get(); // 0 -a, 1 x, 2 y, 3 +b, 4 c.py
  };
  test.each([
    [0, "ArrowDown", { go: 1 }],
    [4, "ArrowDown", { go: 4 }],
    [0, "ArrowUp", { go: 0 }],
    [3, "Home", { go: 0 }],
    [0, "End", { go: 4 }],
    [0, "ArrowRight", { go: 1 }],
    [3, "ArrowRight", { expand: "b" }],
    [4, "ArrowRight", {}],
    [0, "ArrowLeft", { collapse: "a" }],
    [2, "ArrowLeft", { go: 0 }],
    [4, "ArrowLeft", {}],
    [0, "q", {}],
  ])("from row %i, %s", async (at, key, want) => {
    expect(treeKey(await keys(), at, key)).toEqual(want);
  });

  test("typing finds the next name that begins so", async () => {
    const rows = await keys();
    expect(typeAhead(rows, 0, "c")).toBe(4);
    expect(typeAhead(rows, 4, "a")).toBe(0);
    expect(typeAhead(rows, 1, "x")).toBe(1);
    expect(typeAhead(rows, 4, "c.")).toBe(4);
    expect(typeAhead(rows, 0, "?")).toBe(-1);
  });
});

test("paths", () => {
  expect([parentOf("a/b/c"), parentOf("a"), nameOf("a/b"), nameOf("a")]).toEqual(["a/b", "", "b", "a"]);
  expect([joinPath("", "a"), joinPath("a", "b")]).toEqual(["a", "a/b"]);
  expect([isWithin("a/b", "a"), isWithin("ab", "a"), isWithin("a", "a"), isWithin("a", "")]).toEqual([
    true,
    false,
    true,
    true,
  ]);
});

test.each([
  ["notes.txt", undefined],
  ["", "empty"],
  [" ", "empty"],
  ["a/b", "slash"],
  ["..", "dots"],
  ["a\nb", "control"],
  ["é".repeat(128), "long"],
])("nameFault(%j) is %s", (name, want) => {
  expect(nameFault(name)).toBe(want);
});
