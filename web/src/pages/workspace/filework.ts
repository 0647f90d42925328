import type { Job, NewJob } from "../../api/jobs";
import { isKind, RequestError } from "../../api/problem";
import { actOnFile, type Entry, statFile } from "../../api/project";
import { purgeFile, restoreTrash, trashFile } from "../../api/trash";
import { Store } from "../../sync/store";
import { t } from "../../words";
import { type Act, Acts } from "./acts";
import type { Jobs } from "./jobs";
import { isWithin, joinPath, nameOf, outermost, parentOf } from "./path";

/** What to do where a name is taken. */
export type Policy = "overwrite" | "keep-both" | "skip" | "merge";

/** Asks what to do about names that are taken: each has an answer, or nothing is done. */
export type Ask = (taken: readonly Taken[], verb: "copy" | "move") => Promise<Policy[] | undefined>;

/** Something that goes where something of its name is already. */
export type Taken = { path: string; to: string; folders: boolean };

/** What the work needs of the page. */
export type Bench = {
  find: (path: string) => Entry | undefined;
  /** Whether everything in a folder is known, so that what is not found there is not there. */
  whole: (folder: string) => boolean;
  moved: (from: string, to: string) => void;
  removed: (path: string) => void;
  changed: (folder: string) => void;
  /** Shows what came to be as the selection. */
  select: (paths: readonly string[]) => void;
  /** Tells later whether the selection is still what it is now: nobody has gone on meanwhile. */
  selection: () => () => boolean;
};

/** What came of work: how many things it was done to, and how to take it back. */
export type Outcome = { count: number; act?: Act };

/** Jobs take so many paths at a time; results of no more are told. */
const batch = 1000;

/**
 * The work on files that a person does in the explorer: one thing at once, many
 * and folders through a job. Every step can be taken back. All throw RequestError.
 */
export class FileWork {
  readonly acts = new Acts();
  /** A question about names that are taken, while it is asked. */
  readonly question = new Store<
    { taken: readonly Taken[]; verb: "copy" | "move"; answer: (a: Policy[] | undefined) => void } | undefined
  >(undefined);
  #project: string;
  #jobs: Jobs;
  #bench: Bench;
  #line: Promise<unknown> = Promise.resolve();

  constructor(project: string, jobs: Jobs, bench: Bench) {
    this.#project = project;
    this.#jobs = jobs;
    this.#bench = bench;
  }

  /** Renames, or moves to another path. */
  rename(from: string, to: string): Promise<Entry> {
    return this.#inLine(() => this.#rename(from, to));
  }

  async #rename(from: string, to: string): Promise<Entry> {
    const entry = await actOnFile(this.#project, from, { action: "move", to });
    this.#bench.moved(from, to);
    this.acts.did({ kind: "moved", pairs: [{ from, to }] });
    return entry;
  }

  /** Makes a file or folder, and the folders above it. */
  async make(kind: "file" | "folder", path: string): Promise<void> {
    const first = await this.#firstMissing(path);
    await actOnFile(this.#project, path, { action: kind === "folder" ? "mkdir" : "touch", parents: true });
    this.#bench.changed(parentOf(first));
    this.acts.did({ kind: "came", paths: [first] });
  }

  /** Moves things into a folder. Those that are there already stay. */
  async move(paths: readonly string[], folder: string): Promise<Outcome> {
    return this.#bring(
      "move",
      outermost(paths).filter((p) => parentOf(p) !== folder),
      folder,
    );
  }

  /** Copies things into a folder; in the same one they get another name. */
  async copy(paths: readonly string[], folder: string): Promise<Outcome> {
    return this.#bring("copy", outermost(paths), folder);
  }

