import type { IDockviewPanel } from "dockview-react";
import { inProject, socket } from "../../api/address";
import type { Phase } from "../../api/types";
import { Copies } from "../../sync/copies";
import type { Kept, Self } from "../../sync/document";
import { Documents } from "../../sync/documents";
import { Store } from "../../sync/store";
import { holdKeys } from "../../ui/ahead";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { type Side, type Tab, widthOf } from "./arrangement";
import { Deck, type Opening, type OpenTab } from "./deck";
import { Jobs, jobCalls } from "./jobs";
import { Keeping } from "./keeping";
import type { Order } from "./order";
import { ProjectFiles, whyNot } from "./projectfiles";
import { sendTo, Uploads, unfinished } from "./upload";

export type { OpenTab, Place } from "./deck";

/** Something that the explorer shall begin. */
export type Wish =
  | "focus"
  | "file"
  | "folder"
  | "upload"
  | "upload-folder"
  | "rename"
  | "move"
  | "purge"
  | "goto"
  | "filter"
  | "trash";

/** What takes the focus when a wish comes true; "" for nothing of the page. */
function fieldOf(wish: Wish): string {
  switch (wish) {
    case "focus":
      return "[data-explorer]";
    case "file":
    case "folder":
    case "rename":
      return "[data-naming]";
    case "filter":
      return "[data-filter]";
    case "upload":
    case "upload-folder":
      return "";
    default:
      return "[role=dialog],[role=alertdialog]";
  }
}

/** Says once that this browser cannot write copies down. */
function noRoom(): () => void {
  let told = false;
  return () => {
    if (told) return;
    told = true;
    const text = t("This browser has no room to keep edits. Do not close the page while it is offline.");
    toast({ text, kind: "bad" });
  };
}

/**
 * A workspace: what one person has open in one project. It holds what lives
 * longer than a component of the page and shorter than the page: tabs and splits
 * (Deck), the files (ProjectFiles) and how it is arranged (Keeping).
 */
export class Workspace {
  readonly project: string;
  readonly self: Self;
  readonly documents: Documents;
  readonly deck: Deck;
  readonly files: ProjectFiles;
  readonly keeping: Keeping;
  readonly uploads: Uploads;
  /** Work on many files that goes on. */
  readonly jobs: Jobs;
  /** Something that the explorer shall begin, when it is there. */
  readonly wish = new Store<Wish | undefined>(undefined);
  /** Whose cursor the screen follows; an account. */
  readonly following = new Store("");
  /** Counts the times at which the project began to run, as far as the page saw it. */
  readonly attempts = new Store(0);
  #running = false;
  #stops: (() => void)[] = [];

  constructor(project: string, self: Self, kept: unknown) {
    this.project = project;
    this.self = self;
    this.documents = new Documents({
      url: (path, query) => `${socket(inProject(project, "sync", path)).href}?${query}`,
      self,
      probe: (path) => whyNot(project, path),
      copies: new Copies(self.account, project, noRoom()),
    });
    this.documents.stranded = (path, kept) => this.#stranded(path, kept);
    this.keeping = new Keeping(project, kept);
    this.deck = new Deck(project, this.documents, (dock) => this.keeping.docked(dock));
    this.jobs = new Jobs(self.account, jobCalls(project));
    this.files = new ProjectFiles(project, this.jobs, {
      open: () => this.tabs.get().flatMap((o) => (o.tab.kind === "file" ? [o.tab.path] : [])),
      moved: (from, to) => this.deck.moved(from, to),
      removed: (path) => this.deck.closeWithin(path),
    });
    this.uploads = new Uploads(sendTo(project));
  }

  get arrangement() {
    return this.keeping.arrangement;
  }
  get tree() {
    return this.files.tree;
  }
  get versions() {
    return this.files.versions;
  }
  get active() {
    return this.deck.active;
  }
  get tabs() {
    return this.deck.tabs;
  }
  get docks() {
    return this.deck.docks;
  }

  /** Begins to listen; the returned function stops it. Both may be called again. */
  start(): () => void {
    const leave = () => this.keeping.leave();
    const warn = (e: BeforeUnloadEvent) => {
      if (this.documents.unsafe || this.uploads.list.get().some(unfinished)) e.preventDefault();
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
      this.files.clipboard.start(),
    ];
    return () => {
      leave();
      for (const stop of this.#stops) stop();
      this.files.pause();
      this.tree.end();
      this.jobs.end();
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
    } else if (phase !== "starting") this.files.pause();
    this.#running = phase === "running";
  }

  #resume(): void {
    const { expanded, hidden, order } = this.arrangement.get();
    this.files.resume(expanded, hidden, order);
  }

  tabOf(panel: { id: string }, tab: Tab): OpenTab {
    return this.deck.tabOf(panel, tab);
  }
  closed(id: string): void {
    this.deck.closed(id);
  }
  activated(panel: IDockviewPanel | undefined): void {
    this.deck.activated(panel);
  }
  openFile(path: string, o: Opening = {}): void {
    this.deck.openFile(path, o);
  }
  /** Shows a view of views.tsx in a tab. */
  openView(view: string, path: string, title: string, o: { beside?: boolean } = {}): void {
    this.deck.openView(view, path, title, o);
  }
  openTerminal(terminal: string, name: string): void {
    this.deck.openTerminal(terminal, name);
  }
  /** Makes a terminal, in a folder if one is given, and opens it. Throws RequestError. */
  newTerminal(dir = ""): Promise<void> {
    return this.deck.newTerminal(dir);
  }
  closeActive(): void {
    this.deck.closeActive();
  }
  split(direction: "right" | "below"): void {
    this.deck.split(direction);
  }
  step(by: 1 | -1): void {
    this.deck.step(by);
  }
  nextSplit(): void {
    this.deck.nextSplit();
  }
  docked(): void {
    this.deck.docked();
  }
  ended(terminal: string): void {
    this.deck.ended(terminal);
  }

  show(side: Side): void {
    this.keeping.change({ side });
  }

  /** Shows the explorer and has it begin something. What is typed until then is for that. */
  want(wish: Wish): void {
    const field = fieldOf(wish);
    if (field !== "") holdKeys(field);
    this.wish.set(wish);
    this.show("files");
  }

  setWidth(width: number): void {
    this.keeping.change({ width: widthOf(width) });
  }

  setHidden(hidden: boolean): void {
    this.tree.setHidden(hidden);
    this.keeping.change({ hidden });
  }

  setOrder(order: Order): void {
    this.tree.setOrder(order);
    this.keeping.change({ order });
  }

  /** Edits of a file that is not open could not be merged: they are offered where it is opened. */
  #stranded(path: string, { edits, why }: Kept): void {
    const text =
      why === "deleted"
        ? t(
            "{path} is not there any more. {edits, plural, one {An edit of yours waits in this browser, and is} other {# edits of yours wait in this browser, and are}} merged when the file is back or opened under its new name.",
            { edits, path },
          )
        : t(
            "{edits, plural, one {# edit of yours to {path} that waited} other {# edits of yours to {path} that waited}} could not be merged.",
            { edits, path },
          );
    const label = why === "deleted" ? t("Show what I wrote") : t("Open the file");
    toast({ text, kind: "bad", action: { label, run: () => this.openFile(path) } });
  }

  #watchFolders(): void {
    this.files.watchFolders();
    const { expanded } = this.tree;
    // Before the tree has begun, what was kept is not to be forgotten.
    if (this.#running && this.tree.rows.get().length > 0) this.keeping.change({ expanded });
  }
}
