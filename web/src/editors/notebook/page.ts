import { Store } from "../../sync/store";
import type { Cell, CellType } from "./cell";
import { record } from "./cell";
import {
  type CellJSON,
  cellJSON,
  clear,
  emptyCell,
  insert,
  merge,
  move,
  remove,
  setMetadata,
  setType,
  split,
} from "./cells";
import { headingsOf } from "./headings";
import type { Notebook } from "./model";

/** Which cells are chosen, by their keys, and whether keys are for the notebook or for a cell's text. */
export type Selection = { current: string; anchor: string; mode: "command" | "edit" };

/** What a cell on the screen does when it is asked. */
export type Seat = {
  focusCell(): void;
  /** Puts the cursor into the text: at its start, its end, or where it was. */
  focusText(at?: "start" | "end"): void;
  /** Selects a place of the text and shows it, without the focus. */
  mark(from: number, to: number): void;
  /** Offsets of the cursors in the text; undefined when it has no editor. */
  cursors(): number[] | undefined;
};

/** What was copied last, in any notebook of the page. */
let clipboard: CellJSON[] = [];

/**
 * One person's view of a notebook: what is chosen, what is folded, and what their
 * keys do to cells. It knows nothing of React or of the kernel.
 */
export class Page {
  readonly nb: Notebook;
  readonly selection: Store<Selection>;
  /** Markdown cells whose text is shown, by key. */
  readonly editing = new Store<ReadonlySet<string>>(new Set());
  /** Headings whose parts are folded away, by their cells' keys. */
  readonly folded = new Store<ReadonlySet<string>>(new Set());
  /** Cells that are hidden by a folded heading. */
  readonly hidden = new Store<ReadonlySet<string>>(new Set());
  readonly lineNumbers = new Store(false);
  readonly writable = new Store(false);
  #seats = new Map<string, Seat>();
  /** A cell that takes the focus when it is there. */
  #wanted: { key: string; mode: Selection["mode"]; at?: "start" | "end" } | undefined;
  #stops: (() => void)[];

  constructor(nb: Notebook) {
    this.nb = nb;
    const first = nb.list.get()[0]?.key ?? "";
    this.selection = new Store<Selection>({ current: first, anchor: first, mode: "command" });
    let list = nb.list.get();
    const changed = () => {
      const old = list;
      list = nb.list.get();
      this.#keepChosen(old);
      this.#hide();
    };
    this.#stops = [nb.list.subscribe(changed), this.folded.subscribe(() => this.#hide())];
  }

