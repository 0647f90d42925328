import { describe, expect, test, vi } from "vitest";
import { keyCaps, matches, Registry } from "./action";

function key(k: string, more: KeyboardEventInit = {}): KeyboardEvent {
  return new KeyboardEvent("keydown", { key: k, cancelable: true, bubbles: true, ...more });
}

test.each([
  ["Mod+K", { key: "k", ctrlKey: true }, false, true],
  ["Mod+K", { key: "k", metaKey: true }, true, true],
  ["Mod+K", { key: "k", ctrlKey: true }, true, false],
  ["Mod+K", { key: "K", ctrlKey: true, shiftKey: true }, false, false],
  ["Mod+Shift+K", { key: "K", ctrlKey: true, shiftKey: true }, false, true],
  ["n", { key: "n" }, false, true],
  ["n", { key: "n", altKey: true }, false, false],
  ["?", { key: "?", shiftKey: true }, false, true],
  ["?", { key: "?" }, false, true],
  ["Mod++", { key: "+", ctrlKey: true }, false, true],
  ["Escape", { key: "Escape" }, false, true],
] as const)("%s is %j (mac %s): %s", (keys, event, mac, want) => {
  const e = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...event };
  expect(matches(e, keys, mac)).toBe(want);
});

describe("the registry", () => {
  const action = (id: string, run: () => void, more = {}) => ({ id, label: id, group: "g", run, ...more });

  test("a key runs the action that was offered last, if it can be done", () => {
    const r = new Registry();
    const [first, second] = [vi.fn(), vi.fn()];
    r.add([action("a", first, { keys: "n" })]);
    let can = true;
    const remove = r.add([action("b", second, { keys: "n", when: () => can })]);
    expect(r.press(key("n"), false)).toBe(true);
    can = false;
    expect(r.press(key("n"), false)).toBe(true);
    can = true;
    remove();
    r.press(key("n"), false);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([2, 1]);
  });

  test("a plain key is text where text is typed", () => {
    const r = new Registry();
    const run = vi.fn();
    r.add([action("a", run, { keys: "n" }), action("b", run, { keys: "Mod+K" })]);
    const input = document.body.appendChild(document.createElement("input"));
    input.addEventListener("keydown", (e) => r.press(e, false));
    input.dispatchEvent(key("n"));
    expect(run).not.toHaveBeenCalled();
    input.dispatchEvent(key("k", { ctrlKey: true }));
    expect(run).toHaveBeenCalledOnce();
    input.remove();
  });

  test("two keys one after the other", () => {
    const r = new Registry();
    const run = vi.fn();
    let here = true;
    r.add([action("a", run, { keys: "d d", heard: () => here })]);
    expect(r.press(key("d"), false)).toBe(true);
    expect(run).not.toHaveBeenCalled();
    expect(r.press(key("x"), false)).toBe(false);
    r.press(key("d"), false);
    expect(run).not.toHaveBeenCalled();
    r.press(key("d"), false);
    expect(run).toHaveBeenCalledOnce();
    here = false;
    expect(r.press(key("d"), false)).toBe(false);
  });

  test("a key that somebody used already is left alone", () => {
    const r = new Registry();
    r.add([action("a", vi.fn(), { keys: "n" })]);
    const e = key("n");
    e.preventDefault();
    expect(r.press(e, false)).toBe(false);
  });

  test("a later action of the same name covers the earlier one", () => {
    const r = new Registry();
    r.add([action("a", vi.fn(), { label: "first" })]);
    const remove = r.add([action("a", vi.fn(), { label: "second" })]);
    expect(r.now().map((a) => a.label)).toEqual(["second"]);
    remove();
    expect(r.now().map((a) => a.label)).toEqual(["first"]);
  });
});

test.each([
  ["Mod+Shift+P", false, ["Ctrl", "Shift", "P"]],
  ["Mod+K", true, ["⌘", "K"]],
  ["?", false, ["?"]],
  ["d d", false, ["D", "D"]],
])("keyCaps(%s, %s)", (keys, mac, want) => {
  expect(keyCaps(keys, mac)).toEqual(want);
});
