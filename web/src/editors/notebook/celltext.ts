import {
  acceptCompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionStatus,
  currentCompletions,
  startCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, indentLess, indentMore, insertTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches } from "@codemirror/search";
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  type KeyBinding,
  keymap,
  lineNumbers,
  placeholder,
  rectangularSelection,
} from "@codemirror/view";
import { yCollab } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { peerCursors } from "../text/cursors";
import { languageOf } from "../text/language";
import { look } from "../text/theme";
import type { CellType } from "./cell";
import { type Ask, completion, inspect, tooltips } from "./kernelhelp";

export type CellTextConfig = {
  parent: HTMLElement;
  text: Y.Text;
  awareness: Awareness;
  undo: Y.UndoManager;
  label: string;
  hint: string;
  tipLabel: string;
  ask: Ask;
  /** Keys of the notebook that count while one types. */
  keys: readonly KeyBinding[];
  /** Escape, when there is nothing to close. */
  leave: () => void;
  /** The cursor goes up from the first line, or down from the last; false when there is nothing. */
  out: (by: 1 | -1) => boolean;
  focused: () => void;
  moved: (state: EditorState) => void;
};

/** The editor of one cell's text, bound to the shared text from the start. */
export class CellText {
  readonly view: EditorView;
  #config: CellTextConfig;
  #editable = new Compartment();
  #language = new Compartment();
  #numbers = new Compartment();
  #help = new Compartment();
  #vim = new Compartment();
  #over = false;
  #code = true;
  /** Completion was asked for by Tab, and is not there yet. */
  #tabbed = false;
  #wanted = "";

