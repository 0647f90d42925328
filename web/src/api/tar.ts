// A tar archive made in the browser: how many small files go in one request.

/** A file or, without one, an empty folder. */
export type TarItem = { path: string; file?: File };

/** Bytes of an archive that an item takes, about. */
export function tarSize(item: TarItem): number {
  return 2048 + Math.ceil((item.file?.size ?? 0) / 512) * 512;
}

/** Writes an archive (POSIX.1-2017, pax interchange format). The files are read by whoever reads the blob. */
export function tarOf(items: readonly TarItem[]): Blob {
  const parts: BlobPart[] = [];
  for (const item of items) {
    const name = item.file ? item.path : `${item.path}/`;
    const size = item.file?.size ?? 0;
    const modified = Math.floor((item.file?.lastModified ?? Date.now()) / 1000);
    const extended = record("path", name);
    parts.push(header("pax", extended.length, modified, "x"), padded(extended));
    parts.push(header("item", size, modified, item.file ? "0" : "5"));
    if (item.file) parts.push(item.file, new Uint8Array((512 - (size % 512)) % 512));
  }
  parts.push(new Uint8Array(1024));
  return new Blob(parts, { type: "application/x-tar" });
}

/** A record of an extended header: its own length in decimal, then "key=value\n". */
function record(key: string, value: string): Uint8Array<ArrayBuffer> {
  const rest = new TextEncoder().encode(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  const out = new Uint8Array(length);
  out.set(new TextEncoder().encode(String(length)));
  out.set(rest, length - rest.length);
  return out;
}

function padded(b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.ceil(b.length / 512) * 512);
  out.set(b);
  return out;
}

function header(name: string, size: number, modified: number, type: string): Uint8Array<ArrayBuffer> {
  const b = new Uint8Array(512);
  const put = (at: number, s: string) => b.set(new TextEncoder().encode(s), at);
  const octal = (at: number, n: number, width: number) =>
    put(
      at,
      Math.max(0, n)
        .toString(8)
        .padStart(width - 1, "0"),
    );
  put(0, name);
  octal(100, type === "5" ? 0o777 : 0o666, 8);
  octal(108, 0, 8);
  octal(116, 0, 8);
  octal(124, size, 12);
  octal(136, modified, 12);
  put(148, "        ");
  put(156, type);
  put(257, "ustar\u000000");
  const sum = b.reduce((n, c) => n + c, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\u0000 `);
  return b;
}
