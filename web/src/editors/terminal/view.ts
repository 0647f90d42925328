import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import type { TerminalState } from "../../sync/frame";
import { Store } from "../../sync/store";
import { TerminalClient, type TerminalConnection } from "../../sync/terminal";
import { muteQueries } from "./query";
import { onThemeChange, terminalTheme } from "./theme";

const font = '"JetBrains Mono Variable"';

/** Pixels. A cell is 0.6 of it wide, and WebGL cuts that to whole pixels: this makes 8 of it. */
const fontSize = 13.35;

/** Bytes that may lie undrawn, and those at which more are taken again. */
const mostPending = 8 << 20;
const fewPending = 1 << 20;

/** What the surroundings of the terminal show. */
export type TerminalView = {
  connection: TerminalConnection;
  state?: TerminalState;
  /** The terminal is smaller than its place here: someone else's window is. */
  narrowed?: { cols: number; rows: number };
  /** What was typed last could not be taken: too much waits. */
  full?: boolean;
};

export type TerminalConfig = {
  parent: HTMLElement;
  url: (client: string, offset: number) => string;
  /** What a screen reader calls it. */
  label: string;
  /** Keys that belong to the app and not to the program. */
  isAppKey: (e: KeyboardEvent) => boolean;
};

/**
 * A terminal on the screen: the emulator, its place, and a viewer of the
 * project's terminal. The project decides how large it is, so that everybody who
 * looks can read all of it; where there is more room, the rest stays empty.
 */
export class TerminalScreen {
  readonly shown = new Store<TerminalView>({ connection: "paused" });
  #term: Terminal;
  #client: TerminalClient;
  #fit = new FitAddon();
  #search = new SearchAddon();
  #parent: HTMLElement;
  #visible = false;
  #running = false;
  /** It was asked to run again, and has not said yet that it does. */
  #restarting = false;
  /** Bytes that are not drawn yet; held: too many, so that no more are taken. */
  #pending = 0;
  #held = false;
  #wanted = { cols: 0, rows: 0 };
  /** The emulator parses later than it is given: what of its queue is a replay. */
  #replays: boolean[] = [];
  #stops: (() => void)[] = [];

