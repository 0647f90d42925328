import { expect, test } from "vitest";
import { type Act, Acts } from "./acts";

const came = (...paths: string[]): Act => ({ kind: "came", paths });
const trashed = (...paths: string[]): Act => ({
  kind: "trashed",
  items: paths.map((path) => ({ id: `t-${path}`, path })),
});

/** Takes back what came to be, and brings back what was taken. */
async function turn(a: Act): Promise<Act> {
  if (a.kind === "came") return trashed(...a.paths);
  if (a.kind === "trashed") return came(...a.items.map((i) => i.path));
  return { kind: "moved", pairs: a.pairs.map(({ from, to }) => ({ from: to, to: from })) };
}

test("the last act is undone first, and done again", async () => {
  const acts = new Acts();
  const turned: Act[] = [];
  const note = (a: Act) => {
    turned.push(a);
    return turn(a);
  };
  acts.did(came("a"));
  acts.did(trashed("b"));
  expect(await acts.undo(note)).toBe(true);
  expect(await acts.undo(note)).toBe(true);
  expect(await acts.undo(note)).toBe(false);
  expect(turned).toEqual([trashed("b"), came("a")]);
  expect(await acts.redo(note)).toBe(true);
  expect(turned.at(-1)).toEqual(trashed("a"));
  expect(await acts.undo(note)).toBe(true);
  expect(turned.at(-1)).toEqual(came("a"));
});

test("an act of before is undone by itself, and only once", async () => {
  const acts = new Acts();
  const first = trashed("a");
  acts.did(first);
  acts.did(came("b"));
  expect(await acts.undo(turn, first)).toBe(true);
  expect(await acts.undo(turn, first)).toBe(false);
  expect([acts.canUndo, acts.canRedo]).toEqual([true, true]);
});

test("one that cannot be undone is not in the way of those before it", async () => {
  const acts = new Acts();
  acts.did(came("a"));
  acts.did(came("b"));
  const refuse = () => Promise.reject(new Error("it is not there any more"));
  await expect(acts.undo(refuse)).rejects.toThrow("not there");
  expect(await acts.undo(turn)).toBe(true);
  expect(await acts.undo(turn)).toBe(false);
});

test("a new act ends what could be done again; twenty are kept", async () => {
  const acts = new Acts();
  acts.did(came("a"));
  await acts.undo(turn);
  acts.did(came("b"));
  expect(acts.canRedo).toBe(false);
  for (let i = 0; i < 30; i++) acts.did(came(`${i}`));
  let n = 0;
  while (await acts.undo(turn)) n++;
  expect(n).toBe(20);
});
