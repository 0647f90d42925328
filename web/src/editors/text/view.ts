import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import {
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
} from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { conflictMarkers } from "../merge/markers";
import { peerCursors } from "./cursors";
import { replacement } from "./diff";
import { languageOf } from "./language";
import { lineEndings } from "./lineEnding";
import { look } from "./theme";

/** Where the cursor is: line and column from 1, columns in characters as a person counts them. */
export type Position = { line: number; column: number; selected: number; cursors: number };

export type TextViewConfig = {
  parent: HTMLElement;
  path: string;
  /** What is shown until a live document is attached. */
  text: string;
  /** What a screen reader calls it. */
  label: string;
  /** Words of the search panel and others, by their English text. */
  phrases: Record<string, string>;
  vim: boolean;
  moved: (p: Position) => void;
  /** The language was found and loaded, or there is none (""). */
  language: (name: string) => void;
};

/** Of texts above this many UTF-16 units, brackets and the like are not looked at. */
const largeText = 2_000_000;

/**
 * The text editor of one file: CodeMirror, first with the text that was read and
 * read-only, then attached to the shared text without a jump. It knows nothing of
 * connections; its owner attaches and detaches.
 */
export class TextView {
  readonly view: EditorView;
  #shared = new Compartment();
  #editable = new Compartment();
  #language = new Compartment();
  #keys = new Compartment();
  #undo: Y.UndoManager | undefined;
  #config: TextViewConfig;
  #languageName = "";
  #vim = false;
  #vimModule: typeof import("./vim") | undefined;
  #over = false;

  constructor(config: TextViewConfig) {
    this.#config = config;
    const small = config.text.length < largeText;
    this.view = new EditorView({
      parent: config.parent,
      state: EditorState.create({
        doc: splitLF(config.text),
        extensions: [
          this.#keys.of([]),
          lineEndings(),
          look(),
          base(config, small),
          this.#language.of([]),
          this.#shared.of([]),
          this.#editable.of(readOnly(true)),
          EditorView.updateListener.of((u) => {
            if (u.selectionSet || u.docChanged) config.moved(positionOf(u.state));
          }),
        ],
      }),
    });
    config.moved(positionOf(this.view.state));
    void this.setPath(config.path);
    if (config.vim) void this.setVim(true);
  }

