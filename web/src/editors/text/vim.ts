import type { Extension } from "@codemirror/state";
import { type EditorView, ViewPlugin } from "@codemirror/view";
import { CodeMirror, vim } from "@replit/codemirror-vim";
import type { UndoManager } from "yjs";

/** Whose undo each editor has: a person's own, of the shared text. */
const undoers = new WeakMap<EditorView, UndoManager>();

// The keys u and Ctrl-R look for CodeMirror's own history, which the shared text does not have.
CodeMirror.commands.undo = (cm: CodeMirror) => void undoers.get(cm.cm6)?.undo();
CodeMirror.commands.redo = (cm: CodeMirror) => void undoers.get(cm.cm6)?.redo();

/** Says which undo the keys of an editor mean. */
export function setUndo(view: EditorView, undo: UndoManager | undefined): void {
  if (undo) undoers.set(view, undo);
  else undoers.delete(view);
}

/** The keys of vim. label names the line in which commands are typed, for screen readers. */
export function vimKeys(label: string): Extension {
  const name = (e: FocusEvent) => {
    const { target } = e;
    if (!(target instanceof HTMLInputElement) || !target.closest(".cm-vim-panel")) return;
    target.setAttribute("aria-label", label);
  };
  return [
    vim({ status: true }),
    ViewPlugin.define((view) => {
      view.dom.addEventListener("focusin", name);
      return { destroy: () => view.dom.removeEventListener("focusin", name) };
    }),
  ];
}
