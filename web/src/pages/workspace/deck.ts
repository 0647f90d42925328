import type { DockviewApi, DockviewGroupPanel, IDockviewPanel, Position } from "dockview-react";
import { createTerminal } from "../../api/project";
import type { EditorHandle, EditorHost, EditorStatus } from "../../editors/host";
import type { Documents } from "../../sync/documents";
import { Store } from "../../sync/store";
import { type Hold, holdKeys } from "../../ui/ahead";
import { isAppKey } from "./appkey";
import { movedPath, readTab, sameTab, type Tab } from "./arrangement";
import { isWithin, nameOf } from "./path";
import { views } from "./views";

/** Where in the dock something is put. */
export type Place = { group?: DockviewGroupPanel; position: Position };

const toward = { top: "above", bottom: "below", left: "left", right: "right", center: "within" } as const;

/** A tab that is open, with what its editor tells. */
export type OpenTab = {
  id: string;
  tab: Tab;
  host: EditorHost;
  status: Store<EditorStatus>;
  handle: EditorHandle | undefined;
};

/** How a file is opened. */
export type Opening = {
  /** Line and column from 1, and how many units behind them are selected. */
  line?: number;
  column?: number;
  length?: number;
  beside?: boolean;
  focus?: boolean;
  at?: Place;
};

/** The tabs and splits of a workspace. */
export class Deck {
  /** The tab that keys go to. */
  readonly active = new Store<OpenTab | undefined>(undefined);
  /** The tabs that are open, in no order. */
  readonly tabs = new Store<readonly OpenTab[]>([]);
  /** What was renamed last. */
  readonly moves = new Store({ from: "", to: "" });
  /** The dock, once it is there with its tabs. */
  readonly docks = new Store<DockviewApi | undefined>(undefined);
  #project: string;
  #documents: Documents;
  #keep: (dock: Record<string, unknown> | undefined) => void;
  #next = 1;

  /** keep is called with the dock's own form after each change; without, when no tab is open. */
  constructor(
    project: string,
    documents: Documents,
    keep: (dock: Record<string, unknown> | undefined) => void,
  ) {
    this.#project = project;
    this.#documents = documents;
    this.#keep = keep;
  }

