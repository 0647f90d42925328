import { expect, test } from "vitest";
import { nameOfRepository, newProject } from "./new";

test.each([
  ["https://example.org/ada/waves.git", "waves"],
  ["https://example.org/ada/waves/", "waves"],
  ["git@example.org:waves.git", "waves"],
  ["", ""],
])("nameOfRepository(%s)", (url, want) => {
  expect(nameOfRepository(url)).toBe(want);
});

test("each kind of source is asked for in its way", () => {
  expect(newProject("empty", { name: " Waves " }, "")).toEqual({ name: "Waves" });
  expect(newProject("git", { name: "", "source.url": "https://example.org/a/tides" }, "")).toEqual({
    name: "tides",
    source: { kind: "git", url: "https://example.org/a/tides" },
  });
  expect(newProject("copy", { name: "Mine" }, "p1")).toEqual({
    name: "Mine",
    source: { kind: "copy", project: "p1" },
  });
});
