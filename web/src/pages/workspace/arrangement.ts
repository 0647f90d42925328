import { type Order, readOrder } from "./order";

/** What is in a tab. */
export type Tab =
  | { kind: "file"; path: string }
  | { kind: "terminal"; terminal: string }
  /** Something shown of a path that is not its content: the id of a view in views.tsx. */
  | { kind: "view"; view: string; path: string };

/** What stands beside the tabs: the id of a part in sides.tsx. "" is nothing, as is one that is not there. */
export type Side = string;

/**
 * How one person arranged one project: tabs and splits as the dock describes
 * them, and the side. Kept by the hub, so it is there again tomorrow and elsewhere.
 */
export type Arrangement = {
  version: 1;
  side: Side;
  /** Width of the side in pixels. */
  width: number;
  /** Folders that are open in the explorer. */
  expanded: string[];
  /** Names with a dot are shown. */
  hidden: boolean;
  /** How folders are sorted. */
  order: Order;
  /** The dock's own form, or nothing while there are no tabs. */
  dock?: Record<string, unknown>;
};

/** Most bytes of an arrangement; the hub keeps 64 KiB. */
const most = 60 << 10;

export const sideWidth = { least: 180, usual: 260, most: 600 } as const;

/** The arrangement that was kept, or what everybody begins with. Kept ones are not trusted to be whole. */
export function readArrangement(kept: unknown): Arrangement {
  const v = record(kept);
  const a: Arrangement = {
    version: 1,
    side: typeof v.side === "string" ? v.side.slice(0, 40) : "files",
    width: widthOf(v.width),
    expanded: strings(v.expanded).slice(0, 500),
    hidden: v.hidden === true,
    order: readOrder(record(v.order).by, record(v.order).desc),
  };
  const dock = record(v.dock);
  if (v.version === 1 && "grid" in dock && "panels" in dock) a.dock = dock;
  return a;
}

/** The width, brought into what is sensible. */
export function widthOf(v: unknown): number {
  if (typeof v !== "number" || !Number.isFinite(v)) return sideWidth.usual;
  return Math.round(Math.max(sideWidth.least, Math.min(sideWidth.most, v)));
}

/** The tab that a panel's parameters describe; undefined when they describe none. */
export function readTab(params: unknown): Tab | undefined {
  const v = record(params);
  if (v.kind === "file" && typeof v.path === "string" && v.path !== "") return { kind: "file", path: v.path };
  if (v.kind === "terminal" && typeof v.terminal === "string")
    return { kind: "terminal", terminal: v.terminal };
  if (v.kind === "view" && typeof v.view === "string" && typeof v.path === "string")
    return { kind: "view", view: v.view, path: v.path };
  return undefined;
}

export function sameTab(a: Tab, b: Tab): boolean {
  if (a.kind === "file") return b.kind === "file" && a.path === b.path;
  if (a.kind === "terminal") return b.kind === "terminal" && a.terminal === b.terminal;
  return b.kind === "view" && a.view === b.view && a.path === b.path;
}

/** The path after a move of a file or folder; the same when it was not touched. */
export function movedPath(path: string, from: string, to: string): string {
  if (path === from) return to;
  return path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;
}

/** The arrangement as it is kept: without what makes it too large, the least missed first. */
export function writeArrangement(a: Arrangement): Record<string, unknown> {
  const tries: Arrangement[] = [a, { ...a, expanded: [] }];
  for (const t of tries) if (bytes(t) <= most) return { ...t };
  const { dock: _, ...rest } = { ...a, expanded: [] };
  return rest;
}

function bytes(v: unknown): number {
  return new TextEncoder().encode(JSON.stringify(v)).length;
}

function record(v: unknown): Record<string, unknown> {
  return typeof v === "object" && v !== null && !Array.isArray(v) ? { ...v } : {};
}

function strings(v: unknown): string[] {
  return Array.isArray(v) ? v.filter((s) => typeof s === "string") : [];
}

/**
 * Keeps the latest of something that changes often: a moment after it changed,
 * one write at a time, and at once when the page is left.
 */
export class Keeper<T> {
  #write: (value: T, leaving: boolean) => Promise<unknown>;
  #wait: number;
  #value: { v: T } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing = false;

  /** wait is in milliseconds. */
  constructor(write: (value: T, leaving: boolean) => Promise<unknown>, wait = 800) {
    this.#write = write;
    this.#wait = wait;
  }

  changed(v: T): void {
    this.#value = { v };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(false), this.#wait);
  }

  /** Writes what waits, now. */
  leave(): void {
    void this.#send(true);
  }

  async #send(leaving: boolean): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#value || (this.#writing && !leaving)) return;
    const { v } = this.#value;
    this.#value = undefined;
    this.#writing = true;
    try {
      await this.#write(v, leaving);
    } catch {
      // It is kept again with the next change; what matters is on the screen.
      this.#value ??= { v };
    }
    this.#writing = false;
    if (this.#value && this.#value.v !== v) this.changed(this.#value.v);
  }
}