  get #dock(): DockviewApi | undefined {
    return this.docks.get();
  }

  /** The tab of a panel; made when it is asked for first. */
  tabOf(panel: { id: string }, tab: Tab): OpenTab {
    const found = this.tabs.get().find((o) => o.id === panel.id);
    if (found) {
      found.tab = tab;
      return found;
    }
    const open: OpenTab = {
      id: panel.id,
      tab,
      status: new Store<EditorStatus>({}),
      handle: undefined,
      host: this.#host(panel.id),
    };
    this.tabs.set([...this.tabs.get(), open]);
    return open;
  }

  closed(id: string): void {
    this.tabs.set(this.tabs.get().filter((o) => o.id !== id));
    if (this.active.get()?.id === id) this.active.set(undefined);
  }

  /** A tab is the one that keys go to. */
  activated(panel: IDockviewPanel | undefined): void {
    const tab = panel && readTab(panel.params);
    this.active.set(panel && tab ? this.tabOf(panel, tab) : undefined);
  }

  openFile(path: string, o: Opening = {}): void {
    const open = this.#open({ kind: "file", path }, nameOf(path), o.beside === true, o.at);
    if (o.focus === false && !o.line) return;
    let gone = false;
    const go = (h: EditorHandle) => {
      if (o.line && !gone) h.goTo?.(o.line, o.column, o.length);
      gone = true;
      return o.focus === false || h.focus();
    };
    whenThere(open, go, o.focus === false ? undefined : holdKeys());
  }

  /** Shows a view of views.tsx in a tab. */
  openView(view: string, path: string, title: string, o: { beside?: boolean } = {}): void {
    whenThere(this.#open({ kind: "view", view, path }, title, o.beside === true), (h) => h.focus());
  }

  openTerminal(terminal: string, name: string): void {
    whenThere(this.#open({ kind: "terminal", terminal }, name, false), (h) => h.focus(), holdKeys());
  }

  /** Makes a terminal, in a folder if one is given, and opens it. Throws RequestError. */
  async newTerminal(dir = ""): Promise<void> {
    const made = await createTerminal(this.#project, dir ? { dir } : {});
    this.openTerminal(made.id, made.name);
  }

  closeActive(): void {
    const id = this.active.get()?.id;
    if (id) this.#dock?.getPanel(id)?.api.close();
  }

  /** Closes the tabs of a file, or of all that is in a folder. */
  closeWithin(path: string): void {
    this.#closeEach((tab) => tab.kind === "file" && isWithin(tab.path, path));
  }

  /** Closes the tabs of a terminal. */
  ended(terminal: string): void {
    this.#closeEach((tab) => tab.kind === "terminal" && tab.terminal === terminal);
  }

  /** Puts the tab that keys go to into a split of its own. */
  split(direction: "right" | "below"): void {
    const id = this.active.get()?.id;
    const panel = id ? this.#dock?.getPanel(id) : undefined;
    const tab = panel && readTab(panel.params);
    if (!panel || !tab) return;
    this.#dock?.addPanel({
      id: this.#newID(),
      component: "tab",
      title: panel.title ?? "",
      params: tab,
      position: { referencePanel: panel, direction },
    });
  }

  /** Goes to the next tab of the split, or the one before. */
  step(by: 1 | -1): void {
    if (by === 1) this.#dock?.activateNext({ includePanel: true });
    else this.#dock?.activatePrevious({ includePanel: true });
  }

  /** Goes to the next split, into what is open there. */
  nextSplit(): void {
    const groups = this.#dock?.groups ?? [];
    const at = groups.findIndex((g) => g.id === this.#dock?.activeGroup?.id);
    const panel = groups[(at + 1) % Math.max(1, groups.length)]?.activePanel;
    panel?.api.setActive();
    this.active.get()?.handle?.focus();
  }

  /** Tabs of a file or folder that moved, and of what is in it, go along. */
  moved(from: string, to: string): void {
    this.moves.set({ from, to });
    for (const panel of this.#dock?.panels ?? []) {
      const before = readTab(panel.params);
      const now = before && followed(before, from, to);
      if (!now) continue;
      panel.api.updateParameters(now.tab);
      panel.api.setTitle(now.title);
      const open = this.tabs.get().find((o) => o.id === panel.id);
      if (open) open.tab = now.tab;
    }
    this.tabs.set([...this.tabs.get()]);
    this.docked();
  }

  /** Tabs or splits changed. */
  docked(): void {
    const dock = this.#dock;
    if (dock) this.#keep(dock.totalPanels > 0 ? { ...dock.toJSON() } : undefined);
  }

  #closeEach(which: (tab: Tab) => boolean): void {
    for (const o of this.tabs.get()) if (which(o.tab)) this.#dock?.getPanel(o.id)?.api.close();
  }

  #open(tab: Tab, title: string, beside: boolean, place?: Place): OpenTab | undefined {
    const dock = this.#dock;
    if (!dock) return undefined;
    const same = dock.panels.find((p) => {
      const t = readTab(p.params);
      return t !== undefined && sameTab(t, tab);
    });
    if (same && !beside) {
      if (place?.group) same.api.moveTo({ group: place.group, position: place.position });
      same.api.setActive();
      return this.tabOf(same, tab);
    }
    const at = dock.activePanel;
    const beneath = place?.group
      ? { position: { referenceGroup: place.group, direction: toward[place.position] } }
      : {};
    const position =
      beside && at ? { position: { referencePanel: at, direction: "right" as const } } : beneath;
    const panel = dock.addPanel({ id: this.#newID(), component: "tab", title, params: tab, ...position });
    return this.tabOf(panel, tab);
  }

  #newID(): string {
    return `t${Date.now().toString(36)}${this.#next++}`;
  }

  /** Shows another file in a tab. */
  #turn(id: string, path: string): void {
    const panel = this.#dock?.getPanel(id);
    if (!panel) return;
    panel.api.updateParameters({ kind: "file", path });
    panel.api.setTitle(nameOf(path));
    this.tabs.set(
      this.tabs.get().map((o) => (o.id === id ? Object.assign(o, { tab: { kind: "file", path } }) : o)),
    );
    this.docked();
  }

  #host(id: string): EditorHost {
    const tab = () => this.tabs.get().find((o) => o.id === id);
    return {
      project: this.#project,
      documents: this.#documents,
      tell: (change) => {
        const open = tab();
        if (!open) return;
        open.status.set({ ...open.status.get(), ...change });
        const path = change.document?.path;
        if (path && open.tab.kind === "file" && path !== open.tab.path) this.moved(open.tab.path, path);
      },
      offer: (handle) => {
        const open = tab();
        if (open) open.handle = handle;
      },
      isAppKey,
      turn: (path) => this.#turn(id, path),
    };
  }
}

/** What a tab shows, and its title, when something was moved; undefined when that does not touch it. */
function followed(tab: Tab, from: string, to: string): { tab: Tab; title: string } | undefined {
  if (tab.kind === "terminal") return undefined;
  const path = movedPath(tab.path, from, to);
  const titleOf = tab.kind === "file" ? nameOf : views.find((v) => v.id === tab.view)?.titleOf;
  if (path === tab.path || !titleOf) return undefined;
  return { tab: { ...tab, path }, title: titleOf(path) };
}

/** Milliseconds for which an editor is waited for. */
const patience = 15_000;

/**
 * Calls f with the editor of a tab, once it is there and until f says that it is
 * done; for fifteen seconds at most, and not when the focus went elsewhere meanwhile:
 * nobody is taken out of what they do. What is typed until then is for the editor.
 */
function whenThere(open: OpenTab | undefined, f: (h: EditorHandle) => boolean, typed?: Hold): void {
  const end = Date.now() + patience;
  const from = document.activeElement;
  /** What f has given the focus to. */
  let given: Element | null = null;
  const look = () => {
    const now = document.activeElement;
    const moved = now !== from && now !== document.body && now !== given;
    const elsewhere = moved && (given || now?.closest("[role=menu],[role=dialog],[role=tree],aside"));
    if (elsewhere || !open || Date.now() >= end) return typed?.drop();
    if (open.handle && f(open.handle)) return typed?.arrived();
    if (document.activeElement !== now) given = document.activeElement;
    requestAnimationFrame(look);
  };
  look();
}
