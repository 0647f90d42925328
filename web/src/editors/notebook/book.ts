import { actOnNotebook, type NotebookAction } from "../../api/notebooks";
import { messageOf } from "../../api/problem";
import type { DocumentSession } from "../../sync/document";
import { Store } from "../../sync/store";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import type { Cell } from "./cell";
import { Comms } from "./comms";
import { KernelLink } from "./link";
import { Notebook } from "./model";
import { Page } from "./page";
import { Presence } from "./presence";
import { keepTrust, keptTrust } from "./trust";

/** Milliseconds for which a run waits until the project has what was typed. */
const patience = 5000;

/** An open notebook: its cells, a person's view of them, and its kernel. */
export class Book {
  readonly project: string;
  readonly session: DocumentSession;
  readonly nb: Notebook;
  readonly page: Page;
  readonly link: KernelLink;
  readonly presence: Presence;
  readonly comms: Comms;
  /** Cells that shall run, until the project says that they wait or run: by id. */
  readonly asked = new Store<ReadonlySet<string>>(new Set());
  /** Scripts of all outputs may run: the person said so, on this device. */
  readonly trusted: Store<boolean>;
  /** What is done with a kernel is not shown to whoever may not. */
  readonly mayRun = new Store(false);
  #stops: (() => void)[];

  constructor(project: string, session: DocumentSession) {
    this.project = project;
    this.session = session;
    this.nb = new Notebook(session.doc);
    this.page = new Page(this.nb);
    this.link = new KernelLink(project, this.path);
    this.trusted = new Store(keptTrust(project, this.path));
    this.comms = new Comms((m) => this.link.sendComm(m));
    this.comms.restore(this.nb.metadata.get().widgets);
    this.link.comm = (m) => this.comms.take(m);
    this.presence = new Presence(session.awareness);
    const here = () => this.presence.tell(this.page.current?.id ?? "");
    this.#stops = [
      () => this.presence.end(),
      this.page.selection.subscribe(here),
      this.link.state.subscribe(() => this.#seen()),
      session.state.subscribe(() => this.link.move(this.path)),
    ];
  }

  /** What runs now writes its own outputs: those were cleared when it began. */
  #seen(): void {
    const { live, state } = this.link.state.get();
    if (!live) return;
    for (const q of state.queue ?? []) if (q.running) this.nb.byID(q.cell)?.produced.set(true);
  }

  get path(): string {
    return this.session.state.get().path;
  }

  end(): void {
    for (const stop of this.#stops) stop();
    this.link.end();
    this.page.destroy();
    this.nb.destroy();
  }

  trust(): void {
    keepTrust(this.project, this.path);
    this.trusted.set(true);
  }

  /** Does something with the kernel; what went wrong is told. */
  async act(action: NotebookAction): Promise<boolean> {
    try {
      this.link.told(await actOnNotebook(this.project, this.path, action));
      return true;
    } catch (e) {
      toast({ text: messageOf(e), kind: "bad" });
      return false;
    }
  }

  /** Runs cells: code by the kernel, markdown by showing what it means. */
  async run(cells: readonly Cell[]): Promise<void> {
    for (const c of cells) if (c.head.get().type === "markdown") this.page.show(c.key, false);
    const ids = cells.filter((c) => c.head.get().type === "code" && c.text.trim() !== "").map((c) => c.id);
    if (ids.length === 0 || !this.mayRun.get()) return;
    await this.#asking(ids, { action: "run", cells: ids });
  }

  async runAll(action: "run-all" | "restart-run-all"): Promise<void> {
    for (const c of this.nb.list.get()) if (c.head.get().type === "markdown") this.page.show(c.key, false);
    await this.#asking([], { action });
  }

  async runFrom(action: "run-above" | "run-below", cell: Cell): Promise<void> {
    await this.#asking([], { action, cell: cell.id });
  }

  async #asking(ids: readonly string[], action: NotebookAction): Promise<void> {
    if (!this.mayRun.get()) return;
    this.asked.set(new Set([...this.asked.get(), ...ids]));
    if (await this.#sent()) await this.act(action);
    const left = new Set(this.asked.get());
    for (const id of ids) left.delete(id);
    this.asked.set(left);
  }

  /** What was typed is where it runs. */
  #sent(): Promise<boolean> {
    const { state } = this.session;
    if (state.get().waiting === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (ok: boolean) => {
        clearTimeout(timer);
        stop();
        resolve(ok);
      };
      const timer = setTimeout(() => {
        toast({
          text: t("Not run: what was typed has not reached the project yet. Try again when it is saved."),
          kind: "bad",
        });
        done(false);
      }, patience);
      const stop = state.subscribe(() => state.get().waiting === 0 && done(true));
    });
  }
}
