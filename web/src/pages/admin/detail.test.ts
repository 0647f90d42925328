import { expect, test } from "vitest";
import { detailText } from "./detail";

test("details stand in one line", () => {
  expect(detailText(undefined)).toBe("");
  expect(detailText({ name: "Waves", uses: 3, people: ["ada"] })).toBe(
    'name: Waves, uses: 3, people: ["ada"]',
  );
});
