import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { contrast } from "../ui/colour";

/** The light and the dark value of every token in a file. */
function tokens(file: string): Map<string, [string, string]> {
  const css = readFileSync(join(import.meta.dirname, file), "utf8");
  const form = /--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g;
  return new Map([...css.matchAll(form)].map((m) => [m[1] ?? "", [m[2] ?? "", m[3] ?? ""]]));
}

const code = tokens("code.css");
const surface = tokens("../ui/tokens.css").get("surface") ?? ["", ""];

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("%s", (_, i) => {
  test.each([...code.keys()])("%s can be read on the surface", (name) => {
    const least = name === "ansi-black" ? 3 : 4.5; // black on dark is decoration; the terminal lifts text itself
    expect(contrast(code.get(name)?.[i] ?? "", surface[i])).toBeGreaterThanOrEqual(least);
  });
});

test("the tokens were found", () => {
  expect(code.size).toBe(24);
});
