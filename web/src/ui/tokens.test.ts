import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { blindness, contrast, distance, linear, seen } from "./colour";

const css = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");
const pattern = /--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g;
const tokens = new Map(
  [...css.matchAll(pattern)].map((m) => [m[1], { light: m[2] ?? "", dark: m[3] ?? "" }]),
);

type Theme = "light" | "dark";
const themes: Theme[] = ["light", "dark"];

function value(name: string, theme: Theme): string {
  const found = tokens.get(name);
  if (found === undefined) throw new Error(`tokens.css has no --${name}`);
  return found[theme];
}

const grounds = ["paper", "surface", "hover", "float"];
const people = Array.from({ length: 12 }, (_, i) => `person-${i}`);

// Which text lies on which ground: 4.5 (WCAG 2.2, 1.4.3). Edges of controls: 3 (1.4.11).
const pairs: [string, string[], number][] = [
  ["ink", [...grounds, "accent-soft", "green-soft", "amber-soft", "red-soft"], 4.5],
  ["quiet", [...grounds, "accent-soft"], 4.5],
  ["accent", [...grounds, "accent-soft"], 4.5],
  ["accent-strong", [...grounds, "accent-soft"], 4.5],
  ["green", [...grounds, "green-soft"], 4.5],
  ["amber", [...grounds, "amber-soft"], 4.5],
  ["red", [...grounds, "red-soft"], 4.5],
  ["red-strong", [...grounds, "red-soft"], 4.5],
  ["on-accent", ["accent", "accent-strong"], 4.5],
  ["on-red", ["red", "red-strong"], 4.5],
  ["on-person", people, 4.5],
  ["edge", ["paper", "surface", "float"], 3],
  ...people.map((p): [string, string[], number] => [p, ["paper", "surface"], 4.5]),
];

describe.each(themes)("%s", (theme) => {
  test.each(pairs.flatMap(([text, on, least]) => on.map((ground) => [text, ground, least] as const)))(
    "%s on %s",
    (text, ground, least) => {
      expect(contrast(value(text, theme), value(ground, theme))).toBeGreaterThanOrEqual(least);
    },
  );

  test.each(["none", ...Object.keys(blindness)])("people's colours differ with blindness: %s", (kind) => {
    const matrix = blindness[kind];
    const colours = people.map((p) => linear(value(p, theme))).map((c) => (matrix ? seen(c, matrix) : c));
    const gaps = colours.flatMap((a, i) => colours.slice(i + 1).map((b) => distance(a, b)));
    expect(gaps).toHaveLength(66);
    expect(Math.min(...gaps)).toBeGreaterThan(0.06);
  });
});

test("contrast is WCAG's", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});
