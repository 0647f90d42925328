import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { holdKeys } from "./ahead";

/** Types as a person does: what the page does not take goes into the field that has the focus. */
function types(...keys: (string | KeyboardEventInit)[]): void {
  for (const k of keys) {
    const init = typeof k === "string" ? { key: k } : k;
    const e = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init });
    const at = document.activeElement ?? document.body;
    at.dispatchEvent(e);
    if (!e.defaultPrevented && at instanceof HTMLInputElement && init.key?.length === 1 && !init.ctrlKey)
      at.value += init.key;
  }
}
const settled = () => new Promise((done) => setTimeout(done, 0));

describe("keys that are typed before what they are for is there", () => {
  let before: HTMLInputElement;
  let field: HTMLInputElement;
  beforeEach(() => {
    document.body.innerHTML =
      '<input id="before"><form><input id="field"></form><div role="dialog"><input id="asked"></div>';
    const at = (id: string) => {
      const el = document.getElementById(id);
      if (!(el instanceof HTMLInputElement)) throw new Error(`there is no ${id}`);
      return el;
    };
    [before, field] = [at("before"), at("field")];
    before.focus();
  });
  afterEach(() => {
    vi.useRealTimers();
    holdKeys().drop();
  });

  test("go there, in their order, and not where the focus was", async () => {
    holdKeys("#field");
    types("a", "b", { key: "Shift" }, "C");
    expect(before.value).toBe("");
    field.focus();
    await settled();
    types("d");
    expect(field.value).toBe("abCd");
    expect(before.value).toBe("");
  });

  test("are not held where the focus is there already", async () => {
    field.focus();
    holdKeys("#field");
    await settled();
    types("a");
    expect(field.value).toBe("a");
  });

  test("submit the form, and are heard by whoever listens", async () => {
    const sent = vi.fn((e: Event) => e.preventDefault());
    field.form?.addEventListener("submit", sent);
    const heard: string[] = [];
    field.addEventListener("keydown", (e) => heard.push(e.key));
    const typed = holdKeys();
    types("x", "ArrowLeft", "Enter");
    field.focus();
    typed.arrived();
    await settled();
    expect(heard).toEqual(["x", "ArrowLeft", "Enter"]);
    expect(sent).toHaveBeenCalledOnce();
  });

  test("go on to what is asked for next, by the page or by one of the keys", async () => {
    const first = holdKeys();
    types("a");
    holdKeys("#field");
    types("b");
    first.arrived(); // too late to count
    field.focus();
    await settled();
    expect(field.value).toBe("ab");

    // The one in the middle asks for another field.
    before.addEventListener("keydown", (e) => {
      if (e.key !== "Enter") return;
      e.preventDefault();
      holdKeys("#asked");
    });
    before.focus();
    const typed = holdKeys();
    types("1", "Enter", "2");
    typed.arrived();
    await settled();
    expect(before.value).toBe("1");
    document.getElementById("asked")?.focus();
    await settled();
    expect((document.getElementById("asked") as HTMLInputElement).value).toBe("2");
  });

  test.each([
    ["Escape", () => types("Escape")],
    ["the pointer", () => window.dispatchEvent(new Event("pointerdown"))],
    [
      "a dialog that opens meanwhile",
      () => {
        document.getElementById("asked")?.focus();
        types("y");
      },
    ],
    ["fifteen seconds", () => vi.advanceTimersByTime(15_000)],
    ["whoever asked", (drop: () => void) => drop()],
  ])("are dropped by %s, and the next key is for what has the focus", (_, end) => {
    vi.useFakeTimers();
    const typed = holdKeys("#field");
    types("x");
    end(() => typed.drop());
    before.focus();
    types("z");
    field.focus();
    expect([before.value, field.value]).toEqual(["z", ""]);
  });

  test("leave the browser's keys and the clipboard's alone, and shortcuts that nothing was typed before", () => {
    holdKeys("#field");
    const passes = (init: KeyboardEventInit) => {
      const e = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init });
      before.dispatchEvent(e);
      return !e.defaultPrevented;
    };
    expect(passes({ key: "k", ctrlKey: true })).toBe(true);
    expect(passes({ key: "x" })).toBe(false);
    expect(passes({ key: "k", ctrlKey: true })).toBe(false);
    expect(passes({ key: "v", ctrlKey: true })).toBe(true);
    expect(passes({ key: "F5" })).toBe(true);
  });
});
