import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

/**
 * The messages of a document's socket: y-protocols (sync, awareness) and our own
 * of type 100, JSON in a varString, which come because we ask for ?v=lyceum1.
 */
const messageSync = 0;
const messageAwareness = 1;
const messageQueryAwareness = 3;
const messageNote = 100;

const step1 = 0;
const step2 = 1;
const update = 2;

/** What the project says of the document. Unknown kinds are left out. */
export type Note =
  | { t: "hello"; doc: string; epoch: string; readOnly: boolean; path: string; model?: string }
  /** The first n messages with updates of this connection are on disk. */
  | { t: "saved"; n: number }
  /** encoding: when it is not UTF-8; unencodable: a character that it has not. */
  | { t: "file"; state: FileState; message?: string; encoding?: string; unencodable?: string }
  | { t: "moved"; path: string }
  | { t: "error"; code: string; message: string };

/** The file on disk: as the document, behind it, being written, not writable, gone. */
export type FileState = "clean" | "dirty" | "writing" | "error" | "deleted";

export type Message =
  | { kind: "step1"; vector: Bytes }
  | { kind: "step2"; update: Bytes }
  | { kind: "update"; update: Bytes }
  | { kind: "awareness"; update: Bytes }
  | { kind: "query-awareness" }
  | { kind: "note"; note: Note };

type Bytes = Uint8Array<ArrayBuffer>;

export function encodeMessage(m: Message): Bytes {
  const e = encoding.createEncoder();
  switch (m.kind) {
    case "step1":
      encoding.writeVarUint(e, messageSync);
      encoding.writeVarUint(e, step1);
      encoding.writeVarUint8Array(e, m.vector);
      break;
    case "step2":
    case "update":
      encoding.writeVarUint(e, messageSync);
      encoding.writeVarUint(e, m.kind === "step2" ? step2 : update);
      encoding.writeVarUint8Array(e, m.update);
      break;
    case "awareness":
      encoding.writeVarUint(e, messageAwareness);
      encoding.writeVarUint8Array(e, m.update);
      break;
    case "query-awareness":
      encoding.writeVarUint(e, messageQueryAwareness);
      break;
    case "note":
      encoding.writeVarUint(e, messageNote);
      encoding.writeVarString(e, JSON.stringify(m.note));
  }
  return encoding.toUint8Array(e);
}

/**
 * Reads a message. Undefined for kinds that are not known here; it throws when
 * the bytes are not what their kind says.
 */
export function decodeMessage(bytes: Bytes): Message | undefined {
  const d = decoding.createDecoder(bytes);
  switch (decoding.readVarUint(d)) {
    case messageSync:
      return decodeSync(d);
    case messageAwareness:
      return { kind: "awareness", update: decoding.readVarUint8Array(d) };
    case messageQueryAwareness:
      return { kind: "query-awareness" };
    case messageNote: {
      const note: unknown = JSON.parse(decoding.readVarString(d));
      return isNote(note) ? { kind: "note", note } : undefined;
    }
    default:
      return undefined;
  }
}

function decodeSync(d: decoding.Decoder<ArrayBuffer>): Message | undefined {
  const kind = decoding.readVarUint(d);
  const body = decoding.readVarUint8Array(d);
  switch (kind) {
    case step1:
      return { kind: "step1", vector: body };
    case step2:
      return { kind: "step2", update: body };
    case update:
      return { kind: "update", update: body };
    default:
      return undefined;
  }
}

const noteFields: Record<string, Record<string, string>> = {
  hello: { doc: "string", epoch: "string", readOnly: "boolean", path: "string" },
  saved: { n: "number" },
  file: { state: "string" },
  moved: { path: "string" },
  error: { code: "string", message: "string" },
};

function isNote(v: unknown): v is Note {
  if (typeof v !== "object" || v === null || !("t" in v)) return false;
  const fields = noteFields[String(v.t)];
  if (!fields) return false;
  const values: Record<string, unknown> = { ...v };
  return Object.entries(fields).every(([name, type]) => typeof values[name] === type);
}