  /** Shows and edits the shared text from now on. */
  attach(text: Y.Text, awareness: Awareness, canWrite: boolean): void {
    this.detach();
    const change = replacement(this.view.state.doc.toString(), text.toString());
    const undo = new Y.UndoManager(text, { captureTimeout: 400 });
    this.#undo = undo;
    this.#vimModule?.setUndo(this.view, undo);
    this.view.dispatch({
      ...(change && { changes: { from: change.from, to: change.to, insert: splitLF(change.insert) } }),
      effects: [
        this.#shared.reconfigure([
          yCollab(text, null, { undoManager: undo }),
          keymap.of(yUndoManagerKeymap),
          peerCursors(text, awareness),
        ]),
        this.#editable.reconfigure(readOnly(!canWrite)),
      ],
    });
    // What is there now may begin with a line that names its language.
    if (this.#languageName === "") void this.setPath(this.#config.path);
  }

  /** Whether it shows the shared text. */
  get attached(): boolean {
    return this.#undo !== undefined;
  }

  /** Keeps what is shown, read-only. */
  detach(): void {
    this.#undo?.destroy();
    this.#undo = undefined;
    this.#vimModule?.setUndo(this.view, undefined);
    this.view.dispatch({
      effects: [this.#shared.reconfigure([]), this.#editable.reconfigure(readOnly(true))],
    });
  }

  setWritable(canWrite: boolean): void {
    this.view.dispatch({ effects: this.#editable.reconfigure(readOnly(!canWrite)) });
  }

  /** Replaces what is shown while nothing is attached. */
  setText(text: string): void {
    if (this.#undo) return;
    const change = replacement(this.view.state.doc.toString(), text);
    if (change) {
      const changes = { from: change.from, to: change.to, insert: splitLF(change.insert) };
      this.view.dispatch({ changes });
    }
  }

  /** The file has another name: perhaps another language. */
  async setPath(path: string): Promise<void> {
    this.#config = { ...this.#config, path };
    const language = languageOf(path, this.view.state.doc.line(1).text);
    const name = language?.name ?? "";
    this.#languageName = name;
    const large = this.view.state.doc.length > largeText;
    const support = large ? undefined : await language?.load();
    if (this.#over || this.#languageName !== name) return;
    const wrap = wraps(path) ? EditorView.lineWrapping : [];
    this.view.dispatch({ effects: this.#language.reconfigure([support ?? [], wrap]) });
    this.#config.language(name);
  }

  async setVim(on: boolean): Promise<void> {
    this.#vim = on;
    const m = on ? await import("./vim") : undefined;
    if (this.#over || this.#vim !== on) return;
    this.#vimModule = m;
    m?.setUndo(this.view, this.#undo);
    const keys = m?.vimKeys(this.#config.phrases.Command ?? "") ?? [];
    this.view.dispatch({ effects: this.#keys.reconfigure(keys) });
  }

  /** Goes to a place, selects so many units behind it, and shows it in the middle. Line and column from 1. */
  goTo(line: number, column = 1, length = 0): void {
    const at = this.view.state.doc.line(Math.max(1, Math.min(line, this.view.state.doc.lines)));
    const pos = Math.min(at.to, at.from + column - 1);
    this.view.dispatch({
      selection: { anchor: pos, head: Math.min(at.to, pos + length) },
      effects: EditorView.scrollIntoView(pos, { y: "center" }),
    });
  }

  /** Scrolls to an offset if it is not on the screen. */
  reveal(offset: number): void {
    const pos = Math.max(0, Math.min(offset, this.view.state.doc.length));
    this.view.dispatch({ effects: EditorView.scrollIntoView(pos, { y: "nearest", yMargin: 80 }) });
  }

  /** Whether it has the focus now. */
  focus(): boolean {
    this.view.focus();
    return this.view.hasFocus;
  }

  destroy(): void {
    this.#over = true;
    this.#undo?.destroy();
    this.view.destroy();
  }
}

/** Characters that are shown as a mark; not the CR of a CR LF, which lineEndings hides. */
const specialChars =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202d\u202e\u2066\u2067\u2069\ufeff\ufff9-\ufffc]|\r(?!$)/g;

/** Prose is wrapped at the edge, and on a phone everything is. */
function wraps(path: string): boolean {
  return (
    /\.(md|markdown|qmd|rmd|txt|rst|tex)$/i.test(path) || window.matchMedia("(max-width: 640px)").matches
  );
}

/** Lines are ended by LF alone, here as in the editor's state. */
function splitLF(text: string) {
  return EditorState.create({ extensions: EditorState.lineSeparator.of("\n") }).toText(text);
}

function readOnly(on: boolean): Extension {
  return [
    EditorState.readOnly.of(on),
    EditorView.contentAttributes.of(on ? { "aria-readonly": "true" } : {}),
  ];
}

function positionOf(state: EditorState): Position {
  const { head } = state.selection.main;
  const line = state.doc.lineAt(head);
  const selected = state.selection.ranges.reduce((n, r) => n + r.to - r.from, 0);
  const before = line.text.slice(0, head - line.from);
  return {
    line: line.number,
    column: [...before].length + 1,
    selected,
    cursors: state.selection.ranges.length,
  };
}

function base(config: TextViewConfig, small: boolean): Extension {
  return [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars({ specialChars }),
    codeFolding(),
    foldGutter({ openText: "⌄", closedText: "›" }),
    drawSelection(),
    dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    EditorState.tabSize.of(4),
    indentUnit.of("    "),
    small
      ? [
          conflictMarkers(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          highlightSelectionMatches(),
        ]
      : [],
    rectangularSelection(),
    crosshairCursor(),
    highlightActiveLine(),
    search({ top: true }),
    EditorState.phrases.of(config.phrases),
    EditorView.contentAttributes.of({
      "aria-label": config.label,
      tabindex: "0",
      spellcheck: "false",
      autocapitalize: "off",
    }),
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...foldKeymap,
      ...completionKeymap,
      // Escape, then Tab, leaves the editor: CodeMirror's own rule for keyboard users.
      indentWithTab,
    ]),
  ];
}
