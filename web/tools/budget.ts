// The first load's budget: a Vite plugin that fails the build when the script
// that every page needs is larger than it may be.
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** The largest first load, in bytes of gzipped script (EXPERIENCE.md). */
export const firstLoad = 250_000;

export interface Chunk {
  isEntry: boolean;
  imports: string[];
  code: string;
}

/** The chunks that the entries need before anything shows: they and their static imports. */
export function needed(chunks: Map<string, Chunk>): Set<string> {
  const seen = new Set<string>();
  const visit = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const i of chunks.get(name)?.imports ?? []) visit(i);
  };
  for (const [name, c] of chunks) if (c.isEntry) visit(name);
  return seen;
}

export function budget(): Plugin {
  return {
    name: "lyceum-budget",
    apply: "build",
    generateBundle(_, bundle) {
      const chunks = new Map<string, Chunk>();
      for (const b of Object.values(bundle)) if (b.type === "chunk") chunks.set(b.fileName, b);
      let bytes = 0;
      for (const name of needed(chunks)) bytes += gzipSync(chunks.get(name)?.code ?? "").length;
      const text = `first load: ${(bytes / 1000).toFixed(0)} kB of script gzipped, of ${firstLoad / 1000} kB`;
      if (bytes > firstLoad) this.error(`${text}: load something when it is first used`);
      this.info(text);
    },
  };
}
