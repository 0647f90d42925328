// Files that the journeys look at, made byte by byte.
import { deflateSync } from "node:zlib";

/** A PDF with pages of one line of text, a link that leads out, and a script that would run when it is opened. */
export function pdf(pages: number): Buffer {
  const objects: string[] = ["", "", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"];
  const kids: string[] = [];
  for (let i = 1; i <= pages; i++) {
    const text = `BT /F1 24 Tf 72 700 Td (This is page ${i} of the tides) Tj ET`;
    objects.push(`<< /Length ${text.length} >>\nstream\n${text}\nendstream`);
    const link =
      i === 1
        ? "/Annots [<< /Type /Annot /Subtype /Link /Rect [72 690 300 730] /Border [0 0 0] /A << /S /URI /URI (https://example.org/tides) >> >>]"
        : "";
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${objects.length} 0 R /Resources << /Font << /F1 4 0 R >> >> ${link} >>`,
    );
    kids.push(`${objects.length} 0 R`);
  }
  objects[0] = "<< /Type /Catalog /Pages 2 0 R /OpenAction 3 0 R >>";
  objects[1] = `<< /Type /Pages /Kids [${kids.join(" ")}] /Count ${pages} >>`;
  objects[2] = "<< /S /JavaScript /JS (app.alert\\('no'\\);) >>";
  let out = "%PDF-1.4\n";
  const places = objects.map((o, i) => {
    const at = out.length;
    out += `${i + 1} 0 obj\n${o}\nendobj\n`;
    return at;
  });
  const at = out.length;
  out += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const p of places) out += `${String(p).padStart(10, "0")} 00000 n \n`;
  out += `trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`;
  return Buffer.from(out, "latin1");
}

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
