import katex from "katex";
import "katex/dist/katex.min.css";

/** Macros are kept for a while, as Jupyter's pages do: \newcommand in one cell, used in others. */
const macros: Record<string, string> = {};

/** The HTML of a formula, made of KaTeX's own elements. What it cannot read is shown as it is, in red. */
export function renderToString(tex: string, displayMode: boolean): string {
  return katex.renderToString(tex, {
    displayMode,
    throwOnError: false,
    errorColor: "var(--red)",
    output: "htmlAndMathml",
    trust: false,
    strict: false,
    maxSize: 40,
    maxExpand: 1000,
    globalGroup: true,
    macros,
  });
}