  constructor(config: CellTextConfig) {
    this.#config = config;
    const { text, awareness, undo } = config;
    this.view = new EditorView({
      parent: config.parent,
      state: EditorState.create({
        doc: EditorState.create({ extensions: EditorState.lineSeparator.of("\n") }).toText(text.toString()),
        extensions: [
          this.#vim.of([]),
          Prec.high(keymap.of([...config.keys, ...this.#ownKeys()])),
          yCollab(text, null, { undoManager: undo }),
          peerCursors(text, awareness),
          base(config),
          this.#numbers.of([]),
          this.#language.of([]),
          this.#help.of([]),
          this.#editable.of(EditorState.readOnly.of(true)),
          EditorView.updateListener.of((u) => {
            if (this.#tabbed && completionStatus(u.state) === "active") this.#takeOnly(u.view);
            if (u.focusChanged && u.view.hasFocus) config.focused();
            if ((u.selectionSet || u.docChanged || u.focusChanged) && u.view.hasFocus) config.moved(u.state);
          }),
        ],
      }),
    });
  }

  setWritable(on: boolean): void {
    if (this.view.state.readOnly === !on) return;
    const attributes = EditorView.contentAttributes.of(on ? {} : { "aria-readonly": "true" });
    this.view.dispatch({
      effects: this.#editable.reconfigure([EditorState.readOnly.of(!on), attributes]),
    });
  }

  /** The kind of the cell, the language of its code, and whether the kernel completes as one types. */
  async setKind(type: CellType, language: string, typing: boolean): Promise<void> {
    this.#code = type === "code";
    const name = type === "code" ? extensionOf(language) : type === "markdown" ? "x.md" : "x.txt";
    this.#wanted = name;
    const support = await languageOf(name)?.load();
    if (this.#over || this.#wanted !== name) return;
    this.view.dispatch({
      effects: [
        this.#language.reconfigure([support ?? [], type === "code" ? [] : EditorView.lineWrapping]),
        this.#help.reconfigure(type === "code" ? [completion(this.#config.ask, typing), tooltips()] : []),
      ],
    });
  }

  setNumbers(on: boolean): void {
    this.view.dispatch({ effects: this.#numbers.reconfigure(on ? lineNumbers() : []) });
  }

  async setVim(on: boolean): Promise<void> {
    if (!on) return;
    const { notebookVim } = await import("./vim");
    if (this.#over) return;
    const keys = notebookVim(this.view, this.#config.undo, () => this.#config.leave());
    this.view.dispatch({ effects: this.#vim.reconfigure(keys) });
  }

  focus(at?: "start" | "end"): void {
    if (at) {
      const anchor = at === "start" ? 0 : this.view.state.doc.length;
      this.view.dispatch({ selection: { anchor }, scrollIntoView: true });
    }
    this.view.focus();
  }

  mark(anchor: number, head: number): void {
    const { length } = this.view.state.doc;
    const selection = { anchor: Math.min(anchor, length), head: Math.min(head, length) };
    this.view.dispatch({ selection, scrollIntoView: true });
  }

  /** Where the text is cut when the cell is split: at the ends of what is selected. */
  cuts(): number[] {
    return this.view.state.selection.ranges.flatMap((r) => (r.empty ? [r.head] : [r.from, r.to]));
  }

  destroy(): void {
    this.#over = true;
    this.view.destroy();
  }

  #ownKeys(): KeyBinding[] {
    return [
      { key: "Tab", run: (v) => this.#tab(v) },
      { key: "Shift-Tab", run: (v) => this.#shiftTab(v) },
      { key: "Escape", run: (v) => this.#escape(v) },
      { key: "ArrowUp", run: (v) => atEdge(v, -1) && this.#config.out(-1) },
      { key: "ArrowDown", run: (v) => atEdge(v, 1) && this.#config.out(1) },
    ];
  }

  /** What was asked for by Tab, and is the only one, is taken at once. */
  #takeOnly(view: EditorView): void {
    this.#tabbed = false;
    if (currentCompletions(view.state).length === 1) queueMicrotask(() => acceptCompletion(view));
  }

  /** After a word it completes, elsewhere it indents. */
  #tab(view: EditorView): boolean {
    if (completionStatus(view.state) === "active") return false;
    const { main } = view.state.selection;
    if (!main.empty) return indentMore(view);
    const line = view.state.doc.lineAt(main.head);
    const before = line.text.slice(0, main.head - line.from);
    if (this.#code && /\S$/.test(before)) {
      this.#tabbed = true;
      return startCompletion(view);
    }
    return /^\s*$/.test(before) ? indentMore(view) : insertTab(view);
  }

  #shiftTab(view: EditorView): boolean {
    const { main } = view.state.selection;
    const line = view.state.doc.lineAt(main.head);
    const before = line.text.slice(0, main.head - line.from);
    if (!this.#code || !main.empty || /^\s*$/.test(before)) return indentLess(view);
    void inspect(view, this.#config.ask, this.#config.tipLabel);
    return true;
  }

  #escape(view: EditorView): boolean {
    // A list of completions or a tooltip is closed first, by its own key.
    if (completionStatus(view.state) === "active" || view.dom.querySelector(".cm-kernel-tip")) return false;
    if (view.state.selection.ranges.length > 1) {
      view.dispatch({ selection: { anchor: view.state.selection.main.head } });
      return true;
    }
    this.#config.leave();
    return true;
  }
}

/** A name by which languageOf knows a kernel's language. */
function extensionOf(language: string): string {
  const extensions: Record<string, string> = {
    python: "py",
    ipython: "py",
    r: "r",
    julia: "jl",
    octave: "m",
    matlab: "m",
    bash: "sh",
    shell: "sh",
    javascript: "js",
    typescript: "ts",
    "c++": "cpp",
    "c++17": "cpp",
    rust: "rs",
    scala: "scala",
    kotlin: "kt",
    haskell: "hs",
    ruby: "rb",
    perl: "pl",
    lua: "lua",
    sql: "sql",
    go: "go",
    java: "java",
    "c#": "cs",
  };
  return `x.${extensions[language] ?? language}`;
}

/** Whether the cursor is in the first line (by the eye), or the last. */
function atEdge(view: EditorView, by: 1 | -1): boolean {
  const { main, ranges } = view.state.selection;
  if (!main.empty || ranges.length > 1 || completionStatus(view.state) === "active") return false;
  const moved = view.moveVertically(main, by === 1);
  // CodeMirror goes to the end of the line where there is none further.
  return moved.head === main.head || moved.head === (by === 1 ? view.state.doc.length : 0)
    ? view.state.doc.lineAt(main.head).number === (by === 1 ? view.state.doc.lines : 1)
    : false;
}

function base(config: CellTextConfig): Extension {
  return [
    // The first of two themes counts.
    theme,
    look(),
    drawSelection(),
    dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    EditorState.tabSize.of(4),
    EditorState.lineSeparator.of("\n"),
    indentUnit.of("    "),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    rectangularSelection(),
    crosshairCursor(),
    config.hint === "" ? [] : placeholder(config.hint),
    EditorView.contentAttributes.of({
      "aria-label": config.label,
      tabindex: "0",
      spellcheck: "false",
      autocapitalize: "off",
    }),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap]),
  ];
}

const theme = EditorView.theme({
  "&": { height: "auto", backgroundColor: "transparent" },
  ".cm-scroller": { overflowX: "auto", overflowY: "hidden" },
  ".cm-content": { padding: "6px 0" },
  ".cm-line": { padding: "0 12px" },
  ".cm-gutters": { backgroundColor: "transparent" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  ".cm-kernel-tip": {
    maxWidth: "min(80ch, 80vw)",
    maxHeight: "320px",
    overflow: "auto",
    padding: "8px 12px",
    fontFamily: "var(--mono)",
    fontSize: "12px",
    lineHeight: "18px",
    whiteSpace: "pre-wrap",
  },
});
