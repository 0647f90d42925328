import { expect, test } from "vitest";
import { detailText, objectText } from "./detail";

const id = "60d21fdc-4c37-4257-a8bb-1f2d93d0174b";

test.each([
  [undefined, ""],
  [{ name: "Waves", uses: 3, people: ["ada"] }, 'name: Waves, uses: 3, people: ["ada"]'],
  [{ account: "", email: null, project: id }, "project: 60d21fdc…"],
])("detailText(%j)", (detail, want) => {
  expect(detailText(detail)).toBe(want);
});

test.each([
  [`project:${id}`, "project 60d21fdc…"],
  ["settings", "settings"],
  [undefined, ""],
])("objectText(%j)", (object, want) => {
  expect(objectText(object)).toBe(want);
});
