import type { Table } from "../../api/previews";
import { t } from "../../words";

/** How a table is shown: what a person chose, the rest is found out. */
export type Choice = {
  encoding?: string;
  delimiter?: string;
  header?: "yes" | "no";
  filter: string;
  sort?: { column: number; descending: boolean };
};

/** Cells from one corner to another, both of them in. */
export type Range = { row: number; column: number; toRow: number; toColumn: number };

export function rangeOf(a: { row: number; column: number }, b: { row: number; column: number }): Range {
  return {
    row: Math.min(a.row, b.row),
    toRow: Math.max(a.row, b.row),
    column: Math.min(a.column, b.column),
    toColumn: Math.max(a.column, b.column),
  };
}

/** A column's name as spreadsheets count: A, B, …, Z, AA. From 0. */
export function letters(column: number): string {
  let s = "";
  for (let n = column + 1; n > 0; n = Math.floor((n - 1) / 26)) {
    s = String.fromCharCode(65 + ((n - 1) % 26)) + s;
  }
  return s;
}

/** Rows as text with tabs between the cells, as spreadsheets paste it. */
export function asTSV(rows: readonly (readonly string[])[]): string {
  const cell = (s: string) => (/["\t\n\r]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);
  return rows.map((r) => r.map(cell).join("\t")).join("\n");
}

/** Widths of columns in px by what is in them first. */
export function widthsOf(first: Table): number[] {
  const widest = first.columns.map((c, i) =>
    Math.max(c.name.length + 3, ...first.rows.slice(0, 50).map((r) => Math.min(r[i]?.length ?? 0, 60))),
  );
  return widest.map((n) => Math.round(Math.max(56, Math.min(360, n * 7.6 + 20))));
}

/** The first column on the screen and how many, and where the first begins, in px. */
export function columnsAt(
  widths: (column: number) => number,
  count: number,
  left: number,
  view: number,
): { first: number; shown: number; start: number } {
  let first = 0;
  let start = 0;
  while (first < count - 1 && start + widths(first) <= left) start += widths(first++);
  let shown = 0;
  for (let x = start; first + shown < count && x < left + view; shown++) x += widths(first + shown);
  return { first, shown, start };
}

/** What the bar says of a table: how many rows and columns, and what was left out. */
export function aboutTable(table: Table): string {
  const n = new Intl.NumberFormat().format;
  const rows =
    table.matches === table.total || table.numbers === undefined
      ? t("{n} rows", { n: table.complete ? n(table.total) : `${n(table.total)}+` })
      : t("{n} of {total} rows", { n: n(table.matches), total: n(table.total) });
  const parts = [rows];
  if (table.format !== "lines") parts.push(t("{n} columns", { n: n(table.columnTotal) }));
  if (!table.complete && table.size > 0)
    parts.push(t("{percent} % read", { percent: Math.floor((table.read / table.size) * 100) }));
  if (table.broken) parts.push(t("{n} malformed", { n: n(table.broken) }));
  return parts.join(" · ");
}
