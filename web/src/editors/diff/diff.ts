// Two versions of a file, side by side or one through the other: CodeMirror's
// merge view, loaded when the first one is opened.
import { Change, type Chunk, diff, getChunks, MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension, type Text } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { languageOf } from "../text/language";
import { look } from "../text/theme";

/** Lines that differ: from 1, [from, to). */
export type LineRange = { oldFrom: number; oldTo: number; newFrom: number; newTo: number };

export type DiffConfig = {
  parent: HTMLElement;
  path: string;
  old: string;
  new: string;
  /** What screen readers call the two. */
  labels: { old: string; new: string };
  /** The runs of changed lines as Git sees them; without, they are found here. */
  hunks?: LineRange[] | undefined;
  inline: boolean;
  /** Milliseconds until the text gets the colours of its language: reading it for them may take long. */
  colourAfter?: number;
  /** Another change is the current one: its number from 0, of how many. */
  at: (current: number, count: number) => void;
};

/** What went and what came, in the page's own colours. */
const colours = EditorView.theme({
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: tint("red", 6) },
  "&.cm-merge-b .cm-changedLine, .cm-inlineChangedLine": { backgroundColor: tint("green", 6) },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: tint("red", 10) },
  "&.cm-merge-b .cm-changedText": { background: tint("green", 10) },
  "&.cm-merge-a .cm-changedLineGutter, .cm-deletedLineGutter": { background: "var(--red)" },
  "&.cm-merge-b .cm-changedLineGutter": { background: "var(--green)" },
});

function tint(colour: "red" | "green", percent: number): string {
  return `color-mix(in srgb, var(--${colour}) ${percent}%, transparent)`;
}

/** A difference that is looked at. */
export class DiffView {
  #merge: MergeView | undefined;
  #view: EditorView;
  #current = 0;
  #config: DiffConfig;
  #over = false;
  #colouring: ReturnType<typeof setTimeout>;

  constructor(config: DiffConfig) {
    this.#config = config;
    const override = config.hunks && config.hunks.length > 0 ? changesOf(config.hunks) : undefined;
    const diffConfig = override ? { override } : { scanLimit: 2000, timeout: 2000 };
    const own = (label: string): Extension => [
      look(),
      colours,
      lineNumbers(),
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true", tabindex: "0" }),
      EditorView.updateListener.of((u) => {
        if (u.selectionSet && u.view === this.#view) this.#follow();
      }),
      keymap.of([
        { key: "Alt-ArrowDown", run: () => this.step(1) },
        { key: "Alt-ArrowUp", run: () => this.step(-1) },
      ]),
    ];
    if (config.inline) {
      this.#view = new EditorView({
        parent: config.parent,
        doc: config.new,
        extensions: [
          own(config.labels.new),
          unifiedMergeView({ original: config.old, mergeControls: false, diffConfig }),
        ],
      });
    } else {
      this.#merge = new MergeView({
        parent: config.parent,
        a: { doc: config.old, extensions: own(config.labels.old) },
        b: { doc: config.new, extensions: own(config.labels.new) },
        collapseUnchanged: { margin: 3, minSize: 8 },
        diffConfig,
      });
      this.#view = this.#merge.b;
    }
    this.#colouring = setTimeout(() => void this.#colour(), config.colourAfter ?? 0);
    this.#tell();
  }

  /** Goes to the next or the previous change. */
  step(by: 1 | -1): boolean {
    const all = this.#chunks();
    if (all.length === 0) return true;
    this.#current = (this.#current + by + all.length) % all.length;
    const chunk = all[this.#current];
    if (chunk) {
      const at = Math.min(chunk.fromB, this.#view.state.doc.length);
      this.#view.dispatch({
        selection: { anchor: at },
        effects: EditorView.scrollIntoView(at, { y: "center" }),
      });
    }
    this.#tell();
    return true;
  }

  /** The lines of the current change; undefined when there is none. */
  lines(): LineRange | undefined {
    const chunk = this.#chunks()[this.#current];
    if (!chunk) return undefined;
    const old = this.#merge ? this.#merge.a.state.doc : EditorState.create({ doc: this.#config.old }).doc;
    const [oldFrom, oldTo] = linesOf(old, chunk.fromA, chunk.toA);
    const [newFrom, newTo] = linesOf(this.#view.state.doc, chunk.fromB, chunk.toB);
    return { oldFrom, oldTo, newFrom, newTo };
  }

  destroy(): void {
    this.#over = true;
    clearTimeout(this.#colouring);
    if (this.#merge) this.#merge.destroy();
    else this.#view.destroy();
  }

  #chunks(): readonly Chunk[] {
    return getChunks(this.#view.state)?.chunks ?? [];
  }

  /** The change that the cursor is in, or after, is the current one. */
  #follow(): void {
    const at = this.#view.state.selection.main.head;
    const i = this.#chunks().findLastIndex((c) => c.fromB <= at);
    if (i >= 0) this.#current = i;
    this.#tell();
  }

  #tell(): void {
    this.#config.at(this.#current, this.#chunks().length);
  }

  async #colour(): Promise<void> {
    const support = await languageOf(this.#config.path, "")?.load();
    if (!support || this.#over) return;
    const { StateEffect } = await import("@codemirror/state");
    for (const view of this.#merge ? [this.#merge.a, this.#merge.b] : [this.#view])
      view.dispatch({ effects: StateEffect.appendConfig.of(support) });
  }
}

/** The lines of a chunk, from 1, [from, to). */
export function linesOf(doc: Text, from: number, to: number): [number, number] {
  const first = from > doc.length ? doc.lines + 1 : doc.lineAt(from).number;
  if (to <= from) return [first, first];
  return [first, to > doc.length ? doc.lines + 1 : doc.lineAt(to).number];
}

/** Turns runs of lines into changes of characters, finer where that is cheap. */
export function changesOf(hunks: LineRange[]): (a: string, b: string) => readonly Change[] {
  return (a, b) => {
    const [atA, atB] = [starts(a), starts(b)];
    return hunks.flatMap((h) => {
      const [fromA, toA] = [offset(atA, h.oldFrom, a), offset(atA, h.oldTo, a)];
      const [fromB, toB] = [offset(atB, h.newFrom, b), offset(atB, h.newTo, b)];
      const [partA, partB] = [a.slice(fromA, toA), b.slice(fromB, toB)];
      if (partA === "" || partB === "" || partA.length + partB.length > 4000)
        return [new Change(fromA, toA, fromB, toB)];
      return diff(partA, partB).map(
        (c) => new Change(c.fromA + fromA, c.toA + fromA, c.fromB + fromB, c.toB + fromB),
      );
    });
  };
}

function starts(text: string): number[] {
  const list = [0];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) list.push(i + 1);
  return list;
}

function offset(at: number[], line: number, text: string): number {
  return at[line - 1] ?? text.length;
}
