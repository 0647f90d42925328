import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RequestError } from "../../api/problem";
import type { Entry, Listing } from "../../api/project";
import { nameOf, parentOf } from "./path";
import { type Ask, Tree } from "./tree";
import { treeKey, typeAhead } from "./treekeys";
import type { Rows } from "./treerows";

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

  readonly read = async (path: string, ask: Ask): Promise<Listing> => {
    const { after, hidden, filter } = ask;
    this.reads.push(after ? `${path}@${after}` : path);
    if (this.fail) throw new Error("the project is starting");
    if (path !== "" && !this.paths.includes(`${path}/`))
      throw new RequestError("not-found", "no such folder");
    const all = this.paths
      .map((p) => ({ path: p.replace(/\/$/, ""), dir: p.endsWith("/") }))
      .filter((e) => parentOf(e.path) === path && (hidden || !nameOf(e.path).startsWith(".")))
      .filter((e) => nameOf(e.path).includes(filter));
    const start = after ? Number(after) : 0;
    const items = all.slice(start, start + this.page).map((e) => entry(e.path, e.dir));
    const end = start + items.length;
    return { path, items, total: all.length, ...(end < all.length ? { next: String(end) } : {}) };
  };

  readonly look = async (path: string): Promise<Entry | undefined> => {
    this.reads.push(`?${path}`);
    if (this.paths.includes(path)) return entry(path);
    return this.paths.includes(`${path}/`) ? entry(path, true) : undefined;
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
function shown(rows: Rows): string[] {
  return rows.slice(0, rows.length).map((r) => {
    const indent = "  ".repeat(r.depth);
    if (r.kind === "wait") return `${indent}…`;
    if (r.kind === "note") return `${indent}(${r.note})`;
    const mark = r.expanded === undefined ? "" : r.expanded ? "- " : "+ ";
    return `${indent}${mark}${r.entry.name}`;
  });
}

/** Every row that has a key of its own is found where it is. */
function consistent(rows: Rows): void {
  rows.slice(0, rows.length).forEach((r, i) => {
    if (r.kind === "entry") expect([r.key, rows.indexOf(r.key)]).toEqual([r.key, i]);
  });
}

async function open(disk: Disk, expanded: string[] = [], hidden = false): Promise<Tree> {
  const tree = new Tree(disk.read, disk.look);
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

  test("has a row for every entry of a large folder, and reads them as they are wanted", async () => {
    const disk = new Disk(...Array.from({ length: 25 }, (_, i) => `f${i}`));
    disk.page = 10;
    const tree = await open(disk);
    expect(tree.rows.get()).toHaveLength(25);
    expect(shown(tree.rows.get()).slice(8, 12)).toEqual(["f8", "f9", "…", "…"]);
    await tree.need("", 12);
    expect(disk.reads).toEqual(["", "@10"]);
    expect(shown(tree.rows.get()).slice(18)).toEqual(["f18", "f19", "…", "…", "…", "…", "…"]);
    await tree.need("", 24);
    expect(shown(tree.rows.get()).at(-1)).toBe("f24");
    disk.reads = [];
    tree.changed({ dir: "" });
    await vi.runAllTimersAsync();
    expect(disk.reads).toEqual(["", "@10", "@20"]);
  });

  test("stops reading on when nobody looks there any more", async () => {
    const disk = new Disk(...Array.from({ length: 100 }, (_, i) => `f${i}`));
    disk.page = 10;
    const tree = await open(disk);
    const far = tree.need("", 99);
    await tree.need("", 0); // scrolled back
    await far;
    expect(disk.reads).toEqual(["", "@10"]);
  });

  test("reads on for what is looked at although the folder is just being read anew", async () => {
    const disk = new Disk(...Array.from({ length: 30 }, (_, i) => `f${i}`));
    disk.page = 10;
    const tree = await open(disk);
    const again = tree.refresh();
    await tree.need("", 24);
    await again;
    expect(shown(tree.rows.get()).slice(19, 25)).toEqual(["f19", "f20", "f21", "f22", "f23", "f24"]);
  });

  test("says that the rest of a folder could not be read, and reads on when it is asked to", async () => {
    const disk = new Disk(...Array.from({ length: 15 }, (_, i) => `f${i}`));
    disk.page = 10;
    const tree = await open(disk);
    disk.fail = true;
    await tree.need("", 14);
    expect(shown(tree.rows.get()).slice(9)).toEqual(["f9", "(failed)"]);
    disk.fail = false;
    await tree.retry("");
    expect(shown(tree.rows.get()).slice(9)).toEqual(["f9", "f10", "f11", "f12", "f13", "f14"]);
  });

  test("looks only at what changed in a large folder", async () => {
    const names = Array.from({ length: 1500 }, (_, i) => `f${i}`);
    const disk = new Disk(...names);
    const tree = await open(disk);
    await tree.need("", 1499);
    disk.paths = [...names.filter((n) => n !== "f7"), "f1a", "new/"];
    disk.reads = [];
    tree.changed({ dir: "", names: ["f7", "f1a"] });
    tree.changed({ dir: "", names: ["new"] });
    await vi.runAllTimersAsync();
    expect(disk.reads).toEqual(["?f7", "?f1a", "?new"]);
    const rows = shown(tree.rows.get());
    expect([rows[0], rows.length, rows.includes("f7"), rows.includes("f1a")]).toEqual([
      "+ new",
      1501,
      false,
      true,
    ]);
  });

  test("keeps what it showed when a read fails, and says so", async () => {
    const disk = new Disk("a", "b");
    const tree = await open(disk);
    disk.fail = true;
    await tree.refresh();
    expect(shown(tree.rows.get())).toEqual(["a", "b", "(failed)"]);
  });

  test("leaves out what the filter does not match, but for the folders that are open", async () => {
    const tree = await open(new Disk("data/", "other/", "a.py", "data/x.csv", "data/y.py"), ["data"]);
    tree.setFilter(".csv");
    await vi.runAllTimersAsync();
    expect(shown(tree.rows.get())).toEqual(["- data", "  x.csv"]);
    tree.setFilter("");
    await vi.runAllTimersAsync();
    expect(shown(tree.rows.get())).toEqual(["- data", "  x.csv", "  y.py", "+ other", "a.py"]);
  });

  test("finds each row where it is, and makes room for a new name", async () => {
    const tree = await open(new Disk("a/", "b/", "c", "a/b/", "a/x", "a/b/y", "b/z"), ["a", "a/b", "b"]);
    const rows = tree.rows.get();
    expect(shown(rows)).toEqual(["- a", "  - b", "    y", "  x", "- b", "  z", "c"]);
    consistent(rows);
    consistent(rows.withNew("a/b"));
    expect(shown(rows.withNew("a/b"))).toEqual([
      "- a",
      "  - b",
      "    (new)",
      "    y",
      "  x",
      "- b",
      "  z",
      "c",
    ]);
    expect(shown(rows.withNew(""))[0]).toBe("(new)");
    expect([rows.indexOf("a/none"), rows.indexOf(""), rows.at(99)]).toEqual([-1, -1, undefined]);
  });

  test("forgets a folder that was open and is not there any more", async () => {
    const tree = await open(new Disk("a"), ["gone"]);
    expect(tree.expanded).toEqual([]);
  });

  test("shows a folder of 100,000 files without making 100,000 rows", async () => {
    const disk = new Disk(...Array.from({ length: 100_000 }, (_, i) => `f${String(i).padStart(6, "0")}`));
    disk.page = 100_000;
    const tree = await open(disk);
    const rows = tree.rows.get();
    expect(rows).toHaveLength(100_000);
    expect(rows.indexOf("f099999")).toBe(99_999);
    expect(rows.slice(50_000, 50_002).map((r) => r.key)).toEqual(["f050000", "f050001"]);
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
    const tree = new Tree(disk.read, disk.look);
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
    expect(await tree.reveal("a/b/c")).toBe(true);
    expect(shown(tree.rows.get())).toEqual(["- a", "  - b", "    c"]);
    expect(await tree.reveal("a/x/c")).toBe(false);
    expect(tree.expanded).toEqual(["a", "a/b"]);
  });

  test("reads on to a path that is revealed", async () => {
    const disk = new Disk(...Array.from({ length: 25 }, (_, i) => `f${i}`));
    disk.page = 10;
    const tree = await open(disk);
    expect(await tree.reveal("f15")).toBe(true);
    expect(disk.reads).toEqual(["", "@10"]);
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
