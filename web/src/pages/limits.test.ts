import { expect, test } from "vitest";
import { limitsText, readLimit, shownLimit, withLimit } from "./limits";

test("limits are written as people say them", () => {
  expect(limitsText({ cpu: 2000, memoryBytes: 4e9, processes: 4096, diskBytes: 1e10 })).toBe(
    "2 CPUs, 4 GB memory, 4096 processes, 10 GB disk",
  );
  expect(limitsText({ cpu: 1000, memoryBytes: 0, processes: 0, diskBytes: 0 })).toBe("1 CPU");
  expect(limitsText({ cpu: 0, memoryBytes: 0, processes: 0, diskBytes: 0 })).toBe("No limits");
});

test("an empty field leaves it to the site, 0 is no limit and is shown as a word", () => {
  expect(readLimit("", 1e9)).toBeUndefined();
  expect(readLimit(" 1.5 ", 1e9)).toBe(1.5e9);
  expect(readLimit("0", 1000)).toBe(0);
  expect(readLimit(" None ", 1000)).toBe(0);
  expect(readLimit("1,5", 1000)).toBe(1500);
  for (const bad of ["many", "-1", "1 GB", "Infinity"])
    expect(() => readLimit(bad, 1000), bad).toThrow("Write a number");
  expect(shownLimit(0, 1000)).toBe("none");
  expect(shownLimit(undefined, 1000)).toBe("");
  expect(shownLimit(500, 1000)).toBe("0.5");
  expect(withLimit({ cpu: 5, diskBytes: 1 }, "cpu", undefined)).toEqual({ diskBytes: 1 });
  expect(withLimit({ cpu: 5 }, "memoryBytes", 0)).toEqual({ cpu: 5, memoryBytes: 0 });
});
