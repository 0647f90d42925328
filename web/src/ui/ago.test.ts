import { expect, test } from "vitest";
import { ago, size, span } from "./ago";

const now = Date.parse("2026-05-01T12:00:00Z");

test.each([
  ["2026-05-01T11:59:30Z", "just now"],
  ["2026-05-01T11:59:00Z", "1 minute ago"],
  ["2026-05-01T09:00:00Z", "3 hours ago"],
  ["2026-04-30T11:00:00Z", "yesterday"],
  ["2026-04-20T12:00:00Z", "last week"],
  ["2026-05-08T12:00:01Z", "next week"],
  ["2024-01-01T00:00:00Z", "2 years ago"],
  ["not a date", ""],
])("ago(%s)", (at, want) => {
  expect(ago(at, now)).toBe(want);
});

test.each([
  [3600, "1 hour"],
  [5400, "90 minutes"],
  [172_800, "2 days"],
])("span(%i)", (seconds, want) => {
  expect(span(seconds)).toBe(want);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1500, "1.5 kB"],
  [123_456_789, "123 MB"],
  [2_100_000_000, "2.1 GB"],
])("size(%i)", (bytes, want) => {
  expect(size(bytes)).toBe(want);
});
