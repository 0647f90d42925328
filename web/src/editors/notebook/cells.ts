// What is done to the cells of a notebook, on its Y.Doc. Callers wrap each in one
// step of Notebook.edit.
import * as Y from "yjs";
import { plain } from "../../sync/ipynb";
import { type CellType, record } from "./cell";

/** A cell as it is in a file, with its source as one text. */
export type CellJSON = {
  id?: string;
  cell_type: CellType;
  source: string;
  metadata: Record<string, unknown>;
  attachments?: Record<string, unknown>;
  outputs?: Record<string, unknown>[];
  execution_count?: number | null;
};

type Cells = Y.Array<unknown>;

/** A new id, as nbformat 4.5 allows. */
export function newID(): string {
  return [...crypto.getRandomValues(new Uint8Array(4))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/** The shared form of a cell. It is in no document yet. */
export function makeCell(json: CellJSON, id = json.id ?? newID()): Y.Map<unknown> {
  const map = new Y.Map<unknown>();
  map.set("id", id);
  map.set("cell_type", json.cell_type);
  map.set("source", new Y.Text(json.source));
  map.set("metadata", mapOf(json.metadata));
  if (json.attachments && json.cell_type !== "code") map.set("attachments", json.attachments);
  if (json.cell_type === "code") {
    map.set("outputs", outputsOf(json.outputs ?? []));
    map.set("execution_count", json.execution_count ?? null);
    map.set("execution_state", "idle");
  }
  return map;
}

function mapOf(values: Record<string, unknown>): Y.Map<unknown> {
  const map = new Y.Map<unknown>();
  for (const [k, v] of Object.entries(values)) map.set(k, v);
  return map;
}

function outputsOf(list: readonly Record<string, unknown>[]): Y.Array<unknown> {
  const outputs = new Y.Array<unknown>();
  outputs.push(
    list.map((o) => {
      const map = mapOf(o);
      if (o.output_type === "stream") map.set("text", new Y.Text(joined(o.text)));
      return map;
    }),
  );
  return outputs;
}

/** A text of a notebook file: one string, or its lines. */
export function joined(v: unknown): string {
  if (Array.isArray(v)) return v.map(String).join("");
  return typeof v === "string" ? v : "";
}

/** A cell as it is in a file. */
export function cellJSON(map: Y.Map<unknown>): CellJSON {
  const type = map.get("cell_type");
  const id = map.get("id");
  const json: CellJSON = {
    ...(typeof id === "string" && { id }),
    cell_type: type === "code" || type === "markdown" ? type : "raw",
    source: joined(plain(map.get("source"))),
    metadata: record(plain(map.get("metadata"))),
  };
  const attachments = plain(map.get("attachments"));
  if (attachments !== undefined) json.attachments = record(attachments);
  if (json.cell_type !== "code") return json;
  const outputs = plain(map.get("outputs"));
  const count = map.get("execution_count");
  json.outputs = Array.isArray(outputs) ? outputs.map(record) : [];
  json.execution_count = typeof count === "number" ? count : null;
  return json;
}

/** Puts new cells before the one at an index. */
export function insert(cells: Cells, at: number, list: readonly CellJSON[], keepIDs = false): void {
  cells.insert(
    at,
    list.map((c) => makeCell(c, keepIDs ? (c.id ?? newID()) : newID())),
  );
}

export function remove(cells: Cells, from: number, to: number): void {
  cells.delete(from, to - from + 1);
  if (cells.length === 0) insert(cells, 0, [emptyCell()]);
}

export function emptyCell(cell_type: CellType = "code", source = ""): CellJSON {
  return { cell_type, source, metadata: {} };
}

/** Moves the cells [from, to] before the one that is at an index now. They keep their ids. */
export function move(cells: Cells, from: number, to: number, before: number): void {
  if (before >= from && before <= to + 1) return;
  const list = cells.slice(from, to + 1).map((c) => (c instanceof Y.Map ? movedCell(c) : undefined));
  const at = before > to ? before - list.length : before;
  cells.delete(from, to - from + 1);
  cells.insert(
    at,
    list.filter((c) => c !== undefined),
  );
}

/** A copy that still is the same cell: also what its run is doing. */
function movedCell(map: Y.Map<unknown>): Y.Map<unknown> {
  const copy = map.clone();
  return copy;
}

/** Makes a cell one of another kind, in place: its text stays the one that others type into. */
export function setType(map: Y.Map<unknown>, type: CellType): void {
  if (map.get("cell_type") === type) return;
  map.set("cell_type", type);
  if (type === "code") {
    map.delete("attachments");
    map.set("outputs", new Y.Array());
    map.set("execution_count", null);
    map.set("execution_state", "idle");
  } else {
    for (const name of ["outputs", "execution_count", "execution_state"]) map.delete(name);
  }
}

/** Cuts the cell at an index in two at offsets of its source: what is before keeps the cell. */
export function split(cells: Cells, at: number, offsets: readonly number[]): number {
  const map = cells.get(at);
  if (!(map instanceof Y.Map)) return 0;
  const source = map.get("source");
  if (!(source instanceof Y.Text)) return 0;
  const text = source.toString();
  const cuts = [...new Set(offsets)].filter((o) => o >= 0 && o <= text.length).sort((a, b) => a - b);
  const [first = 0] = cuts;
  const { cell_type, metadata } = cellJSON(map);
  const parts = cuts.map((from, i) => text.slice(from, cuts[i + 1] ?? text.length));
  source.delete(first, text.length - first);
  trimEnd(source);
  insert(
    cells,
    at + 1,
    parts.map((part) => ({ cell_type, metadata, source: part.replace(/^\n+/, "") })),
  );
  return parts.length;
}

function trimEnd(source: Y.Text): void {
  const text = source.toString();
  const kept = text.replace(/\n+$/, "").length;
  if (kept < text.length) source.delete(kept, text.length - kept);
}

/** Joins the cells [from, to] into the first, which takes the attachments and loses its outputs. */
export function merge(cells: Cells, from: number, to: number): void {
  const maps = cells.slice(from, to + 1).filter((c): c is Y.Map<unknown> => c instanceof Y.Map);
  const [first, ...others] = maps;
  const source = first?.get("source");
  if (!first || !(source instanceof Y.Text) || others.length === 0) return;
  const between = first.get("cell_type") === "markdown" ? "\n\n" : "\n";
  for (const o of others) source.insert(source.length, between + cellJSON(o).source);
  const attachments = Object.assign({}, ...maps.map((m) => cellJSON(m).attachments ?? {}));
  if (Object.keys(attachments).length > 0) first.set("attachments", attachments);
  clear(first);
  cells.delete(from + 1, maps.length - 1);
}

/** Takes the outputs out of a code cell. */
export function clear(map: Y.Map<unknown>): void {
  const outputs = map.get("outputs");
  if (!(outputs instanceof Y.Array)) return;
  if (outputs.length > 0) outputs.delete(0, outputs.length);
  if (map.get("execution_count") !== null) map.set("execution_count", null);
}

/** Sets one value of a cell's metadata; undefined takes it out. */
export function setMetadata(map: Y.Map<unknown>, name: string, value: unknown): void {
  let metadata = map.get("metadata");
  if (!(metadata instanceof Y.Map)) {
    metadata = mapOf(record(metadata));
    map.set("metadata", metadata);
  }
  const shared = metadata as Y.Map<unknown>; // it is one now
  if (value === undefined) shared.delete(name);
  else shared.set(name, value);
}
