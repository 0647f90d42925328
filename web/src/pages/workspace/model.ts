import type { DockviewApi, DockviewGroupPanel, IDockviewPanel, Position } from "dockview-react";
import { api, inProject, socket } from "../../api/address";
import { fetchRaw } from "../../api/fetch";
import { isKind } from "../../api/problem";
import { actOnFile, createTerminal, listFolder, statFile } from "../../api/project";
import type { Phase } from "../../api/types";
import type { EditorHandle, EditorHost, EditorStatus } from "../../editors/host";
import type { Over, Self } from "../../sync/document";
import { Documents } from "../../sync/documents";
import { Store } from "../../sync/store";
import { FolderWatch } from "../../sync/watch";
import { isAppKey } from "./appkey";
import {
  type Arrangement,
  Keeper,
  movedPath,
  readArrangement,
  readTab,
  type Side,
  sameTab,
  type Tab,
  widthOf,
  writeArrangement,
} from "./arrangement";
import { isWithin, nameOf, parentOf, Tree } from "./tree";
import { sendTo, Uploads, unfinished } from "./upload";

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

/**
 * A workspace: what one person has open in one project. It holds what lives
 * longer than a component of the page and shorter than the page.
 */
export class Workspace {
  readonly project: string;
  readonly self: Self;
  readonly documents: Documents;
  readonly tree: Tree;
  readonly uploads: Uploads;
  readonly arrangement: Store<Arrangement>;
  /** The tab that keys go to. */
  readonly active = new Store<OpenTab | undefined>(undefined);
  /** The tabs that are open, in no order. */
  readonly tabs = new Store<readonly OpenTab[]>([]);
  /** Something that the explorer shall begin, when it is there. */
  readonly wish = new Store<"file" | "folder" | "upload" | "upload-folder" | undefined>(undefined);
  /** Whose cursor the screen follows; an account. */
  readonly following = new Store("");
  /** Counts the times at which the project began to run, as far as the page saw it. */
  readonly attempts = new Store(0);
  /** Counts changes on the disk, by path, for viewers that read again. */
  readonly versions = new Store<ReadonlyMap<string, number>>(new Map());
  #watch: FolderWatch;
  #keeper: Keeper<Arrangement>;
  /** The dock, once it is there with its tabs. */
  readonly docks = new Store<DockviewApi | undefined>(undefined);
  #running = false;
  #stops: (() => void)[] = [];
  #next = 1;

