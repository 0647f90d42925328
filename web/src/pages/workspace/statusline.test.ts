import { describe, expect, test } from "vitest";
import type { DocumentState } from "../../sync/document";
import { filesOf } from "./people";
import { savedText, saveState } from "./statusline";

const live: DocumentState = {
  path: "a.py",
  connection: "live",
  synced: true,
  readOnly: false,
  waiting: 0,
  file: "clean",
  generation: 0,
};

describe("the state of a document", () => {
  test.each<[Partial<DocumentState>, string, string]>([
    [{}, "saved", "Saved"],
    [{ waiting: 3 }, "saving", "Saving…"],
    [{ file: "dirty" }, "saved", "Saved"],
    [{ connection: "connecting", synced: false }, "opening", "Connecting…"],
    [{ connection: "offline" }, "offline", "Offline"],
    [{ connection: "offline", waiting: 2 }, "offline", "Offline, 2 edits wait"],
    [{ connection: "paused", waiting: 1 }, "paused", "Not running, 1 edit waits"],
    [{ readOnly: true }, "reading", "Read only"],
    [{ problem: "the disk is full" }, "problem", "Not saved to the file"],
    [{ file: "error" }, "problem", "Not saved to the file"],
    [{ connection: "over", over: "deleted" }, "over", "Closed"],
    [{ connection: "over", over: "deleted", waiting: 4 }, "over", "Not saved, 4 edits wait"],
  ])("%j is %s", (change, state, text) => {
    const d = { ...live, ...change };
    expect(saveState(d)).toBe(state);
    expect(savedText(saveState(d), d.waiting)).toBe(text);
  });
});

test("filesOf names the files in which a person is", () => {
  const ada = { account: "a", name: "Ada", colour: 0 };
  const grace = { account: "g", name: "Grace", colour: 1 };
  const documents = [
    { path: "x.py", state: "clean" as const, viewers: [ada, grace] },
    { path: "y.py", state: "clean" as const, viewers: [grace] },
  ];
  expect(filesOf(documents, "g")).toEqual(["x.py", "y.py"]);
  expect(filesOf(documents, "a")).toEqual(["x.py"]);
  expect(filesOf(documents, "nobody")).toEqual([]);
});
