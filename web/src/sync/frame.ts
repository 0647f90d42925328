/**
 * The frames of a terminal's socket, as internal/term/frame.go describes them.
 * Numbers are big-endian; offsets and sequence numbers have 64 bits on the wire
 * and are refused above 2^53 here.
 */
export const subprotocol = "lyceum.term.v1";

/** Most bytes of input in one frame. */
export const maxInput = 64 << 10;

export type TerminalPerson = { account: string; name: string; colour: number };

export type TerminalExit = { code: number; signal?: string };

/** What a terminal tells of itself, first and after each change. */
export type TerminalState = {
  id: string;
  name: string;
  title: string;
  viewers: TerminalPerson[];
  exited: TerminalExit | null;
  /** This viewer answers the queries that the program sends to its terminal. */
  answers: boolean;
};

/** A frame from the project. */
export type ServerFrame =
  | { kind: "output"; offset: number; data: Uint8Array<ArrayBuffer> }
  | { kind: "ack"; seq: number }
  | { kind: "size"; cols: number; rows: number }
  | { kind: "state"; state: TerminalState }
  | { kind: "reset"; offset: number }
  | { kind: "hello"; head: number; seq: number };

/** A frame from the browser. */
export type ClientFrame =
  | { kind: "input"; seq: number; data: Uint8Array }
  | { kind: "resize"; cols: number; rows: number }
  | { kind: "restart" };

const kinds = {
  output: 0x01,
  ack: 0x02,
  size: 0x03,
  state: 0x04,
  reset: 0x05,
  hello: 0x06,
  input: 0x81,
  resize: 0x82,
  restart: 0x83,
} as const;

/** The message of a frame. */
export function encodeFrame(f: ClientFrame): Uint8Array<ArrayBuffer> {
  switch (f.kind) {
    case "input": {
      const msg = new Uint8Array(9 + f.data.length);
      msg[0] = kinds.input;
      new DataView(msg.buffer).setBigUint64(1, BigInt(f.seq));
      msg.set(f.data, 9);
      return msg;
    }
    case "resize": {
      const msg = new Uint8Array(5);
      msg[0] = kinds.resize;
      const view = new DataView(msg.buffer);
      view.setUint16(1, f.cols);
      view.setUint16(3, f.rows);
      return msg;
    }
    case "restart":
      return new Uint8Array([kinds.restart]);
  }
}

/** Reads one message of a project. What is no frame is undefined. */
export function decodeFrame(msg: Uint8Array<ArrayBuffer>): ServerFrame | undefined {
  if (msg.length === 0) return undefined;
  const view = new DataView(msg.buffer, msg.byteOffset, msg.byteLength);
  const body = msg.subarray(1);
  switch (view.getUint8(0)) {
    case kinds.output: {
      const offset = number(view);
      return offset === undefined ? undefined : { kind: "output", offset, data: msg.subarray(9) };
    }
    case kinds.ack: {
      const seq = number(view);
      return seq === undefined || msg.length !== 9 ? undefined : { kind: "ack", seq };
    }
    case kinds.reset: {
      const offset = number(view);
      return offset === undefined || msg.length !== 9 ? undefined : { kind: "reset", offset };
    }
    case kinds.size:
      if (msg.length !== 5) return undefined;
      return { kind: "size", cols: view.getUint16(1), rows: view.getUint16(3) };
    case kinds.state: {
      const v = json(body);
      return v && isState(v) ? { kind: "state", state: v } : undefined;
    }
    case kinds.hello: {
      const v = json(body);
      if (!v || typeof v.head !== "number" || typeof v.seq !== "number") return undefined;
      return { kind: "hello", head: v.head, seq: v.seq };
    }
    default:
      return undefined;
  }
}

function number(view: DataView): number | undefined {
  if (view.byteLength < 9) return undefined;
  const n = view.getBigUint64(1);
  return n > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(n);
}

function json(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const v: unknown = JSON.parse(new TextDecoder().decode(body));
    // An object is all that is claimed here; callers check the fields.
    return typeof v === "object" && v !== null ? (v as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isState(v: Record<string, unknown>): v is Record<string, unknown> & TerminalState {
  return (
    typeof v.id === "string" &&
    typeof v.name === "string" &&
    typeof v.title === "string" &&
    Array.isArray(v.viewers) &&
    typeof v.answers === "boolean"
  );
}
