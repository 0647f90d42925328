import { inProject, socket } from "../../../api/address";
import {
  changeGit,
  type GitAsk,
  type GitCredential,
  type GitDone,
  type GitEvent,
  type GitOverview,
  type GitProgress,
  type GitStatus,
  type GitTransfer,
  readGit,
  transferGit,
} from "../../../api/git";
import { Store } from "../../../sync/store";
import { FolderWatch } from "../../../sync/watch";
import type { Workspace } from "../model";
import { joinPath, parentOf } from "../path";
import { marksOf } from "./states";

/** Milliseconds: changes on the disk are gathered for so long, and read at most so often. */
const gather = 250;
const atMost = 1500;
/** The same where there is no repository yet: one may be made in a terminal. */
const seldom = 5000;

/** A transfer under way. */
export type Transferring = { action: string; progress: GitProgress | undefined; stop: () => void };

/** A remote that wants to know who asks, and what goes on with the answer. */
export type Asking = { ask: GitAsk; answer: (c: GitCredential | undefined, keep: boolean) => void };

/** Git as this page sees it: the repositories of the project and how they are. */
export class GitStore {
  readonly overview = new Store<GitOverview | undefined>(undefined);
  /** How the chosen repository is. */
  readonly status = new Store<GitStatus | undefined>(undefined);
  readonly chosen = new Store<string>("");
  readonly error = new Store<unknown>(undefined);
  readonly transferring = new Store<Transferring | undefined>(undefined);
  /** What is said when a pull found commits on both sides, until the person has chosen. */
  readonly diverged = new Store("");
  readonly asking = new Store<Asking | undefined>(undefined);
  /** Counts what may have changed the files' differences. */
  readonly version = new Store(0);
  #workspace: Workspace;
  #watch: FolderWatch;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #read = 0;
  #reading = false;
  #again = false;
  /** Counts the looks for repositories: an older one that is late says nothing. */
  #finding = 0;
  /** Credentials by what they are for: this tab's memory, and nowhere else. */
  #known = new Map<string, GitCredential>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#watch = new FolderWatch(
      () => socket(inProject(workspace.project, "watch")).href,
      () => this.soon(),
    );
  }

  get project(): string {
    return this.#workspace.project;
  }

  /** Begins to look; the returned function ends it. */
  start(): () => void {
    const seen = () => document.hidden || this.soon();
    document.addEventListener("visibilitychange", seen);
    const stops = [
      () => document.removeEventListener("visibilitychange", seen),
      this.#workspace.tree.watched.subscribe(() => this.#watchFolders()),
      this.#workspace.tabs.subscribe(() => this.#watchFolders()),
    ];
    void this.find();
    return () => {
      for (const stop of stops) stop();
      clearTimeout(this.#timer);
      this.#watch.pause();
      this.transferring.get()?.stop();
    };
  }

  /** Looks for repositories. */
  async find(): Promise<void> {
    const turn = ++this.#finding;
    try {
      const open = this.#workspace.active.get()?.tab;
      const near = open?.kind === "file" ? open.path : "";
      const overview = await readGit(this.project, "repositories", near ? { path: near } : {});
      if (turn !== this.#finding) return;
      this.overview.set(overview);
      const paths = overview.repositories.map((r) => r.path);
      if (!paths.includes(this.chosen.get())) this.chosen.set(paths[0] ?? "");
      this.error.set(undefined);
      this.#read = Date.now();
      this.#watchFolders();
      this.#watch.start();
      if (paths.length > 0) await this.refresh();
      else {
        this.status.set(undefined);
        this.#workspace.files.marks.set(new Map());
      }
    } catch (e) {
      if (turn === this.#finding) this.error.set(e);
    }
  }

  choose(repo: string): void {
    this.chosen.set(repo);
    this.status.set(undefined);
    this.#watchFolders();
    void this.refresh();
  }

  /** Something may have changed: reads again, not too often, and never for a hidden tab. */
  soon(): void {
    if (this.#timer !== undefined || document.hidden) return;
    const often = this.overview.get()?.repositories.length === 0 ? seldom : atMost;
    const wait = Math.max(gather, this.#read + often - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!document.hidden) void this.refresh();
    }, wait);
  }

  /** Reads how the repository is; where there is none, looks for one. */
  async refresh(): Promise<void> {
    if (this.overview.get()?.repositories.length === 0) return this.find();
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    try {
      const repo = this.chosen.get();
      const status = await readGit(this.project, "status", { repo });
      if (repo === this.chosen.get()) this.#show(status);
      this.error.set(undefined);
    } catch (e) {
      this.error.set(e);
    } finally {
      this.#read = Date.now();
      this.#reading = false;
      if (this.#again) {
        this.#again = false;
        this.soon();
      }
    }
  }

  #show(status: GitStatus): void {
    this.status.set(status);
    this.#workspace.files.marks.set(marksOf([status]));
    this.version.set(this.version.get() + 1);
  }

  /** Does something to the repository and shows how it is then. Throws RequestError. */
  async change(
    ...args: Parameters<typeof changeGit> extends [string, ...infer R] ? R : never
  ): Promise<GitDone> {
    try {
      const done = await changeGit(this.project, ...args);
      this.#show(done.status);
      return done;
    } catch (e) {
      void this.refresh();
      throw e;
    }
  }

  /** Talks to a remote; asks for a credential when that wants one. undefined: the person gave up. */
  async transfer(t: GitTransfer): Promise<GitEvent | undefined> {
    const stop = new AbortController();
    let progress: GitProgress | undefined;
    const tell = () => this.transferring.set({ action: t.action, progress, stop: () => stop.abort() });
    tell();
    try {
      let credential = this.#known.get(this.#originOf(t));
      for (;;) {
        const sent: GitTransfer = credential === undefined ? t : { ...t, credential };
        const event = await transferGit(
          this.project,
          sent,
          (p) => {
            progress = p;
            tell();
          },
          stop.signal,
        );
        if (event.done && t.action !== "clone") this.#show(event.done.status);
        if (event.credential === undefined) return event;
        this.#known.delete(event.credential.url);
        credential = await this.#ask(event.credential);
        if (credential === undefined) return undefined;
      }
    } catch (e) {
      if (stop.signal.aborted) return undefined;
      throw e;
    } finally {
      this.transferring.set(undefined);
      if (t.action === "clone") void this.find();
    }
  }

  /** Whom a transfer will talk to: scheme, host and port. */
  #originOf(t: GitTransfer): string {
    const { remotes = [], upstream = "" } = this.status.get() ?? {};
    const name = t.remote ?? upstream.slice(0, upstream.indexOf("/"));
    const remote =
      remotes.find((r) => r.name === name) ?? remotes.find((r) => r.name === "origin") ?? remotes[0];
    try {
      return new URL(t.url ?? remote?.url ?? "").origin;
    } catch {
      return "";
    }
  }

  #ask(ask: GitAsk): Promise<GitCredential | undefined> {
    return new Promise((done) => {
      this.asking.set({
        ask,
        answer: (c, keep) => {
          this.asking.set(undefined);
          const given = c && { ...c, url: ask.url };
          if (given && keep) this.#known.set(ask.url, given);
          done(given);
        },
      });
    });
  }

  #watchFolders(): void {
    const repos = this.overview.get()?.repositories;
    if (repos === undefined) return;
    if (repos.length === 0) {
      this.#watch.set([...new Set(["", ...this.#workspace.tree.watched.get()])].slice(0, 250));
      return;
    }
    const repo = this.chosen.get();
    const open = this.#workspace.tabs
      .get()
      .flatMap((o) => (o.tab.kind === "file" ? [parentOf(o.tab.path)] : []));
    const changed = this.status.get()?.changes.map((c) => parentOf(c.path)) ?? [];
    const own = [repo, joinPath(repo, ".git"), joinPath(repo, ".git/refs/heads")];
    const all = new Set([...own, ...this.#workspace.tree.watched.get(), ...open, ...changed]);
    this.#watch.set([...all].slice(0, 250));
  }
}

const stores = new WeakMap<Workspace, GitStore>();

/** The one store of a workspace. */
export function gitOf(workspace: Workspace): GitStore {
  let store = stores.get(workspace);
  if (store === undefined) {
    store = new GitStore(workspace);
    stores.set(workspace, store);
  }
  return store;
}
