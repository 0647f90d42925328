import { expect, test } from "vitest";
import { Tally } from "./tally";

test("edits wait until a message that holds them is called saved", () => {
  const t = new Tally();
  t.edited();
  t.sent(); // 1: all that there was
  t.edited();
  t.sent();
  t.edited(); // not sent yet
  expect([t.waiting, t.attached, t.calm]).toEqual([3, true, false]);
  t.saved(1);
  expect([t.waiting, t.calm]).toEqual([2, false]);
  t.saved(2);
  expect([t.waiting, t.calm]).toEqual([1, true]);
});

test("what a connection did not call saved waits for the next one, whose messages are counted anew", () => {
  const t = new Tally();
  t.edited();
  t.sent();
  t.edited();
  t.sent();
  t.saved(1);
  t.disconnected();
  expect([t.waiting, t.attached]).toEqual([1, false]);
  t.saved(2); // of the connection that is gone
  expect(t.waiting).toBe(1);
  t.sent();
  t.saved(1);
  expect(t.waiting).toBe(0);
});

test("edits of other tabs count as waiting and not as one's own", () => {
  const t = new Tally();
  t.edited();
  t.borrow(3);
  t.edited();
  expect([t.waiting, t.own, t.settled]).toEqual([5, 2, false]);
  t.sent();
  t.saved(1);
  expect([t.waiting, t.own, t.settled]).toEqual([0, 0, true]);
});
