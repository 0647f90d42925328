// Conflict markers in a text: what stands between <<<<<<<, ======= and >>>>>>>,
// and the buttons above each that take one side.
import { type EditorState, type Extension, RangeSetBuilder, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, keymap, WidgetType } from "@codemirror/view";
import { t } from "../../words";
import "./markers.css";

/** A conflict: positions of the starts of its lines. base is there in the diff3 style only. */
export type Conflict = { from: number; base: number | undefined; middle: number; end: number; to: number };

/** The conflicts of a text, in order. What is no whole conflict is text. */
export function conflictsOf(doc: Text): Conflict[] {
  const out: Conflict[] = [];
  let from = -1;
  let base: number | undefined;
  let middle = -1;
  let at = 0;
  for (const line of doc.iterLines()) {
    if (line.startsWith("<<<<<<< ")) [from, base, middle] = [at, undefined, -1];
    else if (from >= 0 && middle < 0 && line.startsWith("||||||| ")) base = at;
    else if (from >= 0 && middle < 0 && line === "=======") middle = at;
    else if (from >= 0 && middle >= 0 && line.startsWith(">>>>>>> ")) {
      out.push({ from, base, middle, end: at, to: Math.min(at + line.length + 1, doc.length) });
      from = -1;
    }
    at += line.length + 1;
  }
  return out;
}

export type Side = "ours" | "theirs" | "both";

/** What a conflict becomes when a side is taken. */
export function takeSide(doc: Text, c: Conflict, side: Side): string {
  const ours = doc.sliceString(doc.lineAt(c.from).to + 1, c.base ?? c.middle);
  const theirs = doc.sliceString(doc.lineAt(c.middle).to + 1, c.end);
  return side === "ours" ? ours : side === "theirs" ? theirs : ours + theirs;
}

/** Takes a side of the conflict that begins at from. */
export function resolveAt(view: EditorView, from: number, side: Side): void {
  const c = conflictsOf(view.state.doc).find((x) => x.from === from);
  if (!c || view.state.readOnly) return;
  view.dispatch({ changes: { from: c.from, to: c.to, insert: takeSide(view.state.doc, c, side) } });
  view.focus();
}

/** Goes to the next conflict, or to the previous one; false when there is none. */
export function stepConflict(view: EditorView, by: 1 | -1): boolean {
  const all = conflictsOf(view.state.doc);
  const at = view.state.selection.main.head;
  const next =
    by > 0 ? (all.find((c) => c.from > at) ?? all[0]) : (all.findLast((c) => c.from < at) ?? all.at(-1));
  if (!next) return false;
  view.dispatch({
    selection: { anchor: next.from },
    effects: EditorView.scrollIntoView(next.from, { y: "center" }),
  });
  return true;
}

class Buttons extends WidgetType {
  readonly from: number;
  constructor(from: number) {
    super();
    this.from = from;
  }
  override eq(other: Buttons): boolean {
    return other.from === this.from;
  }
  toDOM(view: EditorView): HTMLElement {
    const bar = document.createElement("div");
    bar.className = "cm-conflict-buttons";
    for (const [side, label] of [
      ["ours", t("Accept mine")],
      ["theirs", t("Accept theirs")],
      ["both", t("Accept both")],
    ] as const) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.onclick = () => resolveAt(view, this.from, side);
      bar.append(button);
    }
    return bar;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

const lines = {
  mark: Decoration.line({ class: "cm-conflict-mark" }),
  ours: Decoration.line({ class: "cm-conflict-ours" }),
  base: Decoration.line({ class: "cm-conflict-base" }),
  theirs: Decoration.line({ class: "cm-conflict-theirs" }),
};

function decorate(state: EditorState): DecorationSet {
  const set = new RangeSetBuilder<Decoration>();
  for (const c of conflictsOf(state.doc)) {
    set.add(c.from, c.from, Decoration.widget({ widget: new Buttons(c.from), block: true, side: -1 }));
    for (let line = state.doc.lineAt(c.from); line.from <= c.end; line = state.doc.line(line.number + 1)) {
      const { from } = line;
      const isMark = from === c.from || from === c.base || from === c.middle || from === c.end;
      const side = from < (c.base ?? c.middle) ? lines.ours : from < c.middle ? lines.base : lines.theirs;
      set.add(from, from, isMark ? lines.mark : side);
      if (line.number === state.doc.lines) break;
    }
  }
  return set.finish();
}

/** Whether a change can have made or ended a conflict: looking at all of a text at each key is too much. */
const shown = StateField.define<DecorationSet>({
  create: decorate,
  update(set, tr) {
    if (!tr.docChanged) return set;
    let touched = set.size > 0;
    tr.changes.iterChanges((_a, _b, fromB, toB) => {
      if (touched) return;
      const from = tr.newDoc.lineAt(fromB).from;
      const text = tr.newDoc.sliceString(from, tr.newDoc.lineAt(toB).to);
      touched = /^(<{7} |={7}$|>{7} )/m.test(text);
    });
    return touched ? decorate(tr.state) : set;
  },
  provide: (f) => EditorView.decorations.from(f),
});

/** Shows conflict markers with buttons; Alt+F5 and Shift+Alt+F5 go from one to the next. */
export function conflictMarkers(): Extension {
  return [
    shown,
    keymap.of([{ key: "Alt-F5", run: (v) => stepConflict(v, 1), shift: (v) => stepConflict(v, -1) }]),
  ];
}
