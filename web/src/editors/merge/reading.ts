import { EditorState, StateEffect } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { languageOf } from "../text/language";
import { look } from "../text/theme";

/** A text that is only read: one side of a merge. */
export class ReadingView {
  #view: EditorView;
  #over = false;

  #colouring: ReturnType<typeof setTimeout>;

  /** colourAfter: milliseconds until the text gets the colours of its language. */
  constructor(parent: HTMLElement, path: string, text: string, label: string, colourAfter = 0) {
    this.#view = new EditorView({
      parent,
      doc: text,
      extensions: [
        look(),
        lineNumbers(),
        EditorState.readOnly.of(true),
        EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true", tabindex: "0" }),
      ],
    });
    this.#colouring = setTimeout(() => void this.#colour(path), colourAfter);
  }

  destroy(): void {
    this.#over = true;
    clearTimeout(this.#colouring);
    this.#view.destroy();
  }

  async #colour(path: string): Promise<void> {
    const support = await languageOf(path, "")?.load();
    if (support && !this.#over) this.#view.dispatch({ effects: StateEffect.appendConfig.of(support) });
  }
}
