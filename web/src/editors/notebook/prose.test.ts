import { describe, expect, test } from "vitest";
import { headingIn } from "./headings";
import { prose, takeMath } from "./prose";

// What is taken out of HTML is tested in a browser: e2e/notebook.test.ts.
const place = { file: (path: string) => `/files/${path}` };

async function html(text: string, attachments = {}): Promise<string> {
  const div = document.createElement("div");
  div.append(await prose(text, { ...place, attachments }));
  return div.innerHTML;
}

describe("math is taken out of markdown", () => {
  test.each([
    ["a $x_1$ b", ["x_1"]],
    ["$$\\frac{a}{b}$$", ["\\frac{a}{b}"]],
    ["it costs $5 and $6", []],
    ["`$x$` and ```\n$y$\n```", []],
    ["\\begin{align}a&=b\\end{align}", ["\\begin{align}a&=b\\end{align}"]],
    ["escaped \\$x\\$", []],
    ["$a\nb$", ["a\nb"]],
    ["$a\n\nb$", []],
    ["\\\\(x\\\\)", ["x"]],
  ])("%j", (text, want) => expect(takeMath(text).math.map((m) => m.tex)).toEqual(want));
});

test("addresses beside the notebook lead to its files, attachments are in the cell", async () => {
  expect(await html("![](a/b.png)")).toContain('src="/files/a/b.png"');
  expect(await html("[x](c.csv)")).toContain('href="/files/c.csv"');
  expect(await html("![p](attachment:p%201.png)", { "p 1.png": { "image/png": "AAAA" } })).toContain(
    'src="data:image/png;base64,AAAA"',
  );
});

test("math in an attribute is no markup", async () => {
  const out = await html('<a title="$x<y$" href="https://a.example">z</a>');
  expect(out).toContain("z</a>");
  expect(out).not.toContain("katex");
});

test("formulas are drawn", async () => {
  expect(await html("so $x^2$")).toContain("katex");
});

test.each([
  ["# One", { level: 1, text: "One" }],
  ["\n### *Two* [x](y) ##\nmore", { level: 3, text: "Two x" }],
  ["text\n# Not first", undefined],
  ["<h2>Three</h2>", { level: 2, text: "Three" }],
  ["#nothing", undefined],
])("the heading of %j", (text, want) => expect(headingIn(text)).toEqual(want));