  destroy(): void {
    for (const stop of this.#stops) stop();
  }

  get canPaste(): boolean {
    return clipboard.length > 0;
  }

  get current(): Cell | undefined {
    return this.nb.cell(this.selection.get().current);
  }

  /** The first and the last index of what is chosen. */
  get range(): [number, number] {
    const { current, anchor } = this.selection.get();
    const list = this.nb.list.get();
    const a = list.findIndex((c) => c.key === current);
    const b = list.findIndex((c) => c.key === anchor);
    return b < 0 ? [a, a] : [Math.min(a, b), Math.max(a, b)];
  }

  get chosen(): readonly Cell[] {
    const [from, to] = this.range;
    return this.nb.list.get().slice(Math.max(0, from), to + 1);
  }

  /** A cell is on the screen. Returns how to take it off. */
  seat(key: string, seat: Seat): () => void {
    this.#seats.set(key, seat);
    const wanted = this.#wanted;
    if (wanted?.key === key) {
      this.#wanted = undefined;
      // Its editor is made before it is asked for.
      queueMicrotask(() => this.#go(wanted.key, wanted.mode, wanted.at));
    }
    return () => {
      if (this.#seats.get(key) === seat) this.#seats.delete(key);
    };
  }

  /** Chooses a cell, or all up to it, without moving the focus. */
  choose(key: string, o: { extend?: boolean; mode?: Selection["mode"] } = {}): void {
    const now = this.selection.get();
    const anchor = o.extend ? now.anchor : key;
    const mode = o.mode ?? "command";
    if (now.current === key && now.anchor === anchor && now.mode === mode) return;
    this.selection.set({ current: key, anchor, mode });
  }

  /** Chooses a cell and gives it the focus. */
  go(key: string, mode: Selection["mode"] = "command", at?: "start" | "end"): void {
    this.choose(key, { mode });
    this.#go(key, mode, at);
  }

  #go(key: string, mode: Selection["mode"], at?: "start" | "end"): void {
    const seat = this.#seats.get(key);
    if (!seat) {
      this.#wanted = { key, mode, ...(at && { at }) };
      return;
    }
    if (mode === "edit") {
      if (this.nb.cell(key)?.head.get().type === "markdown") this.show(key, true);
      seat.focusText(at);
    } else seat.focusCell();
  }

  /** Gives the focus to what is chosen now. */
  focus(): void {
    const { current, mode } = this.selection.get();
    this.#go(current, mode);
  }

  /** From the text of a cell to the cell. */
  command(): void {
    this.go(this.selection.get().current);
  }

  edit(at?: "start" | "end"): void {
    if (this.current) this.go(this.current.key, "edit", at);
  }

  /** Selects a place in a cell's text and shows it; the focus stays where it is. */
  mark(key: string, from: number, to: number): void {
    this.#seats.get(key)?.mark(from, to);
  }

  /** Shows the text of a markdown cell, or what it means. */
  show(key: string, text: boolean): void {
    const now = this.editing.get();
    if (now.has(key) === text) return;
    const next = new Set(now);
    if (text) next.add(key);
    else next.delete(key);
    this.editing.set(next);
  }

  /** The next cell that is to be seen, or the one before. */
  next(by: 1 | -1, from = this.selection.get().current): Cell | undefined {
    const list = this.nb.list.get();
    const hidden = this.hidden.get();
    let i = list.findIndex((c) => c.key === from) + by;
    while (list[i] && hidden.has(list[i]?.key ?? "")) i += by;
    return list[i];
  }

  step(by: 1 | -1, extend = false): void {
    const to = this.next(by);
    if (!to) return;
    if (extend) {
      this.choose(to.key, { extend });
      this.#seats.get(to.key)?.focusCell();
    } else this.go(to.key);
  }

  /** From the last line of a cell's text into the next cell, or from the first into the one before. */
  leaveText(by: 1 | -1): boolean {
    const to = this.next(by);
    if (!to) return false;
    const rendered = to.head.get().type === "markdown" && !this.editing.get().has(to.key);
    this.go(to.key, rendered ? "command" : "edit", by === 1 ? "start" : "end");
    return true;
  }

  selectAll(): void {
    const list = this.nb.list.get();
    this.selection.set({
      anchor: list[0]?.key ?? "",
      current: list.at(-1)?.key ?? "",
      mode: "command",
    });
  }

  insert(where: "above" | "below", type: CellType = "code", mode: Selection["mode"] = "command"): void {
    const at = this.current ? this.nb.indexOf(this.current) : -1;
    const to = at < 0 ? this.nb.list.get().length : where === "above" ? at : this.#endOf(at) + 1;
    this.insertAt(to, [emptyCell(type)], mode);
  }

  /** Puts cells before an index and chooses the last of them. */
  insertAt(to: number, cells: readonly CellJSON[], mode: Selection["mode"] = "command"): void {
    if (!this.writable.get()) return;
    this.nb.edit(() => insert(this.nb.cells, to, cells));
    const made = this.nb.list.get()[to + cells.length - 1];
    if (made) this.go(made.key, mode);
  }

  /** The last cell of a folded part that begins at an index. */
  #endOf(at: number): number {
    const list = this.nb.list.get();
    const hidden = this.hidden.get();
    let end = at;
    if (this.folded.get().has(list[at]?.key ?? "")) while (hidden.has(list[end + 1]?.key ?? "")) end++;
    return end;
  }

  copy(): void {
    if (this.chosen.length > 0) clipboard = this.chosen.map((c) => cellJSON(c.map));
  }

  cut(): void {
    if (!this.writable.get()) return;
    this.copy();
    this.delete();
  }

  delete(): void {
    const [from, to] = this.range;
    if (from < 0 || !this.writable.get()) return;
    this.nb.edit(() => remove(this.nb.cells, from, this.#endOf(to)));
    const list = this.nb.list.get();
    const at = list[Math.min(from, list.length - 1)];
    if (at) this.go(at.key);
  }

  paste(where: "above" | "below"): void {
    const [from, to] = this.range;
    if (clipboard.length > 0) this.insertAt(where === "above" ? Math.max(0, from) : to + 1, clipboard);
  }

  setType(type: CellType): void {
    if (!this.writable.get()) return;
    this.nb.edit(() => {
      for (const c of this.chosen) setType(c.map, type);
    });
    for (const c of this.chosen) this.show(c.key, type === "markdown");
    this.command();
  }

  /** Makes what is chosen a heading of a level. */
  heading(level: number): void {
    if (!this.writable.get()) return;
    this.nb.edit(() => {
      for (const { map, source } of this.chosen) {
        setType(map, "markdown");
        const old = /^#{1,6} */.exec(source.toString())?.[0].length ?? 0;
        source.delete(0, old);
        source.insert(0, `${"#".repeat(level)} `);
      }
    });
    this.edit("end");
  }

  move(by: 1 | -1): void {
    const [from, to] = this.range;
    const list = this.nb.list.get();
    if (!this.writable.get() || from < 0 || (by === -1 ? from === 0 : to >= list.length - 1)) return;
    this.moveTo(from, to, by === -1 ? from - 1 : to + 2);
  }

  /** Moves the cells [from, to] before the one that is at an index now. */
  moveTo(from: number, to: number, before: number): void {
    if (!this.writable.get()) return;
    const selection = this.selection.get();
    this.nb.edit(() => move(this.nb.cells, from, to, before));
    this.selection.set(selection);
    this.#wanted = { key: selection.current, mode: "command" };
    // The cell is a new one of the same key: where it has its seat already, that takes the focus.
    setTimeout(() => this.#wanted && this.#go(selection.current, "command"), 0);
  }

  merge(): void {
    const [first, last] = this.range;
    const to = first === last ? last + 1 : last;
    const into = this.nb.list.get()[first];
    if (!this.writable.get() || !into || to >= this.nb.list.get().length) return;
    this.nb.edit(() => merge(this.nb.cells, first, to));
    this.go(into.key);
  }

  split(): void {
    const { current } = this.selection.get();
    const at = this.nb.list.get().findIndex((c) => c.key === current);
    const cursors = this.#seats.get(current)?.cursors();
    if (!this.writable.get() || !cursors || at < 0) return;
    let made = 0;
    this.nb.edit(() => {
      made = split(this.nb.cells, at, cursors);
    });
    const last = this.nb.list.get()[at + made];
    if (last) this.go(last.key, "edit", "start");
  }

  undo(): void {
    if (this.writable.get()) this.nb.undo.undo();
    this.#refocus();
  }

  redo(): void {
    if (this.writable.get()) this.nb.undo.redo();
    this.#refocus();
  }

  #refocus(): void {
    if (this.selection.get().mode === "command") setTimeout(() => this.focus(), 0);
  }

  /** Takes the outputs of what is chosen out, or all of them. */
  clear(all = false): void {
    if (!this.writable.get()) return;
    this.nb.edit(() => {
      for (const c of all ? this.nb.list.get() : this.chosen) clear(c.map);
    });
  }

  /** Hides the outputs of what is chosen, or shows them again. */
  toggleOutputs(name: "outputs_hidden" | "source_hidden" = "outputs_hidden", cells = this.chosen): void {
    if (!this.writable.get()) return;
    const hide = !cells.every((c) => isHidden(c, name));
    this.nb.edit(() => {
      for (const c of cells) {
        const jupyter = record(c.head.get().metadata.jupyter);
        if (hide) jupyter[name] = true;
        else delete jupyter[name];
        setMetadata(c.map, "jupyter", Object.keys(jupyter).length > 0 ? jupyter : undefined);
        if (name === "outputs_hidden") setMetadata(c.map, "collapsed", undefined);
      }
    });
  }

  /** Lets the outputs of what is chosen scroll in a frame, or take their room. */
  toggleScroll(cells = this.chosen): void {
    if (!this.writable.get()) return;
    const scroll = !cells.every((c) => c.head.get().metadata.scrolled === true);
    this.nb.edit(() => {
      for (const c of cells) setMetadata(c.map, "scrolled", scroll ? true : undefined);
    });
  }

  fold(key: string, fold = !this.folded.get().has(key)): void {
    const next = new Set(this.folded.get());
    if (fold) next.add(key);
    else next.delete(key);
    this.folded.set(next);
  }

  foldAll(fold: boolean): void {
    const keys = headingsOf(this.nb.list.get()).map((h) => h.cell.key);
    this.folded.set(new Set(fold ? keys : []));
  }

  /** Shows a cell wherever it is folded away, and goes to it. */
  reveal(key: string): void {
    if (this.hidden.get().has(key)) {
      const next = new Set(this.folded.get());
      for (const f of next) if (hiddenBy(this.nb.list.get(), new Set([f])).has(key)) next.delete(f);
      this.folded.set(next);
    }
    this.go(key);
  }

  #hide(): void {
    const next =
      this.folded.get().size === 0 ? new Set<string>() : hiddenBy(this.nb.list.get(), this.folded.get());
    const now = this.hidden.get();
    if (next.size !== now.size || [...next].some((k) => !now.has(k))) this.hidden.set(next);
  }

  /** Cells that are chosen and gone leave the choice to the one that is there now. */
  #keepChosen(old: readonly Cell[]): void {
    const list = this.nb.list.get();
    const { current, anchor, mode } = this.selection.get();
    const has = (key: string) => list.some((c) => c.key === key);
    if (has(current) && has(anchor)) return;
    const at = Math.max(
      0,
      old.findIndex((c) => c.key === current),
    );
    const key = has(current) ? current : (list[Math.min(at, list.length - 1)]?.key ?? "");
    this.selection.set({ current: key, anchor: key, mode: has(current) ? mode : "command" });
  }
}

/** The cells that folded headings hide. */
export function hiddenBy(list: readonly Cell[], folded: ReadonlySet<string>): Set<string> {
  const hidden = new Set<string>();
  let under = 0;
  const levels = new Map(headingsOf(list).map((h) => [h.cell.key, h.level]));
  for (const c of list) {
    const level = levels.get(c.key);
    if (level !== undefined && level <= under) under = 0;
    if (under > 0) hidden.add(c.key);
    else if (level !== undefined && folded.has(c.key)) under = level;
  }
  return hidden;
}

export function isHidden(cell: Cell, name: "outputs_hidden" | "source_hidden" = "outputs_hidden"): boolean {
  const { metadata } = cell.head.get();
  return (
    record(metadata.jupyter)[name] === true || (name === "outputs_hidden" && metadata.collapsed === true)
  );
}
