import { EditorSelection, EditorState, type Extension, RangeSetBuilder, type Text } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";

/**
 * The shared text keeps every character of the file, carriage returns too, and
 * positions in it are positions in the editor. So the editor must not fold CR LF
 * into one: only LF ends a line here, and the CR before it is hidden.
 */
export function lineEndings(): Extension {
  return [EditorState.lineSeparator.of("\n"), hideReturns, keepEndings, keepPairs, keepOutside];
}

/** Whether a text ends its lines with CR LF; the first line decides. */
export function usesCRLF(text: { line(n: number): { text: string }; lines: number }): boolean {
  return text.lines > 1 && text.line(1).text.endsWith("\r");
}

class Nothing extends WidgetType {
  toDOM(): HTMLElement {
    return document.createElement("span");
  }
}

const hidden = Decoration.replace({ widget: new Nothing() });

const hideReturns = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = returns(view);
    }
    update(u: ViewUpdate): void {
      if (u.docChanged || u.viewportChanged) this.decorations = returns(u.view);
    }
  },
  {
    decorations: (p) => p.decorations,
    provide: (plugin) =>
      EditorView.atomicRanges.of((view) => view.plugin(plugin)?.decorations ?? Decoration.none),
  },
);

function returns(view: EditorView): DecorationSet {
  const b = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      if (line.text.endsWith("\r")) b.add(line.to - 1, line.to, hidden);
      at = line.to + 1;
    }
  }
  return b.finish();
}

/** What a person types or pastes gets the line ends of its file. */
const keepEndings = EditorState.transactionFilter.of((tr) => {
  if (!tr.docChanged || !tr.isUserEvent("input")) return tr;
  const crlf = usesCRLF(tr.startState.doc);
  let other = false;
  const changes: { from: number; to: number; insert: string }[] = [];
  tr.changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    const text = inserted.sliceString(0, inserted.length, "\n");
    const want = withEnding(text, crlf);
    other ||= want !== text;
    changes.push({ from, to, insert: want });
  });
  if (!other) return tr;
  const set = tr.startState.changes(changes);
  return {
    changes: set,
    selection: tr.startState.selection.map(set, 1),
    scrollIntoView: true,
    userEvent: "input",
  };
});

/** A deletion takes both halves of a CR LF, or none. */
const keepPairs = EditorState.transactionFilter.of((tr) => {
  const { doc } = tr.startState;
  if (!tr.docChanged || !tr.isUserEvent("delete") || !usesCRLF(doc)) return tr;
  let other = false;
  const changes: { from: number; to: number; insert: Text }[] = [];
  tr.changes.iterChanges((from, to, _fromB, _toB, insert) => {
    const first = from < to && insidePair(doc, from) ? from - 1 : from;
    const last = from < to && insidePair(doc, to) ? to + 1 : to;
    other ||= first !== from || last !== to;
    changes.push({ from: first, to: last, insert });
  });
  if (!other) return tr;
  const set = tr.startState.changes(changes);
  return {
    changes: set,
    selection: tr.startState.selection.map(set, -1),
    scrollIntoView: true,
    userEvent: "delete",
  };
});

/** No cursor stands between the halves of a CR LF: what is typed there would part them. */
const keepOutside = EditorState.transactionFilter.of((tr) => {
  if (!tr.docChanged && !tr.selection) return tr;
  if (!usesCRLF(tr.newDoc)) return tr;
  const before = tr.startState.selection.ranges.map((r) => tr.changes.mapPos(r.head));
  let other = false;
  const outside = (pos: number, old: number | undefined) => {
    if (!insidePair(tr.newDoc, pos)) return pos;
    other = true;
    return old === pos - 1 ? pos + 1 : pos - 1; // a step to the right goes on to the next line
  };
  const ranges = tr.newSelection.ranges.map((r, i) => {
    const head = outside(r.head, before[i]);
    return EditorSelection.range(r.empty ? head : outside(r.anchor, undefined), head);
  });
  if (!other) return tr;
  return [tr, { selection: EditorSelection.create(ranges, tr.newSelection.mainIndex), sequential: true }];
});

function insidePair(doc: Text, pos: number): boolean {
  return pos > 0 && pos < doc.length && doc.sliceString(pos - 1, pos + 1) === "\r\n";
}

/** The text with every line end as CR LF, or as LF. */
export function withEnding(text: string, crlf: boolean): string {
  const lf = text.replace(/\r\n?/g, "\n");
  return crlf ? lf.replaceAll("\n", "\r\n") : lf;
}
