// Holds the layers of src/: imports point down, and what must not know React
// does not. Run by `npm run check`; prints each import that is wrong.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** The rooms of src/, lowest first; rooms of one line do not import each other. */
const lines = [["words"], ["api", "sync", "jupyter", "ui"], ["editors"], ["pages"], ["app"], ["main"]];
const withoutReact = ["words", "sync", "jupyter"];

const level = new Map(lines.flatMap((rooms, i) => rooms.map((room) => [room, i] as const)));

/** The room of a path relative to src/: "ui/button.tsx" is in ui, "words.ts" in words. */
export function roomOf(path: string): string {
  return path.replace(/\.[a-z.]+$/, "").split("/")[0] ?? "";
}

/** What is wrong with an import of the module `name` by the file `from` (both relative to src/). */
export function judge(from: string, name: string): string | undefined {
  const room = roomOf(from);
  const mine = level.get(room);
  if (mine === undefined) return `${from}: the room ${room} is not in tools/layers.ts`;
  if (!name.startsWith(".")) {
    const react = /^(react|react-dom|@tanstack\/react-)/.test(name);
    return react && withoutReact.includes(room) ? `${from}: ${room} must not import ${name}` : undefined;
  }
  const target = roomOf(relative("/src", resolve("/src", dirname(from), name)));
  const theirs = level.get(target);
  if (theirs === undefined) return `${from}: imports ${name}, which is in no room`;
  if (target !== room && theirs >= mine) return `${from}: ${room} must not import ${target}`;
  return undefined;
}

/** The names that a module's text imports, in every form that Vite understands. */
export function importsOf(text: string): string[] {
  const form = /(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)"([^"]+)"/g;
  return [...text.matchAll(form)].flatMap((m) => (m[1] === undefined ? [] : [m[1]]));
}

function main() {
  const src = join(import.meta.dirname, "..", "src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => /\.tsx?$/.test(f));
  const wrong = files.flatMap((file) =>
    importsOf(readFileSync(join(src, file), "utf8")).flatMap((name) => judge(file, name) ?? []),
  );
  for (const w of wrong) console.error(`layers: ${w}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) main();