  /** Copies things beside themselves. */
  async duplicate(paths: readonly string[]): Promise<Outcome> {
    const all = outermost(paths);
    const still = this.#bench.selection();
    const came: string[] = [];
    for (const folder of new Set(all.map(parentOf))) {
      const here = all.filter((p) => parentOf(p) === folder);
      for (const job of await this.#run({ kind: "copy", paths: here, to: folder, conflict: "keep-both" }))
        came.push(...(job.results ?? []).map((r) => r.to));
      this.#bench.changed(folder);
    }
    return this.#came(came, still());
  }

  /** Puts things into the trash. */
  trash(paths: readonly string[]): Promise<Outcome> {
    return this.#inLine(() => this.#trash(paths));
  }

  async #trash(paths: readonly string[]): Promise<Outcome> {
    const all = outermost(paths);
    const items: { id: string; path: string }[] = [];
    if (all.length === 1 && all[0] !== undefined) {
      const { id } = await trashFile(this.#project, all[0]);
      items.push({ id, path: all[0] });
    } else {
      for (const job of await this.#run({ kind: "trash", paths: all }))
        items.push(...(job.results ?? []).map((r) => ({ id: r.to, path: r.from })));
    }
    for (const i of items) this.#bench.removed(i.path);
    const act: Act = { kind: "trashed", items };
    if (items.length > 0) this.acts.did(act);
    return { count: items.length, act };
  }

  /** Deletes for good. */
  async purge(paths: readonly string[]): Promise<Outcome> {
    const all = outermost(paths);
    if (all.length === 1 && all[0] !== undefined) {
      await purgeFile(this.#project, all[0]);
      this.#bench.removed(all[0]);
      return { count: 1 };
    }
    let gone = 0;
    for (const job of await this.#run({ kind: "delete", paths: all })) {
      const left = new Set((job.problems ?? []).map((p) => p.path));
      const went = job.state === "done" ? all.filter((p) => !left.has(p)) : [];
      gone += went.length;
      for (const p of went) this.#bench.removed(p);
    }
    return { count: gone };
  }

  /** Takes the last act back, or that one. Whether there was one. */
  undo(which?: Act): Promise<boolean> {
    return this.#inLine(() => this.acts.undo((a) => this.#turn(a), which));
  }

  redo(): Promise<boolean> {
    return this.#inLine(() => this.acts.redo((a) => this.#turn(a)));
  }

  /** One after the other, so that an undo is of what was asked for before it. */
  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#line.then(work);
    this.#line = next.catch(() => undefined); // who asked for it hears of it
    return next;
  }

  async #bring(verb: "copy" | "move", paths: readonly string[], folder: string): Promise<Outcome> {
    if (paths.some((p) => isWithin(folder, p))) throw intoItself();
    if (paths.length === 0) return { count: 0 };
    const still = this.#bench.selection();
    const plan = await this.#plan(verb, paths, folder);
    if (plan === undefined) return { count: 0 };
    const pairs: { from: string; to: string }[] = [];
    for (const [conflict, some] of plan) {
      if (conflict === "skip" || some.length === 0) continue;
      const [one, another] = some;
      const quick = verb === "move" || (one !== undefined && this.#bench.find(one)?.kind === "file");
      // One thing that is moved by a rename, or one file: done before anybody could watch it.
      if (conflict === "fail" && one !== undefined && another === undefined && quick) {
        const to = joinPath(folder, nameOf(one));
        await actOnFile(this.#project, one, { action: verb, to });
        pairs.push({ from: one, to });
        continue;
      }
      for (const job of await this.#run({ kind: verb, paths: some, to: folder, conflict }))
        pairs.push(...(job.results ?? []));
    }
    this.#bench.changed(folder);
    const select = still();
    const targets = pairs.map((p) => p.to);
    if (verb === "copy") return this.#came(targets, select);
    for (const p of pairs) this.#bench.moved(p.from, p.to);
    if (select) this.#bench.select(targets);
    const act: Act = { kind: "moved", pairs };
    if (pairs.length > 0) this.acts.did(act);
    return { count: pairs.length, act };
  }

  /** Which things go with which policy; undefined when nothing shall be done. */
  async #plan(
    verb: "copy" | "move",
    paths: readonly string[],
    folder: string,
  ): Promise<Map<Policy | "fail", string[]> | undefined> {
    const plan = new Map<Policy | "fail", string[]>();
    const put = (policy: Policy | "fail", path: string) =>
      plan.set(policy, [...(plan.get(policy) ?? []), path]);
    const taken: Taken[] = [];
    await eachOf(paths, async (path) => {
      const to = joinPath(folder, nameOf(path));
      if (to === path) return put("keep-both", path);
      const there = await this.#stat(to);
      if (there === undefined) return put("fail", path);
      const from = await this.#stat(path);
      return taken.push({ path, to, folders: there.kind === "dir" && from?.kind === "dir" });
    });
    if (taken.length === 0) return plan;
    taken.sort((a, b) => a.path.localeCompare(b.path));
    const answers = await new Promise<Policy[] | undefined>((answer) =>
      this.question.set({ taken, verb, answer }),
    );
    this.question.set(undefined);
    if (answers === undefined) return undefined;
    for (const [i, x] of taken.entries()) put(answers[i] ?? "skip", x.path);
    return plan;
  }

  #came(paths: readonly string[], select: boolean): Outcome {
    if (select) this.#bench.select(paths);
    const act: Act = { kind: "came", paths };
    if (paths.length > 0) this.acts.did(act);
    return { count: paths.length, act };
  }

  /** Runs a job, in parts where there is too much for one. What went wrong with single things is shown with the job. */
  async #run(req: NewJob): Promise<Job[]> {
    const ended: Job[] = [];
    for (let i = 0; i < req.paths.length; i += batch) {
      const job = await this.#jobs.run({ ...req, paths: req.paths.slice(i, i + batch) });
      ended.push(job);
      if (job.state !== "done") break;
    }
    return ended;
  }

  /** Does the opposite of an act, and tells what that was. */
  async #turn(act: Act): Promise<Act> {
    if (act.kind === "moved") {
      const done: { from: string; to: string }[] = [];
      for (const { from, to } of [...act.pairs].reverse()) {
        try {
          await actOnFile(this.#project, to, { action: "move", to: from, parents: true });
        } catch (e) {
          throw notBack(e, to, from);
        }
        this.#bench.moved(to, from);
        done.push({ from: to, to: from });
      }
      this.#bench.select(done.map((d) => d.to));
      return { kind: "moved", pairs: done };
    }
    if (act.kind === "trashed") {
      const paths: string[] = [];
      for (const { id, path } of act.items) {
        const entry = await restoreTrash(this.#project, id).catch((e: unknown) => {
          throw notBack(e, path, path);
        });
        paths.push(entry.path);
      }
      for (const folder of new Set(paths.map(parentOf))) this.#bench.changed(folder);
      this.#bench.select(paths);
      return { kind: "came", paths };
    }
    const items: { id: string; path: string }[] = [];
    for (const path of act.paths) {
      const { id } = await trashFile(this.#project, path);
      items.push({ id, path });
      this.#bench.removed(path);
    }
    return { kind: "trashed", items };
  }

  /** The outermost thing that has to be made for a path to be there. */
  async #firstMissing(path: string): Promise<string> {
    let first = path;
    for (let p = parentOf(path); p !== "" && (await this.#stat(p)) === undefined; p = parentOf(p)) first = p;
    return first;
  }

  /** What is at a path, if anything is: mostly it is known. */
  async #stat(path: string): Promise<Entry | undefined> {
    const known = this.#bench.find(path);
    if (known !== undefined) return known;
    if (this.#bench.whole(parentOf(path)) && !nameOf(path).startsWith(".")) return undefined;
    try {
      return await statFile(this.#project, path);
    } catch (e) {
      if (isKind(e, "not-found")) return undefined;
      throw e;
    }
  }
}

function intoItself(): RequestError {
  return new RequestError("invalid", t("A folder cannot go into itself."));
}

/** Why something cannot be taken back, in words of the act. */
function notBack(e: unknown, now: string, before: string): unknown {
  if (isKind(e, "conflict"))
    return new RequestError(
      "conflict",
      t("“{name}” cannot go back: there is something at {path} now.", { name: nameOf(now), path: before }),
    );
  if (isKind(e, "not-found"))
    return new RequestError(
      "not-found",
      t("“{name}” cannot go back: it is not there any more.", { name: nameOf(now) }),
    );
  return e;
}

/** Does work for each, a few at a time, in any order. */
async function eachOf<T>(list: readonly T[], work: (x: T) => Promise<unknown>): Promise<void> {
  const queue = [...list];
  const worker = async () => {
    for (let x = queue.shift(); x !== undefined; x = queue.shift()) await work(x);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
