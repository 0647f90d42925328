import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Keeper, movedPath, readArrangement, readTab, sameTab, writeArrangement } from "./arrangement";

const fresh = {
  version: 1,
  side: "files",
  width: 260,
  expanded: [],
  hidden: false,
  order: { by: "name", desc: false },
};

describe("readArrangement", () => {
  test.each([undefined, null, 7, "x", [], {}, { version: 2, dock: { grid: {}, panels: {} } }])(
    "%j is the beginning",
    (v) => {
      expect(readArrangement(v)).toEqual(fresh);
    },
  );

  test("what was written is read", () => {
    const a = {
      version: 1 as const,
      side: "people" as const,
      width: 300,
      expanded: ["a", "a/b"],
      hidden: true,
      order: { by: "size" as const, desc: true },
      dock: { grid: { root: {} }, panels: {} },
    };
    expect(readArrangement(JSON.parse(JSON.stringify(writeArrangement(a))))).toEqual(a);
  });

  test.each([
    [{ side: 7 }, fresh],
    [{ side: "of a later version" }, { ...fresh, side: "of a later version" }],
    [{ width: 5 }, { ...fresh, width: 180 }],
    [{ width: 1e9 }, { ...fresh, width: 600 }],
    [{ width: Number.NaN }, fresh],
    [{ order: { by: "colour", desc: 1 } }, fresh],
    [{ expanded: ["a", 7] }, { ...fresh, expanded: ["a"] }],
    [{ version: 1, dock: { grid: {} } }, fresh],
  ])("%j", (v, want) => {
    expect(readArrangement(v)).toEqual(want);
  });
});

describe("writeArrangement", () => {
  const a = readArrangement({ version: 1, dock: { grid: {}, panels: {} } });
  test("leaves out the open folders first", () => {
    const many = { ...a, expanded: Array.from({ length: 3000 }, (_, i) => `a long name of a folder ${i}`) };
    expect(writeArrangement(many)).toEqual({ ...a, expanded: [] });
  });
  test("then the tabs", () => {
    const many = { ...a, dock: { grid: {}, panels: { x: "x".repeat(70_000) } } };
    expect(writeArrangement(many)).toEqual(fresh);
  });
});

test.each([
  [
    { kind: "file", path: "a.py" },
    { kind: "file", path: "a.py" },
  ],
  [
    { kind: "terminal", terminal: "t1" },
    { kind: "terminal", terminal: "t1" },
  ],
  [{ kind: "file", path: "" }, undefined],
  [{ kind: "file" }, undefined],
  [{ kind: "game" }, undefined],
  [undefined, undefined],
])("readTab(%j)", (params, want) => {
  expect(readTab(params)).toEqual(want);
});

test("sameTab", () => {
  const file = { kind: "file", path: "a" } as const;
  expect(sameTab(file, { ...file })).toBe(true);
  expect(sameTab(file, { kind: "file", path: "b" })).toBe(false);
  expect(sameTab(file, { kind: "terminal", terminal: "a" })).toBe(false);
});

test.each([
  ["a/b.py", "a", "z", "z/b.py"],
  ["a", "a", "z/a", "z/a"],
  ["ab", "a", "z", "ab"],
])("movedPath(%s, %s, %s)", (path, from, to, want) => {
  expect(movedPath(path, from, to)).toBe(want);
});

describe("Keeper", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("writes the latest, once, after a moment", async () => {
    const write = vi.fn(async () => undefined);
    const k = new Keeper(write, 100);
    k.changed("a");
    k.changed("b");
    await vi.advanceTimersByTimeAsync(99);
    expect(write).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1000);
    expect(write.mock.calls).toEqual([["b", false]]);
  });

  test("writes one at a time", async () => {
    const done: (() => void)[] = [];
    const write = vi.fn((_: string) => new Promise<void>((r) => done.push(r)));
    const k = new Keeper<string>(write, 100);
    k.changed("a");
    await vi.advanceTimersByTimeAsync(100);
    k.changed("b");
    await vi.advanceTimersByTimeAsync(1000);
    expect(write).toHaveBeenCalledTimes(1);
    done[0]?.();
    await vi.advanceTimersByTimeAsync(1000);
    expect(write.mock.calls.map((c) => c[0])).toEqual(["a", "b"]);
  });

  test("writes what waits when the page is left", async () => {
    const write = vi.fn(async () => undefined);
    const k = new Keeper(write, 100);
    k.changed("a");
    k.leave();
    k.leave();
    await vi.advanceTimersByTimeAsync(1000);
    expect(write.mock.calls).toEqual([["a", true]]);
  });

  test("keeps what could not be written for the next time", async () => {
    const write = vi.fn<(v: string) => Promise<void>>(async () => {
      throw new Error("away");
    });
    const k = new Keeper(write, 100);
    k.changed("a");
    await vi.advanceTimersByTimeAsync(1000);
    write.mockImplementation(async () => undefined);
    k.leave();
    await vi.advanceTimersByTimeAsync(1000);
    expect(write.mock.calls.map((c) => c[0])).toEqual(["a", "a"]);
  });
});
