// What a person can do now, as values. Whoever offers an action adds it while it
// makes sense; menus, the palette (Mod+K), shortcuts and the help sheet (?) are
// made from the same list.
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Action {
  /** Its name among all actions: "project.new". A later one of the same name covers an earlier one. */
  id: string;
  /** What it does, as a verb: "New project". */
  label: string;
  /** The heading that it stands under in the palette and the help sheet. */
  group: string;
  /** Its key: "Mod+K" (Ctrl, or Command on a Mac), "Shift+?", "n"; "d d" is one after the other. */
  keys?: string;
  /** Whether its key counts where the focus is; everywhere, when absent. */
  heard?: () => boolean;
  /** Whether it can be done now; always, when absent. */
  when?: () => boolean;
  run: () => void;
}

/** Milliseconds within which the second key of two follows the first. */
const pairTime = 1000;

/** The actions that are offered now. */
export class Registry {
  /** The first key of two, and until when the second is waited for. */
  #first: { e: Stroke; until: number } | undefined;
  #lists: (readonly Action[])[] = [];
  #all: readonly Action[] = [];
  readonly #listeners = new Set<() => void>();

  /** Offers actions until the returned function is called. */
  add(actions: readonly Action[]): () => void {
    this.#lists.push(actions);
    this.#changed();
    return () => {
      this.#lists = this.#lists.filter((l) => l !== actions);
      this.#changed();
    };
  }

  /** Every action, in the order in which they were offered. The same array until one is added or removed. */
  all(): readonly Action[] {
    return this.#all;
  }

  /** Those that can be done now. */
  now(): Action[] {
    return this.#all.filter((a) => a.when?.() ?? true);
  }

  subscribe(f: () => void): () => void {
    this.#listeners.add(f);
    return () => this.#listeners.delete(f);
  }

  /** Does what the key means, if it means something; reports whether it did. */
  press(e: KeyboardEvent, mac = isMac()): boolean {
    if (e.defaultPrevented || e.isComposing) return false;
    // With Ctrl, Alt or Command, and with F6, nobody types.
    const plain = !e.ctrlKey && !e.metaKey && !e.altKey && !/^F\d+$/.test(e.key);
    const typing = plain && isTyping(e.target);
    if (typing) return false;
    const first = this.#first && this.#first.until > Date.now() ? this.#first.e : undefined;
    this.#first = undefined;
    const second = first && this.#find((keys) => isPair(keys, first, e, mac));
    const found = second ?? this.#find((keys) => matches(e, keys, mac));
    if (found === undefined && !this.#find((keys) => keys.includes(" ") && begins(keys, e, mac)))
      return false;
    e.preventDefault();
    if (found) found.run();
    else this.#first = { e, until: Date.now() + pairTime };
    return true;
  }

  #find(fits: (keys: string) => boolean): Action | undefined {
    return this.#all.findLast(
      (a) => a.keys !== undefined && fits(a.keys) && (a.heard?.() ?? true) && (a.when?.() ?? true),
    );
  }

  #changed(): void {
    const byId = new Map<string, Action>();
    for (const a of this.#lists.flat()) byId.set(a.id, a);
    this.#all = [...byId.values()];
    for (const f of this.#listeners) f();
  }
}

/** The app's registry. */
export const registry = new Registry();

/** Offers actions while the component is mounted. They may be made anew at each render. */
export function useActions(actions: readonly Action[]): void {
  const latest = useRef(actions);
  latest.current = actions;
  // What shows of them; their functions are always the latest.
  const shape = JSON.stringify(actions.map((a) => [a.id, a.label, a.group, a.keys]));
  useEffect(() => {
    const shown: [string, string, string, string | null][] = JSON.parse(shape);
    return registry.add(
      shown.map(([id, label, group, keys]) => {
        const now = () => latest.current.find((a) => a.id === id);
        return {
          id,
          label,
          group,
          ...(keys === null ? {} : { keys }),
          when: () => now()?.when?.() ?? now() !== undefined,
          heard: () => now()?.heard?.() ?? true,
          run: () => now()?.run(),
        };
      }),
    );
  }, [shape]);
}

/** Every action that is offered, kept up to date. */
export function useRegistered(): readonly Action[] {
  return useSyncExternalStore(
    (f) => registry.subscribe(f),
    () => registry.all(),
  );
}

type Stroke = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

function isPair(keys: string, first: Stroke, second: Stroke, mac: boolean): boolean {
  return begins(keys, first, mac) && matches(second, keys.split(" ")[1] ?? "", mac);
}

function begins(keys: string, first: Stroke, mac: boolean): boolean {
  const [a = "", b] = keys.split(" ");
  return b !== undefined && matches(first, a, mac);
}

/** Whether a key press is the one that keys names. */
export function matches(e: Stroke, keys: string, mac: boolean): boolean {
  if (keys.includes(" ") && keys !== " ") return false;
  const parts = keys.split("+");
  const last = parts.pop() || "+";
  const mod = parts.includes("Mod");
  const ctrl = parts.includes("Ctrl") || (mod && !mac);
  const meta = mod && mac;
  const letter = last.length > 1 || /[a-z]/i.test(last);
  return (
    (last === "Space" ? e.key === " " : e.key.toLowerCase() === last.toLowerCase()) &&
    e.ctrlKey === ctrl &&
    e.metaKey === meta &&
    e.altKey === parts.includes("Alt") &&
    // A sign such as ? needs Shift on some keyboards and not on others.
    (!letter || e.shiftKey === parts.includes("Shift"))
  );
}

/** Whether what is typed there is text. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  )
    return true;
  return (
    target instanceof HTMLInputElement && !/^(checkbox|radio|button|submit|range|color)$/.test(target.type)
  );
}

export function isMac(): boolean {
  return /mac|iphone|ipad/i.test(navigator.platform);
}

/** The key as a person reads it: ["Ctrl", "K"] or ["⌘", "K"]. */
export function keyCaps(keys: string, mac = isMac()): string[] {
  const signs: Record<string, string> = mac ? { Mod: "⌘", Shift: "⇧", Alt: "⌥", Ctrl: "⌃" } : { Mod: "Ctrl" };
  const names: Record<string, string> = {
    ArrowUp: "↑",
    ArrowDown: "↓",
    ArrowLeft: "←",
    ArrowRight: "→",
    Escape: "Esc",
  };
  return keys.split(/[+ ]/).map((k) => signs[k] ?? names[k] ?? (k.length === 1 ? k.toUpperCase() : k));
}
