// Keys that are typed after something was asked for and before it has the focus:
// a terminal that is being made, an editor that is being fetched. They are held, and
// typed there once it has it, so that whoever types fast loses nothing.

/** A wait for the focus. Only the latest counts; what an earlier one holds goes on to it. */
export type Hold = {
  /** What was asked for has the focus and takes keys: it is given what was typed. */
  arrived(): void;
  /** It does not come, or something else was begun: what was typed is not for that. */
  drop(): void;
};

/** Milliseconds for which keys are held at most. */
const most = 15_000;

/** What is in front of everything: keys in it are for it. */
const over = "[role=dialog],[role=alertdialog],[role=menu]";

class Wait implements Hold {
  readonly keys: KeyboardEvent[] = [];
  readonly until: string | undefined;
  readonly from = document.activeElement?.closest(over) ?? null;
  readonly timer = setTimeout(() => this.drop(), most);

  constructor(until: string | undefined) {
    this.until = until;
  }
  arrived(): void {
    if (current !== this) return;
    const keys = end();
    void give(keys);
  }
  drop(): void {
    if (current === this) end();
  }
}

let current: Wait | undefined;
/** What was held is typed now. */
let giving = false;

/**
 * Holds what is typed until the focus comes into what a selector says; or, without
 * one, until the caller says so. For fifteen seconds at most, and not once Escape is
 * pressed, the pointer is used, or a dialog opens meanwhile.
 */
export function holdKeys(until?: string): Hold {
  const next = new Wait(until);
  if (current) next.keys.push(...end());
  current = next;
  window.addEventListener("keydown", keydown, true);
  window.addEventListener("pointerdown", pointerdown, true);
  window.addEventListener("focusin", focusin);
  focusin();
  return next;
}

/** Ends the wait, and returns what it held. */
function end(): KeyboardEvent[] {
  const keys = current?.keys ?? [];
  clearTimeout(current?.timer);
  current = undefined;
  window.removeEventListener("keydown", keydown, true);
  window.removeEventListener("pointerdown", pointerdown, true);
  window.removeEventListener("focusin", focusin);
  return keys;
}

function keydown(e: KeyboardEvent): void {
  if (!current || giving || e.isComposing) return;
  const front = document.activeElement?.closest(over) ?? null;
  if (e.key === "Escape" || (front !== null && front !== current.from)) {
    end();
    return;
  }
  if (!isHeld(e, current.keys.length > 0)) return;
  e.preventDefault();
  e.stopImmediatePropagation();
  current.keys.push(e);
}

/** Keys that move and change, also with Ctrl. */
const moves = /^(Arrow|Page|Home|End|Backspace|Delete|Enter)/;

/**
 * Whether a key can be typed again later. Those of the browser and of the clipboard
 * cannot; a shortcut need not wait where nothing was typed before it.
 */
function isHeld(e: KeyboardEvent, behind: boolean): boolean {
  if (/^(Control|Shift|Alt|AltGraph|Meta|CapsLock|Dead|Process|Unidentified|F\d+)$/.test(e.key)) return false;
  if (isText(e) || !(e.ctrlKey || e.metaKey || e.altKey) || moves.test(e.key)) return true;
  return behind && !/^[rtwnlcvxq0+=-]$/i.test(e.key);
}

function isText(e: KeyboardEvent): boolean {
  const chord = (e.ctrlKey || e.metaKey || e.altKey) && !e.getModifierState("AltGraph");
  return [...e.key].length === 1 && !chord;
}

function pointerdown(): void {
  end();
}

function focusin(): void {
  const wait = current;
  if (wait?.until === undefined || document.activeElement?.closest(wait.until) == null) return;
  // Whoever gave it the focus first does with it what else is to be done: selects its text.
  queueMicrotask(() => wait.arrived());
}

/** Types what was held, a key after the other, each where the focus is then. */
async function give(keys: readonly KeyboardEvent[]): Promise<void> {
  for (const [i, key] of keys.entries()) {
    // One of them asked for something that takes the focus: the rest is for that.
    if (current) {
      current.keys.unshift(...keys.slice(i));
      return;
    }
    giving = true;
    press(document.activeElement ?? document.body, key);
    giving = false;
    await Promise.resolve(); // what it changed is drawn
  }
}

/** Presses a key as a browser would: what nobody takes is typed. */
export function press(at: Element, e: KeyboardEvent): void {
  const init = {
    key: e.key,
    code: e.code,
    location: e.location,
    repeat: e.repeat,
    ctrlKey: e.ctrlKey,
    shiftKey: e.shiftKey,
    altKey: e.altKey,
    metaKey: e.metaKey,
    keyCode: e.keyCode, // what the terminal goes by
    bubbles: true,
    cancelable: true,
    composed: true,
  };
  const text = isText(e) ? e.key : e.key === "Enter" && !(e.ctrlKey || e.metaKey || e.altKey) ? "\r" : "";
  const charCode = text.codePointAt(0) ?? 0;
  const taken =
    !at.dispatchEvent(new KeyboardEvent("keydown", init)) ||
    (text !== "" &&
      !at.dispatchEvent(new KeyboardEvent("keypress", { ...init, charCode, keyCode: charCode })));
  if (!taken) type(at, e.key, text);
  at.dispatchEvent(new KeyboardEvent("keyup", init));
}

/** What a browser does with a key that no one took. */
function type(at: Element, key: string, text: string): void {
  const field = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement ? at : undefined;
  if (text === "\r" && at instanceof HTMLInputElement) at.form?.requestSubmit();
  else if (text === "\r" && at instanceof HTMLButtonElement) at.click();
  else if (text === " " && at instanceof HTMLButtonElement) at.click();
  else if (text !== "") insert(field, text === "\r" ? "\n" : text);
  else if (key === "Backspace") document.execCommand?.("delete");
  else if (key === "Delete") document.execCommand?.("forwardDelete");
}

function insert(field: HTMLInputElement | HTMLTextAreaElement | undefined, text: string): void {
  // The one way in which a page can type: with undo, and as the editor expects it.
  if (document.execCommand?.("insertText", false, text) || field === undefined) return;
  field.setRangeText(text, field.selectionStart ?? 0, field.selectionEnd ?? 0, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, data: text, inputType: "insertText" }));
}
