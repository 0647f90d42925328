import type { Cell } from "./cell";

/** A heading of a notebook: the first one of a markdown cell that begins with one, as Jupyter folds. */
export type Heading = { cell: Cell; level: number; text: string };

/** The headings, in order. Only what begins a cell folds what follows. */
export function headingsOf(list: readonly Cell[]): Heading[] {
  return list.flatMap((cell) => {
    if (cell.head.get().type !== "markdown") return [];
    const found = headingIn(cell.text);
    return found ? [{ cell, ...found }] : [];
  });
}

/** The heading that a markdown text begins with. */
export function headingIn(text: string): { level: number; text: string } | undefined {
  const m = /^\s*(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*(?:\n|$)/.exec(text);
  if (m?.[1]) return { level: m[1].length, text: plainWords(m[2] ?? "") };
  const html = /^\s*<h([1-6])[^>]*>([\s\S]*?)<\/h\1>/i.exec(text);
  if (html?.[1]) return { level: Number(html[1]), text: plainWords(html[2] ?? "") };
  return undefined;
}

/** What is read of a line of markdown. */
function plainWords(text: string): string {
  return text
    .replace(/<[^>]*>/g, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_`~]/g, "")
    .trim();
}
