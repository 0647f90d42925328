import * as Y from "yjs";

/** Whether a document is a notebook: its roots are those of @jupyter/ydoc. */
export function isNotebook(doc: Y.Doc): boolean {
  return doc.share.has("cells") && doc.getArray("cells").length > 0;
}

/** A document as the text of its file. */
export function wholeText(doc: Y.Doc): string {
  return isNotebook(doc) ? notebookText(doc) : doc.getText("text").toString();
}

/** The notebook of a document (roots meta and cells) as the text of an .ipynb file, long texts as their lines. */
export function notebookText(doc: Y.Doc): string {
  const meta = doc.getMap("meta");
  const number = (name: string, otherwise: number) => {
    const n = meta.get(name);
    return typeof n === "number" ? n : otherwise;
  };
  const cells = doc
    .getArray("cells")
    .toArray()
    .filter((c): c is Y.Map<unknown> => c instanceof Y.Map)
    .map((c) => asLines(c.toJSON()));
  const file = {
    cells,
    metadata: plain(meta.get("metadata")) ?? {},
    nbformat: number("nbformat", 4),
    nbformat_minor: number("nbformat_minor", 5),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** A value of a document as plain JSON. */
export function plain(v: unknown): unknown {
  return v instanceof Y.AbstractType ? v.toJSON() : v;
}

function asLines({ execution_state: _, ...cell }: Record<string, unknown>): Record<string, unknown> {
  const { outputs } = cell;
  return {
    ...cell,
    source: lines(cell.source),
    ...(Array.isArray(outputs) && { outputs: outputs.map(outputLines) }),
  };
}

function outputLines(o: unknown): unknown {
  if (typeof o !== "object" || o === null || !("text" in o)) return o;
  return { ...o, text: lines(o.text) };
}

function lines(v: unknown): string[] {
  const text = Array.isArray(v) ? v.map(String).join("") : typeof v === "string" ? v : "";
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
