import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { getCM } from "@replit/codemirror-vim";
import type { UndoManager } from "yjs";
import { t } from "../../words";
import { setUndo, vimKeys } from "../text/vim";

/** The keys of vim in a cell: Escape in normal mode leaves its text. */
export function notebookVim(view: EditorView, undo: UndoManager, leave: () => void): Extension {
  setUndo(view, undo);
  return [
    EditorView.domEventHandlers({
      keydown: (e, v) => {
        const { vim } = getCM(v)?.state ?? {};
        if (e.key !== "Escape" || !vim || vim.insertMode || vim.visualMode) return false;
        leave();
        return true;
      },
    }),
    vimKeys(t("Command")),
  ];
}
