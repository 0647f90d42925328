import { expect, test } from "vitest";
import { importsOf, judge } from "./layers.ts";

test.each([
  ["pages/projects/list.tsx", "../../ui/button", undefined],
  ["pages/projects/list.tsx", "./row", undefined],
  ["app/routes.tsx", "../pages/sign-in", undefined],
  ["main.tsx", "./app", undefined],
  ["ui/button.tsx", "../words", undefined],
  ["ui/button.tsx", "../api/fetch", "ui/button.tsx: ui must not import api"],
  ["editors/text/index.tsx", "../../pages/projects", "editors/text/index.tsx: editors must not import pages"],
  ["sync/document.ts", "react", "sync/document.ts: sync must not import react"],
  ["ui/button.tsx", "react", undefined],
  ["helpers/x.ts", "./y", "helpers/x.ts: the room helpers is not in tools/layers.ts"],
])("%s importing %s", (from, name, want) => {
  expect(judge(from, name)).toBe(want);
});

test("importsOf finds each form", () => {
  const text = `import a from "./a";\nimport "./b.css";\nexport * from "./c";\nconst d = () => import("./d");\nimport type { E } from "./e";`;
  expect(importsOf(text)).toEqual(["./a", "./b.css", "./c", "./d", "./e"]);
});
