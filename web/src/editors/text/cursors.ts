import { Annotation, type Extension, type Range } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

/** Another person in the document, as their awareness state says. */
export type Peer = {
  client: number;
  account: string;
  name: string;
  /** Index into the people's colours. */
  colour: number;
  /** Where they are, in the text now; absent when they are not in it. */
  cursor?: { anchor: number; head: number };
};

/** The tokens of a person's colour. */
export function personColour(colour: number): string {
  return `var(--person-${colour})`;
}

/** The states of the others. What they send is not trusted to be of any shape. */
export function peersOf(awareness: Awareness, text: Y.Text): Peer[] {
  const peers: Peer[] = [];
  for (const [client, state] of awareness.getStates()) {
    if (client === awareness.clientID) continue;
    const user = record(record(state).user);
    const peer: Peer = {
      client,
      account: typeof user.id === "string" ? user.id : "",
      name: typeof user.name === "string" ? user.name.slice(0, 100) : "",
      colour: typeof user.colour === "number" ? Math.abs(Math.trunc(user.colour)) % 12 : client % 12,
    };
    const cursor = cursorOf(record(state).cursor, text);
    if (cursor) peer.cursor = cursor;
    peers.push(peer);
  }
  return peers;
}

function record(v: unknown): Record<string, unknown> {
  return typeof v === "object" && v !== null ? { ...v } : {};
}

function cursorOf(v: unknown, text: Y.Text): { anchor: number; head: number } | undefined {
  const { anchor, head } = record(v);
  const a = absolute(anchor, text);
  const h = absolute(head, text);
  return a === undefined || h === undefined ? undefined : { anchor: a, head: h };
}

function absolute(v: unknown, text: Y.Text): number | undefined {
  if (typeof v !== "object" || v === null || !text.doc) return undefined;
  try {
    const at = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(v), text.doc);
    return at?.type === text ? at.index : undefined;
  } catch {
    return undefined; // a relative position of another shape: no cursor
  }
}

class Caret extends WidgetType {
  readonly peer: Peer;
  constructor(peer: Peer) {
    super();
    this.peer = peer;
  }
  override eq(other: Caret): boolean {
    return (
      other.peer.client === this.peer.client &&
      other.peer.name === this.peer.name &&
      other.peer.colour === this.peer.colour
    );
  }
  toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = "cm-peer";
    caret.style.setProperty("--peer", personColour(this.peer.colour));
    caret.dataset.peer = this.peer.account;
    caret.setAttribute("aria-hidden", "true");
    const name = caret.appendChild(document.createElement("span"));
    name.className = "cm-peer-name";
    name.textContent = this.peer.name;
    return caret;
  }
  override ignoreEvent(): boolean {
    return true;
  }
}

const peersChanged = Annotation.define<boolean>();

/**
 * Shows where others are, and tells them where this person is. The states have
 * the form that y-codemirror uses, so other programs' editors understand them.
 */
export function peerCursors(text: Y.Text, awareness: Awareness): Extension {
  return [
    ViewPlugin.define((view) => new PeerCursors(view, text, awareness), {
      decorations: (p) => p.decorations,
    }),
    theme,
  ];
}

class PeerCursors {
  decorations: DecorationSet = Decoration.none;
  #text: Y.Text;
  #awareness: Awareness;
  #stop: () => void;

  constructor(view: EditorView, text: Y.Text, awareness: Awareness) {
    this.#text = text;
    this.#awareness = awareness;
    const changed = ({ added, updated, removed }: Record<"added" | "updated" | "removed", number[]>) => {
      const others = [...added, ...updated, ...removed].some((id) => id !== awareness.clientID);
      if (others) view.dispatch({ annotations: peersChanged.of(true) });
    };
    awareness.on("change", changed);
    this.#stop = () => awareness.off("change", changed);
    this.decorations = this.#draw(view);
  }

  update(u: ViewUpdate): void {
    if (u.selectionSet || u.docChanged || u.focusChanged) this.#tell(u.view);
    const moved = u.transactions.some((tr) => tr.annotation(peersChanged));
    if (u.docChanged || moved) this.decorations = this.#draw(u.view);
  }

  destroy(): void {
    this.#stop();
  }

  /** Says where this person's cursor is. It stays where it was while they look elsewhere. */
  #tell(view: EditorView): void {
    const state = this.#awareness.getLocalState();
    if (!state || !view.hasFocus) return;
    const { anchor, head } = view.state.selection.main;
    const cursor = {
      anchor: Y.createRelativePositionFromTypeIndex(this.#text, Math.min(anchor, this.#text.length)),
      head: Y.createRelativePositionFromTypeIndex(this.#text, Math.min(head, this.#text.length)),
    };
    if (JSON.stringify(state.cursor) === JSON.stringify(cursor)) return;
    this.#awareness.setLocalStateField("cursor", cursor);
  }

  #draw(view: EditorView): DecorationSet {
    const length = view.state.doc.length;
    const marks: Range<Decoration>[] = [];
    for (const peer of peersOf(this.#awareness, this.#text)) {
      if (!peer.cursor) continue;
      const head = Math.min(peer.cursor.head, length);
      const anchor = Math.min(peer.cursor.anchor, length);
      const [from, to] = anchor < head ? [anchor, head] : [head, anchor];
      if (from < to) {
        const colour = personColour(peer.colour);
        const style = `background-color: color-mix(in srgb, ${colour} 13%, transparent)`;
        marks.push(Decoration.mark({ attributes: { style }, class: "cm-peer-selection" }).range(from, to));
      }
      marks.push(Decoration.widget({ widget: new Caret(peer), side: head > anchor ? -1 : 1 }).range(head));
    }
    return Decoration.set(marks, true);
  }
}

const theme = EditorView.baseTheme({
  ".cm-peer": {
    position: "relative",
    borderLeft: "2px solid var(--peer)",
    marginLeft: "-1px",
    marginRight: "-1px",
    pointerEvents: "auto",
  },
  // A small flag that is easy to point at; the name shows on hover.
  ".cm-peer::before": {
    content: '""',
    position: "absolute",
    top: "-2px",
    left: "-4px",
    width: "6px",
    height: "6px",
    borderRadius: "3px",
    backgroundColor: "var(--peer)",
  },
  ".cm-peer-name": {
    position: "absolute",
    top: "-1.6em",
    left: "-2px",
    zIndex: "10",
    padding: "0 6px",
    borderRadius: "4px",
    font: "500 11px/18px var(--sans)",
    color: "var(--on-person)",
    backgroundColor: "var(--peer)",
    whiteSpace: "nowrap",
    pointerEvents: "none",
    opacity: "0",
  },
  ".cm-peer:hover .cm-peer-name, .cm-peer.shown .cm-peer-name": { opacity: "1" },
});
