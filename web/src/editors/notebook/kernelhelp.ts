// What the kernel knows of the text under the cursor: completions, and the tooltip of Shift+Tab.
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from "@codemirror/autocomplete";
import { type Extension, StateEffect, StateField } from "@codemirror/state";
import { EditorView, keymap, showTooltip, type Tooltip } from "@codemirror/view";
import { parseANSI, type Span } from "../../jupyter/ansi";
import { record } from "./cell";

/** Asks the kernel, as KernelLink does. */
export type Ask = (
  type: "complete" | "inspect",
  content: Record<string, unknown>,
  signal?: AbortSignal,
) => Promise<Record<string, unknown> | undefined>;

/** Completion by the kernel. typing: also while one types, not on demand only. */
export function completion(ask: Ask, typing: boolean): Extension {
  return [
    autocompletion({
      override: [(c) => complete(ask, c)],
      activateOnTyping: typing,
      interactionDelay: 0,
      maxRenderedOptions: 200,
    }),
    keymap.of(completionKeymap),
  ];
}

async function complete(ask: Ask, context: CompletionContext): Promise<CompletionResult | null> {
  const { state, pos } = context;
  if (!context.explicit && !context.matchBefore(/[\w.]+$/)) return null;
  const stop = new AbortController();
  context.addEventListener("abort", () => stop.abort());
  const answer = await ask("complete", { code: state.doc.toString(), cursor_pos: pos }, stop.signal);
  if (!answer || context.aborted) return null;
  return completionsOf(answer, pos);
}

/** A complete_reply as CodeMirror takes it. */
export function completionsOf(answer: Record<string, unknown>, pos: number): CompletionResult | null {
  const number = (v: unknown) => (typeof v === "number" ? v : pos);
  const typed = record(answer.metadata)._jupyter_types_experimental;
  const kinds = new Map(
    (Array.isArray(typed) ? typed : []).map(record).map((k) => [String(k.text), String(k.type ?? "")]),
  );
  const matches = Array.isArray(answer.matches) ? answer.matches.map(String) : [];
  if (matches.length === 0) return null;
  const options = matches.map((label): Completion => {
    const kind = kinds.get(label);
    return { label, ...(kind && kind !== "<unknown>" && { type: kind === "instance" ? "variable" : kind }) };
  });
  return {
    from: Math.min(pos, number(answer.cursor_start)),
    to: Math.max(pos, number(answer.cursor_end)),
    options,
    validFor: /^[\w]*$/,
  };
}

const setTip = StateEffect.define<Tooltip | null>();

const tip = StateField.define<Tooltip | null>({
  create: () => null,
  update(value, tr) {
    for (const e of tr.effects) if (e.is(setTip)) return e.value;
    return tr.docChanged || tr.selection ? null : value;
  },
  provide: (f) => showTooltip.from(f),
});

/** The place of tooltips in an editor. */
export function tooltips(): Extension {
  return [
    tip,
    keymap.of([{ key: "Escape", run: (v) => hideTip(v) }]),
    EditorView.domEventHandlers({ blur: (_, v) => void hideTip(v) }),
  ];
}

function hideTip(view: EditorView): boolean {
  if (!view.state.field(tip, false)) return false;
  view.dispatch({ effects: setTip.of(null) });
  return true;
}

/** Shows what the kernel knows of what is at the cursor. label names the tooltip for screen readers. */
export async function inspect(view: EditorView, ask: Ask, label: string): Promise<void> {
  const { state } = view;
  const pos = state.selection.main.head;
  const answer = await ask("inspect", { code: state.doc.toString(), cursor_pos: pos, detail_level: 0 });
  const text = record(answer?.data)["text/plain"];
  if (view.state.doc !== state.doc || typeof text !== "string" || text === "") return;
  const create = () => ({ dom: tipOf(text, label) });
  view.dispatch({ effects: setTip.of({ pos, above: false, strictSide: false, arrow: false, create }) });
}

function tipOf(text: string, label: string): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "cm-kernel-tip";
  dom.setAttribute("role", "region");
  dom.setAttribute("aria-label", label);
  dom.setAttribute("aria-live", "polite");
  dom.tabIndex = 0;
  for (const span of parseANSI(text.slice(0, 20_000))) dom.append(spanElement(span));
  return dom;
}

function spanElement(span: Span): HTMLElement | Text {
  if (Object.keys(span).length === 1) return document.createTextNode(span.text);
  const e = document.createElement("span");
  e.textContent = span.text;
  if (span.bold) e.style.fontWeight = "600";
  if (span.fore && !span.fore.startsWith("#")) e.style.color = `var(--ansi-${span.fore})`;
  return e;
}
