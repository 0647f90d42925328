import { expect, test } from "vitest";
import { type Chunk, needed } from "./budget.ts";

test("the first load is the entries and their static imports", () => {
  const chunk = (isEntry: boolean, ...imports: string[]): Chunk => ({ isEntry, imports, code: "" });
  const chunks = new Map([
    ["main", chunk(true, "react", "ui")],
    ["ui", chunk(false, "react")],
    ["react", chunk(false, "ui")],
    ["workspace", chunk(false, "react", "editor")],
    ["editor", chunk(false)],
  ]);
  expect([...needed(chunks)].sort()).toEqual(["main", "react", "ui"]);
});
