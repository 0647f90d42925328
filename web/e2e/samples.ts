// Files that the journeys look at, made byte by byte.
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";

/** What a PDF has besides its pages. */
type PDFExtras = {
  /** Chapters of its outline, and the pages that they lead to; each is in the one before it where deep says so. */
  chapters?: { title: string; page: number; deep?: boolean }[];
  /** Without it the file cannot be read. */
  password?: string;
};

/** A PDF with pages of one line of text, a link that leads out, and a script that would run when it is opened. */
export function pdf(pages: number, { chapters = [], password }: PDFExtras = {}): Buffer {
  const objects: string[] = ["", "", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"];
  const lock = password === undefined ? undefined : new Lock(password);
  const kids: string[] = [];
  for (let i = 1; i <= pages; i++) {
    const text = `BT /F1 24 Tf 72 700 Td (This is page ${i} of the tides) Tj ET`;
    const hidden = lock?.close(objects.length + 1, text) ?? text;
    objects.push(`<< /Length ${text.length} >>\nstream\n${hidden}\nendstream`);
    const link =
      i === 1 && !lock
        ? "/Annots [<< /Type /Annot /Subtype /Link /Rect [72 690 300 730] /Border [0 0 0] /A << /S /URI /URI (https://example.org/tides) >> >>]"
        : "";
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${objects.length} 0 R /Resources << /Font << /F1 4 0 R >> >> ${link} >>`,
    );
    kids.push(`${objects.length} 0 R`);
  }
  const outline = outlineOf(chapters, kids, objects);
  const script = lock ? "" : " /OpenAction 3 0 R";
  objects[0] = `<< /Type /Catalog /Pages 2 0 R${script}${outline} >>`;
  objects[1] = `<< /Type /Pages /Kids [${kids.join(" ")}] /Count ${pages} >>`;
  objects[2] = lock ? "null" : "<< /S /JavaScript /JS (app.alert\\('no'\\);) >>";
  if (lock) objects.push(lock.dictionary);
  let out = "%PDF-1.4\n";
  const places = objects.map((o, i) => {
    const at = out.length;
    out += `${i + 1} 0 obj\n${o}\nendobj\n`;
    return at;
  });
  const at = out.length;
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const p of places) out += `${String(p).padStart(10, "0")} 00000 n \n`;
  const locked = lock ? ` /Encrypt ${objects.length} 0 R /ID [<${lock.id}> <${lock.id}>]` : "";
  out += `trailer << /Size ${objects.length + 1} /Root 1 0 R${locked} >>\nstartxref\n${at}\n%%EOF\n`;
  return Buffer.from(out, "latin1");
}

/** Adds the objects of an outline of two levels; returns what the catalogue says of it. */
function outlineOf(
  chapters: NonNullable<PDFExtras["chapters"]>,
  kids: readonly string[],
  objects: string[],
): string {
  if (chapters.length === 0) return "";
  const root = objects.length + 1;
  const number = (i: number) => `${root + 1 + i} 0 R`;
  const top = chapters.flatMap((c, i) => (c.deep ? [] : [i]));
  const below = (i: number) => {
    const next = chapters.findIndex((c, n) => n > i && !c.deep);
    return chapters.flatMap((c, n) => (n > i && (next < 0 || n < next) && c.deep ? [n] : []));
  };
  const ends = (list: readonly number[]) =>
    list.length === 0 ? "" : `/First ${number(list[0] ?? 0)} /Last ${number(list.at(-1) ?? 0)}`;
  objects.push(`<< /Type /Outlines ${ends(top)} /Count ${top.length} >>`);
  for (const [i, c] of chapters.entries()) {
    const over = top.findLast((n) => n < i) ?? 0;
    const row = c.deep ? below(over) : top;
    const beside = (by: number) => row[row.indexOf(i) + by];
    const [before, after] = [beside(-1), beside(1)];
    const inner = c.deep ? [] : below(i);
    objects.push(
      [
        `<< /Title (${c.title}) /Parent ${c.deep ? number(over) : `${root} 0 R`}`,
        `/Dest [${kids[c.page - 1]} /Fit] ${ends(inner)} ${inner.length > 0 ? `/Count ${inner.length}` : ""}`,
        before === undefined ? "" : `/Prev ${number(before)}`,
        after === undefined ? "" : `/Next ${number(after)}`,
        ">>",
      ].join(" "),
    );
  }
  return ` /Outlines ${root} 0 R`;
}

/** The standard security handler of PDF 1.4, revision 2 (ISO 32000-1, 7.6.3): RC4 with 40 bits. */
class Lock {
  readonly id = "00112233445566778899aabbccddeeff";
  readonly #key: Buffer;
  readonly dictionary: string;

  constructor(password: string) {
    const filling = Buffer.from("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a", "hex");
    const padded = Buffer.concat([Buffer.from(password, "latin1"), filling]).subarray(0, 32);
    const owner = rc4(md5(padded).subarray(0, 5), padded);
    const rights = Buffer.alloc(4);
    rights.writeInt32LE(-4);
    this.#key = md5(padded, owner, rights, Buffer.from(this.id, "hex")).subarray(0, 5);
    const user = rc4(this.#key, filling);
    this.dictionary = `<< /Filter /Standard /V 1 /R 2 /O <${owner.toString("hex")}> /U <${user.toString("hex")}> /P -4 >>`;
  }

  /** The text of an object, so that it cannot be read without the password. */
  close(object: number, text: string): string {
    const number = Buffer.alloc(5); // three bytes of it, two of its generation
    number.writeUIntLE(object, 0, 3);
    return rc4(md5(this.#key, number).subarray(0, 10), Buffer.from(text, "latin1")).toString("latin1");
  }
}

function md5(...parts: Buffer[]): Buffer {
  return createHash("md5").update(Buffer.concat(parts)).digest();
}

/** RC4, which the libraries have given up for good reasons. */
function rc4(key: Buffer, text: Buffer): Buffer {
  const s = Uint8Array.from({ length: 256 }, (_, i) => i);
  const swap = (a: number, b: number) => {
    [s[a], s[b]] = [s[b] ?? 0, s[a] ?? 0];
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + (s[i] ?? 0) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  let i = 0;
  let j = 0;
  return Buffer.from(
    text.map((byte) => {
      i = (i + 1) & 255;
      j = (j + (s[i] ?? 0)) & 255;
      swap(i, j);
      return byte ^ (s[((s[i] ?? 0) + (s[j] ?? 0)) & 255] ?? 0);
    }),
  );
}

/** A GIF of one colour, frame after frame: a few kilobytes for millions of pixels. */
export function gif(width: number, height: number, frames: number): Buffer {
  const size = (tag: number[]) => {
    const b = Buffer.from([...tag, 0, 0, 0, 0]);
    b.writeUInt16LE(width, tag.length);
    b.writeUInt16LE(height, tag.length + 2);
    return b;
  };
  const coded = zeros(width * height);
  const blocks: Buffer[] = [Buffer.from([2])];
  for (let i = 0; i < coded.length; i += 255) {
    const block = coded.subarray(i, i + 255);
    blocks.push(Buffer.from([block.length]), block);
  }
  const frame = Buffer.concat([
    Buffer.from([0x21, 0xf9, 4, 4, 2, 0, 0, 0]), // shown for 20 ms
    size([0x2c, 0, 0, 0, 0]),
    Buffer.from([0]),
    ...blocks,
    Buffer.from([0]),
  ]);
  return Buffer.concat([
    Buffer.from("GIF89a"),
    size([]),
    Buffer.from([0x91, 0, 0, ...[30, 60, 90], ...Array.from({ length: 9 }, () => 255)]),
    Buffer.from([0x21, 0xff, 11, ...Buffer.from("NETSCAPE2.0"), 3, 1, 0, 0, 0]),
    ...Array.from({ length: frames }, () => frame),
    Buffer.from([0x3b]),
  ]);
}

/** So many zeros in the LZW of GIF, two bits a pixel. */
function zeros(count: number): Buffer {
  const [clear, end, first] = [4, 5, 6];
  const out: number[] = [];
  let bits = 0;
  let held = 0;
  let next = first; // the code that the reader defines next
  let fresh = true;
  const emit = (code: number) => {
    const wide = Math.max(3, Math.min(12, 32 - Math.clz32(next)));
    held |= code << bits;
    for (bits += wide; bits >= 8; bits -= 8) {
      out.push(held & 255);
      held >>>= 8;
    }
    if (code === clear) [next, fresh] = [first, true];
    else if (fresh) fresh = false;
    else next = Math.min(4096, next + 1);
  };
  emit(clear);
  for (let left = count; left > 0; ) {
    // The code of the longest run that there is: one more than the last.
    const run = Math.min(left, fresh ? 1 : next - first + 2);
    emit(run === 1 ? 0 : run - 2 + first);
    left -= run;
    if (next === 4096 && left > 0) emit(clear);
  }
  emit(end);
  if (bits > 0) out.push(held & 255);
  return Buffer.from(out);
}

/** A grey TIFF without compression; compression says another one than it has (6 is one that nobody knows now). */
export function tiff(width: number, height: number, compression = 1): Buffer {
  const tags: [tag: number, kind: 3 | 4, value: number][] = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, 8],
    [259, 3, compression],
    [262, 3, 1],
    [273, 4, 8],
    [277, 3, 1],
    [278, 4, height],
    [279, 4, width * height],
  ];
  const pixels = Buffer.alloc(width * height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = i % 251;
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length);
  for (const [i, [tag, kind, value]] of tags.entries()) {
    const at = 2 + i * 12;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(kind, at + 2);
    directory.writeUInt32LE(1, at + 4);
    directory.writeUInt32LE(value, at + 8);
  }
  const head = Buffer.from("II*\0\0\0\0\0", "latin1");
  head.writeUInt32LE(8 + pixels.length, 4);
  return Buffer.concat([head, pixels, directory]);
}

/** An AVIF of two by two pixels, which no browser can make. */
export const avif = Buffer.from(
  "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAAB0AAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAAIAAAACAAAAEHBpeGkAAAAAAwgICAAAAAxhdjFDgQ0MAAAAABNjb2xybmNseAACAAIAAYAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAACVtZGF0EgAKCBgANogQEAwgMg8f8D///8WfhwB8+ErK42A=",
  "base64",
);

function crc(bytes: Buffer): number {
  let c = ~0;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

/** A PNG; claim says another size in its header, paint a pixel's grey (0 to 255), black without it. */
export function png(
  width: number,
  height: number,
  claim = { width, height },
  paint: (x: number, y: number) => number = () => 0,
): Buffer {
  const chunk = (kind: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length);
    ends.writeUInt32BE(crc(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(claim.width);
  head.writeUInt32BE(claim.height, 4);
  head[8] = 8;
  // Each row begins with its filter, which is none.
  const pixels = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels[y * (width + 1) + x + 1] = paint(x, y);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(pixels)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A second of silence. */
export function wav(): Buffer {
  const head = Buffer.alloc(44);
  head.write("RIFF");
  head.writeUInt32LE(36 + 8000, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(8000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(8000, 40);
  return Buffer.concat([head, Buffer.alloc(8000, 128)]);
}
