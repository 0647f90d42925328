import { expect, test } from "vitest";
import { find } from "./match";

const labels = [
  "New project",
  "Open project settings",
  "Sign out",
  "Switch to the dark theme",
  "Show all projects",
];

test.each([
  ["np", ["New project", "Open project settings"]],
  ["sign", ["Sign out"]],
  ["dark", ["Switch to the dark theme"]],
  ["project", ["New project", "Open project settings", "Show all projects"]],
  ["PRÓJECT SET", ["Open project settings"]],
  ["zzz", []],
  ["", labels],
])("find %j", (query, want) => {
  const got = find(labels, query, (l) => l);
  if (query === "project") expect([...got].sort()).toEqual([...want].sort());
  else expect(got).toEqual(want);
});

test("the beginning of a word is better than its middle", () => {
  expect(find(["Unsigned", "Sign out"], "sig", (l) => l)).toEqual(["Sign out", "Unsigned"]);
});
