import { followJob, startJob } from "../../api/jobs";
import {
  type FoundFile,
  type FoundMatch,
  type SearchDone,
  searchText,
  type TextQuery,
} from "../../api/search";
import { Store } from "../../sync/store";
import { type LeftOuts, leaveOut, moved, without } from "./leftout";
import type { Workspace } from "./model";
import { batchesOf, chosenOf, type Replaced } from "./replacing";

export type SearchQuery = Omit<TextQuery, "replacement"> & { replacement: string; replacing: boolean };

export type SearchState = {
  query: SearchQuery;
  phase: "idle" | "running" | "done" | "failed";
  /** What was found, without what was left out. */
  files: readonly FoundFile[];
  /** The query for which that was found. */
  asked?: SearchQuery | undefined;
  /** What is neither shown nor replaced, until something else is looked for. */
  left: LeftOuts;
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
    | {
        matches: number;
        more: boolean;
        files: number;
        problems: readonly { path: string; message: string }[];
      }
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
  left: new Map(),
  searched: 0,
  folded: new Set(),
  current: "",
  replacing: false,
};

/** Milliseconds for which typing is waited for. */
const pause = 250;
/** Milliseconds between two drawings while files are found. */
const frame = 100;

/** Whether two queries find the same. */
function findSame(a: SearchQuery, b: SearchQuery): boolean {
  const only = (q: SearchQuery) => JSON.stringify({ ...q, replacement: "", replacing: false });
  return only(a) === only(b);
}

/** Whether what is shown can be replaced now: it is what is looked for, and all of it. */
export function canReplace(s: SearchState): boolean {
  const { asked, query, phase, replacing, files } = s;
  if (phase !== "done" || replacing || asked === undefined) return false;
  return query.replacing && findSame(asked, query) && files.some((f) => f.text);
}

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
    const { query: before, left } = this.state.get();
    const query = { ...before, ...change };
    this.#set({ query, left: findSame(before, query) ? left : nothing.left });
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
    const shown = () => without(files, this.state.get().left);
    let searched = 0;
    let drawn: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      drawn = undefined;
      if (!stop.signal.aborted) this.#set({ asked: query, files: shown(), searched });
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
      if (!stop.signal.aborted)
        this.#set({ phase: "done", asked: query, files: shown(), searched: done.searched, done });
    } catch (error) {
      clearTimeout(drawn);
      if (!stop.signal.aborted) this.#set({ phase: "failed", asked: query, files: shown(), error });
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
  dismiss(file: FoundFile, match?: FoundMatch): void {
    const left = leaveOut(this.state.get().left, file, match);
    this.#set({ left, files: without(this.state.get().files, left) });
  }

  /** Shows again what was left out. */
  showAgain(): Promise<void> {
    this.#set({ left: nothing.left });
    return this.run();
  }

  /** Replaces what is shown: all of it, that of one file, or one match. Throws RequestError. */
  async replace(path?: string, match?: FoundMatch): Promise<void> {
    if (!canReplace(this.state.get())) return;
    const { query, asked } = this.state.get();
    // What was left out moves with what the others become: that must be known.
    if (asked?.replacement !== query.replacement || !asked.replacing) await this.run();
    const now = this.state.get();
    if (!canReplace(now)) return;
    const chosen = chosenOf(now.files, now.left, path, match);
    if (chosen.length === 0) return;
    this.#set({ replacing: true, report: undefined });
    const report = { matches: 0, more: false, files: 0, problems: [] as Problems };
    try {
      for (const batch of batchesOf(chosen)) if (!(await this.#replaceBatch(query, batch, report))) break;
    } finally {
      this.#set({ replacing: false });
      await this.run();
    }
    this.#set({ report });
  }

  /** Replaces in some files by one job. It answers whether others may follow. */
  async #replaceBatch(query: SearchQuery, batch: readonly Replaced[], report: Report): Promise<boolean> {
    const begun = await startJob(this.#project, {
      kind: "replace",
      paths: batch.map((c) => c.path),
      replace: {
        text: query.text,
        regex: query.regex,
        case: query.capitals,
        word: query.word,
        with: query.replacement,
        files: batch.map((c) => c.file),
      },
    });
    const job = await followJob(this.#project, begun.id, () => undefined, new AbortController().signal);
    const good = new Set(job.results.map((r) => r.from));
    let { left } = this.state.get();
    for (const c of batch) {
      if (!good.has(c.path)) continue;
      left = moved(left, c.path, c.shown);
      report.files++;
      report.matches += c.shown.length;
      report.more ||= c.file.all === true;
    }
    this.#set({ left });
    report.problems.push(...job.problems);
    if (job.state !== "done") report.problems.push({ path: "", message: job.message ?? "" });
    return job.state === "done";
  }
}

type Problems = { path: string; message: string }[];
type Report = { matches: number; more: boolean; files: number; problems: Problems };

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
