// pdf.js with everything that it needs from our own origin. What is in a PDF stays
// data: no scripts, no forms that act, no code made from text; and its worker is a file of the app.
import * as pdfjs from "pdfjs-dist";
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";

pdfjs.GlobalWorkerOptions.workerSrc = workerUrl;

// pdf_viewer looks for the library there.
Object.assign(globalThis, { pdfjsLib: pdfjs });

const cmaps = import.meta.glob<string>("/node_modules/pdfjs-dist/cmaps/*.bcmap", {
  query: "?url",
  import: "default",
});
const fonts = import.meta.glob<string>("/node_modules/pdfjs-dist/standard_fonts/*.{pfb,ttf}", {
  query: "?url",
  import: "default",
});

/** Fetches the tables and fonts that a PDF refers to but does not hold. */
class Own {
  async fetch({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> {
    const list = kind === "cMapUrl" ? cmaps : kind === "standardFontDataUrl" ? fonts : {};
    const find = Object.entries(list).find(([name]) => name.endsWith(`/${filename}`))?.[1];
    if (!find) throw new Error(`there is no ${filename}`);
    const answer = await fetch(await find());
    return new Uint8Array(await answer.arrayBuffer());
  }
}

/** Opens a PDF by its bytes, or by its address: then only the parts that are looked at are read. */
export function openPDF(from: string | Uint8Array) {
  return pdfjs.getDocument({
    ...(typeof from === "string" ? { url: from } : { data: from }),
    rangeChunkSize: 1 << 17,
    disableAutoFetch: true,
    disableStream: true,
    enableXfa: false,
    // WebAssembly would need a weaker policy of the app; without it some scans are not drawn.
    useWasm: false,
    useWorkerFetch: false,
    maxImageSize: 64_000_000,
    cMapUrl: "cmaps/",
    standardFontDataUrl: "fonts/",
    BinaryDataFactory: Own,
    verbosity: 0,
  });
}

export { pdfjs };
