/** Bytes on a row. */
export const perRow = 16;

/** A byte as two digits. */
export function hexOf(b: number): string {
  return b.toString(16).padStart(2, "0");
}

/** A byte as a letter; a dot where ASCII has none. */
export function letterOf(b: number): string {
  return b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : "\u00b7";
}

/** An offset in a file of a size, with as many digits as the last one needs. */
export function offsetOf(at: number, size: number): string {
  return at.toString(16).padStart(Math.max(8, size.toString(16).length), "0");
}

/** What a person types to say where: "1f4", "0x1F4", "500d" or "500 dec" for decimal. Undefined when it is none. */
export function readOffset(text: string): number | undefined {
  const s = text.trim().toLowerCase().replaceAll("_", "");
  const decimal = /^(\d+) ?(d|dec)$/.exec(s)?.[1];
  const value = decimal !== undefined ? Number(decimal) : hex(s);
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}

function hex(s: string): number | undefined {
  const digits = /^(?:0x)?([0-9a-f]{1,14})$/.exec(s)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/**
 * What is looked for: bytes when it is pairs of hexadecimal digits ("de ad be ef",
 * "0xdeadbeef"), else the text in UTF-8. Text in quotes is text.
 */
export function readNeedle(text: string): Uint8Array {
  const s = text.trim();
  const quoted = /^"(.+)"$/.exec(s)?.[1];
  const pairs = s.replace(/^0x/i, "").replaceAll(/\s+/g, "");
  if (quoted === undefined && /^([0-9a-f]{2})+$/i.test(pairs)) {
    return Uint8Array.from(pairs.match(/../g) ?? [], (p) => Number.parseInt(p, 16));
  }
  return new TextEncoder().encode(quoted ?? s);
}

/** Where the needle is in the hay from a place on; -1 when it is not. */
export function indexOf(hay: Uint8Array, needle: Uint8Array, from: number): number {
  const [first] = needle;
  if (first === undefined) return -1;
  for (let at = hay.indexOf(first, from); at >= 0; at = hay.indexOf(first, at + 1)) {
    if (at + needle.length > hay.length) return -1;
    let n = 1;
    while (n < needle.length && hay[at + n] === needle[n]) n++;
    if (n === needle.length) return at;
  }
  return -1;
}