  constructor(config: TerminalConfig) {
    this.#parent = config.parent;
    const term = new Terminal({
      fontFamily: `${font}, ui-monospace, monospace`,
      fontSize,
      lineHeight: 1.2,
      scrollback: 10_000,
      minimumContrastRatio: 4.5,
      allowProposedApi: true, // Unicode 11 widths
      theme: terminalTheme(config.parent),
      linkHandler: { activate: (_, uri) => openLink(uri) },
      macOptionIsMeta: true,
    });
    this.#term = term;
    this.#client = new TerminalClient(config.url, {
      output: (data, replay) => this.#write(data, replay),
      reset: () => this.#reset(),
      size: (cols, rows) => this.#sized(cols, rows),
      state: (state) => {
        if (!state.exited) this.#restarting = false;
        this.#show({ state });
      },
      connection: (connection) => this.#show({ connection }),
    });
    term.loadAddon(this.#fit);
    term.loadAddon(this.#search);
    term.loadAddon(new Unicode11Addon());
    term.unicode.activeVersion = "11";
    term.loadAddon(new WebLinksAddon((_, uri) => openLink(uri)));
    this.#stops.push(muteQueries(term, () => this.#silent()));
    this.#keys(config);
    term.open(config.parent);
    term.textarea?.setAttribute("aria-label", config.label);
    this.#stops.push(onThemeChange(() => this.#look()));
    const observer = new ResizeObserver(() => this.#measure());
    observer.observe(config.parent);
    this.#stops.push(() => observer.disconnect());
    const seen = () => this.#measure();
    document.addEventListener("visibilitychange", seen);
    this.#stops.push(() => document.removeEventListener("visibilitychange", seen));
    void this.#webgl();
    void this.#fonts();
  }

  /** The project runs, or does not: connect, or stop trying. */
  setRunning(running: boolean): void {
    this.#running = running;
    if (!running) this.#client.pause();
    else if (!this.#held) this.#client.start();
  }

  /** Tries at once where a try is waited for. */
  wake(): void {
    this.#client.wake();
  }

  /** Whether it is on the screen. A hidden one does not make others' smaller. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    this.#measure();
  }

  /** Keeps what is printed readable for screen readers, at some cost; says whether it does now. */
  toggleReading(): boolean {
    const on = this.#term.options.screenReaderMode !== true;
    this.#term.options.screenReaderMode = on;
    return on;
  }

  /** Whether it has the focus now. */
  focus(): boolean {
    this.#term.focus();
    return this.#parent.contains(document.activeElement);
  }

  restart(): void {
    this.#restarting = true;
    this.#client.restart();
  }

  /** Finds text in what is kept; true when it is there. */
  find(text: string, back = false): boolean {
    const decorations = this.#findColours();
    const o = decorations ? { decorations } : {};
    return back ? this.#search.findPrevious(text, o) : this.#search.findNext(text, o);
  }

  endFind(): void {
    this.#search.clearDecorations();
    this.#term.focus();
  }

  copy(): void {
    const text = this.#term.getSelection();
    if (text) void navigator.clipboard.writeText(text).catch(() => this.#term.focus());
  }

  async paste(): Promise<void> {
    // Without the permission the browser's own paste (Ctrl+Shift+V, menu) is left.
    const text = await navigator.clipboard.readText().catch(() => "");
    if (text) this.#term.paste(text);
    this.#term.focus();
  }

  get selected(): boolean {
    return this.#term.hasSelection();
  }

  destroy(): void {
    for (const stop of this.#stops) stop();
    this.#client.end();
    this.#term.dispose();
  }

  #keys(config: TerminalConfig): void {
    const term = this.#term;
    term.onData((data) => {
      // What is typed after Enter is for the program that begins.
      const over = this.shown.get().state?.exited && !this.#restarting;
      if (!over) this.#type(new TextEncoder().encode(data));
      else if (data === "\r") this.restart();
    });
    term.onBinary((data) => this.#type(Uint8Array.from(data, (c) => c.charCodeAt(0))));
    term.attachCustomKeyEventHandler((e) => {
      if (config.isAppKey(e)) return false;
      if (e.type !== "keydown") return true;
      const copy = e.ctrlKey && e.code === "KeyC" && (e.shiftKey || (term.hasSelection() && !e.altKey));
      if (copy && !e.metaKey) {
        e.preventDefault();
        this.copy();
        term.clearSelection();
        return false;
      }
      if (e.ctrlKey && e.shiftKey && e.code === "KeyV") return false; // the browser pastes
      return true;
    });
  }

  #type(data: Uint8Array): void {
    const taken = this.#client.input(data);
    if (taken === !this.shown.get().full) return;
    this.#show({ full: !taken });
  }

  #write(data: Uint8Array<ArrayBuffer>, replay: boolean): void {
    this.#replays.push(replay);
    this.#pending += data.length;
    this.#term.write(data, () => {
      this.#replays.shift();
      this.#pending -= data.length;
      this.#hold();
    });
    this.#hold();
  }

  /**
   * A program may print faster than a browser draws, and a socket cannot be told
   * to wait. When too much lies here, the terminal leaves until it is drawn; then
   * it goes on where it was, or with the last that the project still has.
   */
  #hold(): void {
    if (!this.#held && this.#pending > mostPending) {
      this.#held = true;
      this.#client.pause();
    } else if (this.#held && this.#pending < fewPending) {
      this.#held = false;
      if (this.#running) this.#client.start();
    }
  }

  /** Whether what is parsed now must not be answered. */
  #silent(): boolean {
    return this.#replays[0] === true || this.shown.get().state?.answers !== true;
  }

  #reset(): void {
    // In the queue with the output, so that what came before is cleared and nothing after.
    this.#replays.push(true);
    this.#term.write("\x1bc\x1b[3J", () => this.#replays.shift());
  }

  #sized(cols: number, rows: number): void {
    this.#term.resize(cols, rows);
    this.#narrow();
  }

  /** Tells the project how much can be shown here. */
  #measure(): void {
    const shown = this.#visible && document.visibilityState === "visible" && this.#parent.clientWidth > 0;
    const d = shown ? this.#fit.proposeDimensions() : undefined;
    const fits = d && Number.isFinite(d.cols) && Number.isFinite(d.rows);
    this.#wanted = fits ? { cols: clamp(d.cols), rows: clamp(d.rows) } : { cols: 0, rows: 0 };
    this.#client.resize(this.#wanted.cols, this.#wanted.rows);
    this.#narrow();
  }

  #narrow(): void {
    const { cols, rows } = this.#term;
    const less = this.#wanted.cols > 0 && (cols < this.#wanted.cols || rows < this.#wanted.rows);
    const was = this.shown.get().narrowed;
    if (!less && was) this.#show({ narrowed: undefined });
    if (less && (was?.cols !== cols || was.rows !== rows)) this.#show({ narrowed: { cols, rows } });
  }

  /** Draws with WebGL where there is one; when it is lost, the page's own elements do. */
  async #webgl(): Promise<void> {
    const { WebglAddon } = await import("@xterm/addon-webgl");
    if (!this.#parent.isConnected) return;
    try {
      const gl = new WebglAddon();
      gl.onContextLoss(() => gl.dispose());
      this.#term.loadAddon(gl);
    } catch {
      return; // no WebGL here
    }
  }

  /** Cells are measured once the font is there. */
  async #fonts(): Promise<void> {
    await document.fonts.load(`13px ${font}`);
    if (!this.#parent.isConnected) return;
    this.#term.options.fontFamily = `${font}, ui-monospace, monospace `;
    this.#measure();
  }

  #look(): void {
    this.#term.options.theme = terminalTheme(this.#parent);
  }

  #findColours() {
    const theme = terminalTheme(this.#parent);
    const hex = (c: string | undefined) => {
      const parts = (c ?? "").match(/\d+/g)?.slice(0, 3) ?? [];
      return `#${parts.map((p) => Number(p).toString(16).padStart(2, "0")).join("")}`;
    };
    const amber = hex(theme.yellow);
    return {
      matchOverviewRuler: amber,
      activeMatchColorOverviewRuler: amber,
      matchBorder: amber,
      activeMatchBackground: amber,
    };
  }

  #show(change: { [K in keyof TerminalView]?: TerminalView[K] | undefined }): void {
    const next = { ...this.shown.get(), ...change };
    if (next.narrowed === undefined) delete next.narrowed;
    // Required fields are never undefined in what callers give.
    this.shown.set(next as TerminalView);
  }
}

const clamp = (n: number) => Math.max(1, Math.min(1000, Math.floor(n)));

/** Opens what a program printed as a link: web addresses only, without a way back here. */
function openLink(uri: string): void {
  if (/^https?:\/\//i.test(uri)) window.open(uri, "_blank", "noopener,noreferrer");
}
