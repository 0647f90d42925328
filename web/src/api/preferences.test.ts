import { expect, test } from "vitest";
import { changed, preferencesOf } from "./preferences";

test.each([
  [undefined, { theme: "system", editorKeys: "default" }],
  [null, { theme: "system", editorKeys: "default" }],
  [["dark"], { theme: "system", editorKeys: "default" }],
  [
    { theme: "dark", editorKeys: "vim" },
    { theme: "dark", editorKeys: "vim" },
  ],
  [
    { theme: "pink", editorKeys: 3 },
    { theme: "system", editorKeys: "default" },
  ],
])("preferencesOf(%j)", (stored, want) => {
  expect(preferencesOf(stored)).toEqual(want);
});

test("a change keeps what this app does not know", () => {
  expect(changed({ later: 1, theme: "light" }, { theme: "dark" })).toEqual({ later: 1, theme: "dark" });
});
