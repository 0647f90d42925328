import { describe, expect, test } from "vitest";
import { indexOf, offsetOf, readNeedle, readOffset } from "./hex/bytes";
import { fitScale, zoomAt } from "./image/zoom";
import { topAfter } from "./scroll";
import { asTSV, columnsAt, letters, rangeOf } from "./table/state";
import { check, childrenOf, NotJSON, pathText, placeOf, skipValue } from "./tree/json";
import { rowsOf, wayTo } from "./tree/rows";

describe("JSON", () => {
  const text = '{"a": [1, 12345678901234567890, {"b c": null}], "d": "x\\"y"}';

  test("is taken apart without rounding", () => {
    const start = check(text);
    const values = childrenOf(text, start).map((c) => [c.key, text.slice(c.start, c.end)]);
    expect(values).toEqual([
      ["a", '[1, 12345678901234567890, {"b c": null}]'],
      ["d", '"x\\"y"'],
    ]);
  });

  test.each([
    ["", 0],
    ["{", 1],
    ['{"a" 1}', 5],
    ["[1,]", 3],
    ["[1 2]", 3],
    ["01", 1],
    ["nul", 0],
    ['"a\nb"', 0],
    ["[1] x", 4],
    ["{a: 1}", 1],
    ["[", 1],
    ["]", 0],
  ])("refuses %j and says where", (bad, at) => {
    let found: unknown;
    try {
      check(bad);
    } catch (e) {
      found = e;
    }
    expect(found).toBeInstanceOf(NotJSON);
    expect(found instanceof NotJSON && found.at).toBe(at);
  });

  test("of any depth and length is checked", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(check(deep)).toBe(0);
    const long = `[${Array.from({ length: 1200 }, (_, i) => i).join(",")}]`;
    const rows = rowsOf(long, 0, skipValue(long, 0), new Set(["$", "$/g2"]), new Map());
    expect(rows.map((r) => r.key).slice(0, 5)).toEqual(["$", "0 … 499", "500 … 999", "1000 … 1199", "1000"]);
    expect(rows).toHaveLength(204);
    expect(wayTo(long, 0, long.length, long.indexOf("1100"))).toEqual(["$", "$/g2", "$/1100"]);
  });

  test("what is found is on the way", () => {
    expect(wayTo(text, 0, text.length, text.indexOf("null"))).toEqual(["$", "$/0", "$/0/2", "$/0/2/0"]);
  });

  test("paths and places are told", () => {
    expect(
      pathText([
        { key: "a", list: false },
        { key: "2", list: true },
        { key: "b c", list: false },
      ]),
    ).toBe('$.a[2]["b c"]');
    expect(placeOf("ab\ncd", 4)).toEqual({ line: 2, column: 2 });
  });
});

describe("bytes", () => {
  test("offsets and needles are read", () => {
    expect(["1f4", "0x1F4", "500d", "x", ""].map(readOffset)).toEqual([500, 500, 500, undefined, undefined]);
    expect([...readNeedle("de AD")]).toEqual([0xde, 0xad]);
    expect([...readNeedle('"de"')]).toEqual([0x64, 0x65]);
    expect([...readNeedle("hey")]).toEqual([0x68, 0x65, 0x79]);
    expect(offsetOf(255, 10)).toBe("000000ff");
  });
  test("are found", () => {
    const hay = Uint8Array.from([1, 1, 2, 1, 2, 3]);
    expect(indexOf(hay, Uint8Array.from([1, 2, 3]), 0)).toBe(3);
    expect(indexOf(hay, Uint8Array.from([2, 4]), 0)).toBe(-1);
  });
});

describe("tables", () => {
  test("columns have letters", () => {
    expect([0, 25, 26, 701, 702].map(letters)).toEqual(["A", "Z", "AA", "ZZ", "AAA"]);
  });
  test("cells are copied as spreadsheets paste them", () => {
    expect(
      asTSV([
        ["a", 'b "c"'],
        ["x\ty", ""],
      ]),
    ).toBe('a\t"b ""c"""\n"x\ty"\t');
  });
  test("only columns on the screen are drawn", () => {
    expect(columnsAt(() => 100, 100_000, 5050, 300)).toEqual({ first: 50, shown: 4, start: 5000 });
  });
  test("a range has its corners in order", () => {
    expect(rangeOf({ row: 5, column: 1 }, { row: 2, column: 4 })).toEqual({
      row: 2,
      toRow: 5,
      column: 1,
      toColumn: 4,
    });
  });
});

describe("scrolling", () => {
  const far = { count: 20_000_000, height: 28, view: 560 };
  test("a wheel moves by rows, the bar by its share, and the end is the end", () => {
    expect(topAfter({ ...far, top: 1000, from: 300, to: 400 })).toBeCloseTo(1000 + 100 / 28);
    expect(topAfter({ ...far, top: 0, from: 0, to: 2_999_720 })).toBeCloseTo(9_999_990, -2);
    expect(topAfter({ ...far, top: 0, from: 0, to: 5_999_440 })).toBe(20_000_000 - 20);
    expect(topAfter({ count: 100, height: 20, view: 200, top: 0, from: 0, to: 40 })).toBe(2);
  });
});

test("a picture is fitted and zoomed around a point", () => {
  expect(fitScale({ width: 200, height: 100 }, { width: 100, height: 100 })).toBe(0.5);
  expect(fitScale({ width: 10, height: 10 }, { width: 100, height: 100 })).toBe(1);
  expect(zoomAt({ scale: 1, x: 0, y: 0 }, 2, 50, 0, 1)).toEqual({ scale: 2, x: -50, y: 0 });
});
