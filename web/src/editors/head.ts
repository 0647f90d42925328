import { fetchRaw } from "../api/fetch";
import { isKind, RequestError } from "../api/problem";
import { fileAddress } from "../api/project";

/** Bytes of a file that are read before it is known what to do with it. */
export const headBytes = 1 << 20;

/** Largest file that can be edited together, in bytes; api.MaxDocumentBytes. */
export const maxDocument = 32 << 20;

/** The beginning of a file, and what it is. */
export type Head =
  | { kind: "text"; text: string; size: number; whole: boolean }
  /** Text that is too large to be edited together. */
  | { kind: "large"; text: string; size: number }
  /** Text of another encoding. */
  | { kind: "foreign"; size: number }
  | { kind: "binary"; bytes: Uint8Array<ArrayBuffer>; size: number; type: string };

/** Reads the beginning of a file. Throws RequestError. */
export async function readHead(project: string, path: string, signal: AbortSignal): Promise<Head> {
  try {
    const answer = await fetchRaw(fileAddress(project, path), {
      signal,
      cache: "no-store",
      headers: { Range: `bytes=0-${headBytes - 1}` },
    });
    const bytes = await beginning(answer);
    return headOf(bytes, sizeOf(answer, bytes.length), answer.headers.get("Content-Type") ?? "");
  } catch (e) {
    // No byte of an empty file can be asked for.
    if (e instanceof RequestError && e.status === 416)
      return { kind: "text", text: "", size: 0, whole: true };
    throw e;
  }
}

/** The first bytes of an answer, should a server send more than it was asked for. */
async function beginning(answer: Response): Promise<Uint8Array<ArrayBuffer>> {
  const reader = answer.body?.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let n = 0;
  while (reader && n < headBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(new Uint8Array(value));
    n += value.length;
  }
  void reader?.cancel().catch(() => undefined); // the rest is not wanted, whatever becomes of it
  return new Uint8Array(await new Blob(parts).slice(0, headBytes).arrayBuffer());
}

function sizeOf(answer: Response, read: number): number {
  const total = /\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "")?.[1];
  return Number(total ?? answer.headers.get("Content-Length") ?? read);
}

/** What a file is, by its beginning, its size in bytes and the type that the server saw. */
export function headOf(bytes: Uint8Array<ArrayBuffer>, size: number, contentType: string): Head {
  const type = contentType.split(";")[0]?.trim() ?? "";
  const text = textOf(bytes, bytes.length >= size) ?? foreignText(bytes, size);
  if (text === undefined)
    return isForeign(bytes) ? { kind: "foreign", size } : { kind: "binary", bytes, size, type };
  if (size > maxDocument) return { kind: "large", text, size };
  return { kind: "text", text, size, whole: bytes.length >= size };
}

/** The bytes as UTF-8, unless they are none or hold a NUL. whole: nothing follows them. */
function textOf(bytes: Uint8Array, whole: boolean): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    // A byte order mark is a character of the file like any other.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: !whole });
  } catch {
    return undefined;
  }
}

/**
 * The text of bytes in UTF-16 with its mark, or in Windows-1252 with mostly ASCII in it:
 * what the project edits and writes back in the same encoding (form.go in livedoc).
 */
function foreignText(bytes: Uint8Array, size: number): string | undefined {
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (mark === 0xfffe || mark === 0xfeff) {
    if (size % 2 === 1 || size > maxDocument) return undefined;
    try {
      const decoder = new TextDecoder(mark === 0xfffe ? "utf-16le" : "utf-16be", { fatal: true });
      const text = decoder.decode(bytes, { stream: bytes.length < size });
      return text.includes("\0") ? undefined : text;
    } catch {
      return undefined;
    }
  }
  let high = 0;
  for (const b of bytes) {
    if (b >= 0x80) high++;
    if ((b < 0x20 && (b < 9 || b > 13 || b === 11) && b !== 0x1b) || b === 0x7f) return undefined;
    if (b === 0x81 || b === 0x8d || b === 0x8f || b === 0x90 || b === 0x9d) return undefined;
  }
  if (size > maxDocument || 10 * high > 3 * bytes.length) return undefined;
  return new TextDecoder("windows-1252").decode(bytes);
}

/** Whether bytes that are no UTF-8 look like text all the same: UTF-16 with its mark, or no control characters. */
function isForeign(bytes: Uint8Array): boolean {
  if (bytes.length < 2) return false;
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (mark === 0xfffe || mark === 0xfeff) return true;
  let odd = 0;
  const head = bytes.subarray(0, 4096);
  for (const b of head) if ((b < 0x20 && (b < 9 || b > 13) && b !== 0x1b) || b === 0x7f) odd++;
  let high = 0;
  for (const b of head) if (b >= 0x80) high++;
  return odd === 0 && high < head.length / 2;
}

/** Whether a failed read may pass by itself: the project is not there yet. */
export function passes(error: unknown): boolean {
  return isKind(error, "unavailable") || isKind(error, "offline");
}