  constructor(project: string, self: Self, kept: unknown) {
    this.project = project;
    this.self = self;
    this.arrangement = new Store(readArrangement(kept));
    this.documents = new Documents({
      url: (path, query) => `${socket(inProject(project, "sync", path)).href}?${query}`,
      self,
      probe: (path) => this.#why(path),
    });
    this.tree = new Tree((path, after, hidden) =>
      listFolder(project, path, { ...(after ? { after } : {}), hidden }),
    );
    this.uploads = new Uploads(sendTo(project, ""));
    this.#watch = new FolderWatch(
      () => socket(inProject(project, "watch")).href,
      (c) => {
        this.tree.changed(c);
        this.#changed(c.dir, c.names);
      },
    );
    this.#keeper = new Keeper((a, leaving) => this.#keep(a, leaving));
  }

  /** Begins to listen; the returned function stops it. Both may be called again. */
  start(): () => void {
    const leave = () => this.#keeper.leave();
    const warn = (e: BeforeUnloadEvent) => {
      if (this.documents.waiting.get() > 0 || this.uploads.list.get().some(unfinished)) e.preventDefault();
    };
    window.addEventListener("pagehide", leave);
    window.addEventListener("beforeunload", warn);
    const unwatch = this.tree.watched.subscribe(() => this.#watchFolders());
    const untab = this.tabs.subscribe(() => this.#watchFolders());
    this.#watchFolders();
    if (this.#running) this.#resume();
    this.#stops = [
      () => window.removeEventListener("pagehide", leave),
      () => window.removeEventListener("beforeunload", warn),
      unwatch,
      untab,
    ];
    return () => {
      leave();
      for (const stop of this.#stops) stop();
      this.#watch.pause();
      this.tree.end();
    };
  }

  /**
   * The project is in another phase. While it starts, what is open already tries
   * to connect; when it runs, nothing waits any longer.
   */
  setPhase(phase: Phase): void {
    this.documents.setRunning(phase === "running" || phase === "starting");
    if (phase === "running") {
      this.documents.wake();
      this.attempts.set(this.attempts.get() + 1);
      if (!this.#running) this.#resume();
    } else if (phase !== "starting") this.#watch.pause();
    this.#running = phase === "running";
  }

  /** Reads and watches the folders that are open. */
  #resume(): void {
    this.#watch.start();
    const { expanded, hidden } = this.arrangement.get();
    void this.tree.begin(expanded, hidden);
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

  openFile(path: string, o: { line?: number; beside?: boolean; focus?: boolean; at?: Place } = {}): void {
    const open = this.#open({ kind: "file", path }, nameOf(path), o.beside === true, o.at);
    if (o.focus !== false) whenThere(open, (h) => (o.line ? h.goTo?.(o.line) : h.focus()));
  }

  /** Shows a view of views.tsx in a tab. */
  openView(view: string, path: string, title: string, o: { beside?: boolean } = {}): void {
    whenThere(this.#open({ kind: "view", view, path }, title, o.beside === true), (h) => h.focus());
  }

  openTerminal(terminal: string, name: string): void {
    whenThere(this.#open({ kind: "terminal", terminal }, name, false), (h) => h.focus());
  }

  /** Makes a terminal, in a folder if one is given, and opens it. Throws RequestError. */
  async newTerminal(dir = ""): Promise<void> {
    const made = await createTerminal(this.project, dir ? { dir } : {});
    this.openTerminal(made.id, made.name);
  }

  closeActive(): void {
    const id = this.active.get()?.id;
    if (id) this.#dock?.getPanel(id)?.api.close();
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

  /** Moves or renames. Tabs of it, and of what is in it, go along. Throws RequestError. */
  async move(from: string, to: string): Promise<void> {
    await actOnFile(this.project, from, { action: "move", to });
    this.tree.moved(from, to);
    this.#movedTabs(from, to);
  }

  /** Closes the tabs of what was deleted. */
  removed(path: string): void {
    this.tree.changed({ dir: path, gone: true });
    for (const o of this.tabs.get()) {
      if (o.tab.kind === "file" && isWithin(o.tab.path, path)) this.#dock?.getPanel(o.id)?.api.close();
    }
  }

  /** Closes the tabs of a terminal. */
  ended(terminal: string): void {
    for (const o of this.tabs.get()) {
      if (o.tab.kind === "terminal" && o.tab.terminal === terminal) this.#dock?.getPanel(o.id)?.api.close();
    }
  }

  show(side: Side): void {
    this.#arrange({ side });
  }

  /** Shows the explorer and has it begin something. */
  want(wish: "file" | "folder" | "upload" | "upload-folder"): void {
    this.wish.set(wish);
    this.show("files");
  }

  setWidth(width: number): void {
    this.#arrange({ width: widthOf(width) });
  }

  setHidden(hidden: boolean): void {
    this.tree.setHidden(hidden);
    this.#arrange({ hidden });
  }

  /** Tabs or splits changed. */
  docked(): void {
    const dock = this.#dock;
    if (!dock) return;
    const { dock: _, ...rest } = this.arrangement.get();
    this.#set(dock.totalPanels > 0 ? { ...rest, dock: { ...dock.toJSON() } } : rest);
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

  #host(id: string): EditorHost {
    const tab = () => this.tabs.get().find((o) => o.id === id);
    return {
      project: this.project,
      documents: this.documents,
      tell: (change) => {
        const open = tab();
        if (!open) return;
        open.status.set({ ...open.status.get(), ...change });
        const path = change.document?.path;
        if (path && open.tab.kind === "file" && path !== open.tab.path) this.#movedTabs(open.tab.path, path);
      },
      offer: (handle) => {
        const open = tab();
        if (open) open.handle = handle;
      },
      isAppKey,
    };
  }

  #movedTabs(from: string, to: string): void {
    for (const panel of this.#dock?.panels ?? []) {
      const tab = readTab(panel.params);
      if (tab?.kind !== "file") continue;
      const path = movedPath(tab.path, from, to);
      if (path === tab.path) continue;
      panel.api.updateParameters({ kind: "file", path });
      panel.api.setTitle(nameOf(path));
      const open = this.tabs.get().find((o) => o.id === panel.id);
      if (open) open.tab = { kind: "file", path };
    }
    this.tabs.set([...this.tabs.get()]);
    this.docked();
  }

  #watchFolders(): void {
    const open = this.tabs.get().flatMap((o) => (o.tab.kind === "file" ? [parentOf(o.tab.path)] : []));
    this.#watch.set([...new Set([...this.tree.watched.get(), ...open])]);
    const expanded = this.tree.expanded;
    // Before the tree has begun, what was kept is not to be forgotten.
    if (this.#running && this.tree.rows.get().length > 0) this.#arrange({ expanded });
  }

  #changed(dir: string, names: string[] | undefined): void {
    const next = new Map(this.versions.get());
    for (const o of this.tabs.get()) {
      if (o.tab.kind !== "file") continue;
      const { path } = o.tab;
      if (parentOf(path) === dir && (!names || names.includes(nameOf(path))))
        next.set(path, (next.get(path) ?? 0) + 1);
    }
    this.versions.set(next);
  }

  #arrange(change: Partial<Arrangement>): void {
    this.#set({ ...this.arrangement.get(), ...change });
  }

  #set(next: Arrangement): void {
    if (JSON.stringify(next) === JSON.stringify(this.arrangement.get())) return;
    this.arrangement.set(next);
    this.#keeper.changed(next);
  }

  #keep(a: Arrangement, leaving: boolean): Promise<Response> {
    return fetchRaw(api("projects", this.project, "layout"), {
      method: "PUT",
      body: JSON.stringify({ layout: writeArrangement(a) }),
      headers: { "Content-Type": "application/json" },
      keepalive: leaving,
    });
  }

  /** Why a document cannot be reached: the file's own address says it. */
  async #why(path: string): Promise<Over | undefined> {
    try {
      await statFile(this.project, path);
    } catch (e) {
      if (isKind(e, "unauthenticated")) return "signed-out";
      if (isKind(e, "forbidden")) return "forbidden";
      if (isKind(e, "not-found")) return "deleted";
    }
    return undefined;
  }
}

/** Calls f with the editor of a tab, once it is there; for two seconds at most. */
function whenThere(open: OpenTab | undefined, f: (h: EditorHandle) => void): void {
  const end = Date.now() + 2000;
  const look = () => {
    if (open?.handle) f(open.handle);
    else if (open && Date.now() < end) requestAnimationFrame(look);
  };
  look();
}
