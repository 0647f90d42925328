import type { EditorState } from "@codemirror/state";
import type { KeyBinding } from "@codemirror/view";
import { createContext, useContext, useState } from "react";

/** How the editors of cells behave. */
export type Options = {
  /** Completions come as one types. */
  typing: boolean;
  vim: boolean;
  /** Keys of the notebook that count in a cell's text too. */
  keys: () => readonly KeyBinding[];
  /** The cursor is somewhere else. */
  tell: (state: EditorState) => void;
};

export const OptionsContext = createContext<Options>({
  typing: false,
  vim: false,
  keys: () => [],
  tell: () => {},
});

export function useOptions(): Options {
  return useContext(OptionsContext);
}

const place = "lyceum.complete";

/** Whether completions come as one types, on this device. */
export function useTyping(): [boolean, (on: boolean) => void] {
  const [on, set] = useState(() => kept() === "typing");
  return [
    on,
    (next) => {
      set(next);
      try {
        localStorage.setItem(place, next ? "typing" : "tab");
      } catch {
        // Nothing may be kept here: it holds while the notebook is open.
      }
    },
  ];
}

function kept(): string | null {
  try {
    return localStorage.getItem(place);
  } catch {
    return null;
  }
}
