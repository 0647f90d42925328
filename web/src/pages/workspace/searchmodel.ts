import { followJob, startJob } from "../../api/jobs";
import {
  type FoundFile,
  type FoundMatch,
  type SearchDone,
  searchText,
  type TextQuery,
} from "../../api/search";
import { Store } from "../../sync/store";
import type { Workspace } from "./model";

export type SearchQuery = Omit<TextQuery, "replacement"> & { replacement: string; replacing: boolean };

export type SearchState = {
  query: SearchQuery;
  phase: "idle" | "running" | "done" | "failed";
  files: readonly FoundFile[];
  /** Files that were looked at so far. */
  searched: number;
  done?: SearchDone | undefined;
  error?: unknown;
  /** Paths whose matches are folded away. */
  folded: ReadonlySet<string>;
  /** Where the keys are: see rowKey. */
  current: string;
  /** Something is being replaced. */
  replacing: boolean;
  /** What the last replacement did. */
  report?:
    | { matches: number; files: number; problems: readonly { path: string; message: string }[] }
    | undefined;
};

const nothing: SearchState = {
  query: {
    text: "",
    regex: false,
    capitals: false,
    word: false,
    include: "",
    exclude: "",
    hidden: false,
    ignored: false,
    replacement: "",
    replacing: false,
  },
  phase: "idle",
  files: [],
  searched: 0,
  folded: new Set(),
  current: "",
  replacing: false,
};

/** Milliseconds for which typing is waited for. */
const pause = 250;
/** Milliseconds between two drawings while files are found. */
const frame = 100;

/** The search of one workspace: it goes on, and stays, while another panel is shown. */
export class SearchModel {
  readonly state = new Store<SearchState>(nothing);
  #project: string;
  #stop: AbortController | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(project: string) {
    this.#project = project;
  }

  #set(change: Partial<SearchState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }

  /** Another query: it is searched when nobody has typed for a moment. */
  ask(change: Partial<SearchQuery>): void {
    this.#set({ query: { ...this.state.get().query, ...change } });
    clearTimeout(this.#later);
    this.#later = setTimeout(() => void this.run(), pause);
  }

  /** Searches now. */
  async run(): Promise<void> {
    clearTimeout(this.#later);
    this.#stop?.abort();
    const { query } = this.state.get();
    if (query.text === "") {
      this.#set({ phase: "idle", files: [], searched: 0, done: undefined, error: undefined, current: "" });
      return;
    }
    const stop = new AbortController();
    this.#stop = stop;
    const files: FoundFile[] = [];
    let searched = 0;
    let drawn: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      drawn = undefined;
      if (!stop.signal.aborted) this.#set({ files: [...files], searched });
    };
    const soon = () => {
      drawn ??= setTimeout(draw, frame);
    };
    this.#set({ phase: "running", searched: 0, error: undefined, done: undefined, report: undefined });
    // What was found before is shown until there is something new, so that nothing flickers.
    try {
      const { replacing, replacement, ...text } = query;
      const done = await searchText(
        this.#project,
        { ...text, ...(replacing && { replacement }) },
        {
          file: (f) => {
            files.push(f);
            soon();
          },
          searched: (n) => {
            searched = n;
            soon();
          },
        },
        stop.signal,
      );
      clearTimeout(drawn);
      if (!stop.signal.aborted) this.#set({ phase: "done", files, searched: done.searched, done });
    } catch (error) {
      clearTimeout(drawn);
      if (!stop.signal.aborted) this.#set({ phase: "failed", files, error });
    }
  }

  /** Ends the search; what was found stays. */
  cancel(): void {
    clearTimeout(this.#later);
    this.#stop?.abort();
    if (this.state.get().phase === "running") this.#set({ phase: "done" });
  }

  fold(path: string, folded: boolean): void {
    const all = new Set(this.state.get().folded);
    if (folded) all.add(path);
    else all.delete(path);
    this.#set({ folded: all });
  }

  foldAll(folded: boolean): void {
    this.#set({ folded: new Set(folded ? this.state.get().files.map((f) => f.path) : []) });
  }

  go(current: string): void {
    this.#set({ current });
  }

  /** Leaves a file, or a match of it, out of what is shown and replaced. */
  dismiss(path: string, match?: FoundMatch): void {
    const files = this.state
      .get()
      .files.map((f) =>
        f.path !== path || !match ? f : { ...f, matches: f.matches.filter((m) => m !== match) },
      )
      .filter((f) => f.matches.length > 0 && (match !== undefined || f.path !== path));
    this.#set({ files });
  }

  /** Replaces what is shown: all of it, that of one file, or one match. Throws RequestError. */
  async replace(path?: string, match?: FoundMatch): Promise<void> {
    const { query, files } = this.state.get();
    const chosen = files.filter((f) => f.text && (path === undefined || f.path === path));
    if (chosen.length === 0 || this.state.get().replacing) return;
    const matches = chosen.map((f) => ({ path: f.path, list: match ? [match] : f.matches }));
    const places = matches.flatMap((f) =>
      f.list.map((m) => ({ path: f.path, line: m.line, column: m.column })),
    );
    this.#set({ replacing: true, report: undefined });
    const stop = new AbortController();
    try {
      const job = await startJob(this.#project, {
        kind: "replace",
        paths: chosen.map((f) => f.path),
        replace: {
          text: query.text,
          regex: query.regex,
          case: query.capitals,
          word: query.word,
          with: query.replacement,
          versions: chosen.map((f) => f.version),
          // The matches that are shown, unless the file has more: then all of it was meant.
          places: chosen.some((f) => f.more) && !match ? [] : places,
        },
      });
      const ended = await followJob(this.#project, job.id, () => undefined, stop.signal);
      const failed = new Set(ended.problems.map((p) => p.path));
      const good = matches.filter((f) => !failed.has(f.path));
      const report = {
        matches: good.reduce((n, f) => n + f.list.length, 0),
        files: good.length,
        problems:
          ended.state === "done"
            ? ended.problems
            : [...ended.problems, { path: "", message: ended.message ?? "" }],
      };
      this.#set({ replacing: false });
      await this.run();
      this.#set({ report });
    } catch (e) {
      this.#set({ replacing: false });
      throw e;
    }
  }
}

const models = new WeakMap<Workspace, SearchModel>();

/** The search of a workspace. */
export function searchOf(workspace: Workspace): SearchModel {
  let m = models.get(workspace);
  if (m === undefined) {
    m = new SearchModel(workspace.project);
    models.set(workspace, m);
  }
  return m;
}
