import { expect, test } from "vitest";
import type { Version } from "../../../api/history";
import { dayOf, sizeOf, titleOf, wayOf } from "./say";

const base: Version = {
  seq: 9,
  first: 2,
  at: "2026-11-27T10:00:00Z",
  until: "2026-11-27T10:20:00Z",
  origin: "edit",
  by: [
    { id: "a", name: "Ada" },
    { id: "g", name: "" },
  ],
  edits: 8,
  added: 1200,
  removed: 3,
};

test.each<[Partial<Version>, string]>([
  [{}, "Ada and Somebody who left"],
  [{ by: [{ id: "a", name: "Ada" }] }, "Ada"],
  [{ by: [] }, "Edited"],
  [{ origin: "begin" }, "As it was at first"],
  [{ origin: "disk", by: [] }, "Changed on the disk"],
  [{ origin: "disk", by: [], commit: { id: "abc", subject: "Deepen" } }, "Deepen"],
  [{ origin: "restore", by: [{ id: "a", name: "Ada" }] }, "Ada brought back an older version"],
])("a version says how it came about: %j", (more, want) => {
  expect(wayOf({ ...base, ...more })).toBe(want);
  expect(titleOf({ ...base, ...more, name: "Sent" })).toBe("Sent");
});

test("what came and went is told, and what did not is not", () => {
  expect(sizeOf(base)).toBe("+1,200 −3");
  expect(sizeOf({ ...base, added: 0 })).toBe("−3");
  expect(sizeOf({ ...base, added: 0, removed: 0 })).toBe("");
});

test("days have names when they are near", () => {
  const now = new Date(2026, 10, 27, 12).getTime();
  const at = (day: number) => new Date(2026, 10, day, 9).toISOString();
  expect(dayOf(at(27), now)).toBe("Today");
  expect(dayOf(at(26), now)).toBe("Yesterday");
  expect(dayOf(at(3), now)).toBe("Nov 3, 2026");
});
