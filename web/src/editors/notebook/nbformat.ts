// Notebooks as files, for what the browser gives away: a script, the clipboard; sync/ipynb.ts writes the file.
import * as Y from "yjs";
import { record } from "./cell";

import { type CellJSON, cellJSON, emptyCell, insert, joined } from "./cells";

/** Reads a notebook into an empty document: for tests, and where no project is. Throws SyntaxError. */
export function readNotebook(text: string, doc: Y.Doc): void {
  const file = record(JSON.parse(text));
  doc.transact(() => {
    const meta = doc.getMap("meta");
    meta.set("nbformat", file.nbformat ?? 4);
    meta.set("nbformat_minor", file.nbformat_minor ?? 5);
    const metadata = new Y.Map<unknown>();
    for (const [k, v] of Object.entries(record(file.metadata))) metadata.set(k, v);
    meta.set("metadata", metadata);
    const list = Array.isArray(file.cells) ? file.cells.map(record).map(cellOf) : [];
    insert(doc.getArray("cells"), 0, list.length > 0 ? list : [emptyCell()], true);
  });
}

/** A cell of a file, whatever it lacks. */
export function cellOf(v: Record<string, unknown>): CellJSON {
  const type = v.cell_type;
  return {
    ...(typeof v.id === "string" && { id: v.id }),
    cell_type: type === "code" || type === "markdown" ? type : "raw",
    source: joined(v.source),
    metadata: record(v.metadata),
    ...(v.attachments !== undefined && { attachments: record(v.attachments) }),
    ...(type === "code" && {
      outputs: Array.isArray(v.outputs) ? v.outputs.map(record) : [],
      execution_count: typeof v.execution_count === "number" ? v.execution_count : null,
    }),
  };
}

/** The extension of scripts of a language. */
export function scriptExtension(language: string, metadata: Record<string, unknown>): string {
  const told = record(metadata.language_info).file_extension;
  if (typeof told === "string" && /^\.\w{1,10}$/.test(told)) return told.slice(1);
  const known: Record<string, string> = { python: "py", r: "r", julia: "jl", octave: "m", bash: "sh" };
  return known[language] ?? "txt";
}

/** The notebook as a script: code as it is, the rest as comments. */
export function scriptText(doc: Y.Doc, language: string): string {
  const mark = /^(javascript|typescript|c|c\+\+|rust|go|java)$/.test(language) ? "//" : "#";
  const comment = (text: string) => text.split("\n").map((l) => `${mark} ${l}`.trimEnd());
  const parts = doc
    .getArray("cells")
    .toArray()
    .filter((c): c is Y.Map<unknown> => c instanceof Y.Map)
    .map(cellJSON)
    .map(({ cell_type, source }) => {
      if (cell_type === "code") return `${mark} %%\n${language === "python" ? plainPython(source) : source}`;
      return [`${mark} %% [${cell_type}]`, ...comment(source)].join("\n");
    });
  return `${parts.join("\n\n")}\n`;
}

/** Magics are no Python: they become comments. */
function plainPython(source: string): string {
  if (/^\s*%%/.test(source)) return source.replace(/^/gm, "# ");
  return source.replace(/^(\s*)([%!])/gm, "$1# $2");
}
