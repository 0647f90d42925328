import { describe, expect, test } from "vitest";
import { linksIn, overwritten, parseANSI } from "./ansi";
import { choose, hasScripts } from "./mime";
import { installLine, readError } from "./traceback";

const esc = "\u001b";

describe("ANSI", () => {
  test.each([
    ["plain", "a\nb", [{ text: "a\nb" }]],
    ["nothing", "", []],
    [
      "a colour and its end",
      `a${esc}[31mred${esc}[0mb`,
      [{ text: "a" }, { text: "red", fore: "red" }, { text: "b" }],
    ],
    [
      "bold and bright",
      `${esc}[1;92mx${esc}[22my`,
      [
        { text: "x", bold: true, fore: "bright-green" },
        { text: "y", fore: "bright-green" },
      ],
    ],
    [
      "256 colours",
      `${esc}[38;5;196mx${esc}[48;5;244my`,
      [
        { text: "x", fore: "#ff0000" },
        { text: "y", fore: "#ff0000", back: "#808080" },
      ],
    ],
    ["true colour", `${esc}[38;2;1;2;3mx`, [{ text: "x", fore: "#010203" }]],
    ["others are left out", `${esc}[2J${esc}]0;title\u0007${esc}[?25lx${esc}(`, [{ text: "x" }]],
    ["cut short", `x${esc}[3`, [{ text: "x" }]],
  ])("%s", (_, text, want) => expect(parseANSI(text)).toEqual(want));

  test.each([
    ["10%\r20%\r30%", "30%"],
    ["10%\r20%\r", "10%\r20%\r".slice(4, 7)],
    ["a\r\nb", "a\nb"],
    ["ab\b\bc", "c"],
    ["x\n\b\by", "x\ny"],
  ])("%j is shown as %j", (text, want) => expect(overwritten(text)).toBe(want));

  test("links end before the sentence does", () => {
    expect(linksIn("see https://a.example/b?c=1, or (http://d.example).").map((l) => l[2])).toEqual([
      "https://a.example/b?c=1",
      "http://d.example",
    ]);
  });
});

test.each([
  [["text/plain", "text/html"], "html"],
  [["text/plain", "image/png"], "image"],
  [["text/html", "application/vnd.plotly.v1+json"], "plotly"],
  [["application/vnd.vegalite.v5+json", "text/plain"], "vega"],
  [["application/vnd.someone+json", "text/plain"], "text"],
  [["application/vnd.someone+json"], "json"],
  [["application/x-thing"], undefined],
])("of %j, %s is shown", (types, want) => expect(choose(types)?.renderer).toBe(want));

test.each([
  ["<table><tr><td>1</td></tr></table>", false],
  ["<b>a</b><script>1</script>", true],
  ["<img src=x onerror=alert(1)>", true],
  ['<a href="javascript:x">y</a>', true],
])("%s has scripts: %s", (html, want) => expect(hasScripts(html)).toBe(want));

describe("errors", () => {
  const frames = [
    `${esc}[0;31m---------------------------------------------------------------------------${esc}[0m`,
    `${esc}[0;31mZeroDivisionError${esc}[0m                         Traceback (most recent call last)`,
    `Cell ${esc}[0;32mIn[3], line 2${esc}[0m\n${esc}[1;32m      1${esc}[0m x = 0\n${esc}[0;32m----> 2${esc}[0m ${esc}[38;5;241m1${esc}[39m/x\n`,
    "File /usr/lib/python3/x.py:10, in f()\n---> 10 raise",
    `${esc}[0;31mZeroDivisionError${esc}[0m: division by zero`,
  ];
  test("are folded to their line of the cell", () => {
    expect(readError("ZeroDivisionError", "division by zero", frames)).toEqual({
      what: "ZeroDivisionError: division by zero",
      line: { number: 2, text: "1/x" },
    });
  });
  test("name the package that is missing", () => {
    expect(readError("ModuleNotFoundError", "No module named 'sklearn.svm'", []).missing).toBe("sklearn");
    expect(installLine("python", "sklearn")).toBe("%pip install scikit-learn");
    expect(readError("Error", "there is no package called ‘dplyr’", []).missing).toBe("dplyr");
  });
  test("without a traceback are their name", () => {
    expect(readError("KeyboardInterrupt", "", [])).toEqual({ what: "KeyboardInterrupt" });
  });
});
