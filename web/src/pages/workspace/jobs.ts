import { cancelJob, followJob, type Job, listJobs, type NewJob, startJob } from "../../api/jobs";
import { Store } from "../../sync/store";

/** How jobs are asked for and followed; a test brings its own. */
export type JobCalls = {
  start: (job: NewJob) => Promise<Job>;
  list: () => Promise<Job[]>;
  follow: (id: string, onChange: (job: Job) => void, signal: AbortSignal) => Promise<Job>;
  cancel: (id: string) => Promise<void>;
};

export function jobCalls(project: string): JobCalls {
  return {
    start: (job) => startJob(project, job),
    list: () => listJobs(project),
    follow: (id, onChange, signal) => followJob(project, id, onChange, signal),
    cancel: (id) => cancelJob(project, id),
  };
}

/** Milliseconds after which a job that still runs is shown: most are over before anybody could read of them. */
const patience = 400;

/** Milliseconds for which one that went well is shown after its end. */
const linger = 4000;

/**
 * The jobs of this person: work on many files that the project goes on with. The
 * list holds those that are worth showing: running for a moment already, or ended
 * with something to tell.
 */
export class Jobs {
  readonly list = new Store<readonly Job[]>([]);
  #calls: JobCalls;
  #account: string;
  #abort = new AbortController();
  #known = new Set<string>();
  #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(account: string, calls: JobCalls) {
    this.#account = account;
    this.#calls = calls;
  }

  /** Shows what is under way already, begun in another tab or before a reload. Without an answer there is nothing to show. */
  async resume(): Promise<void> {
    if (this.#abort.signal.aborted) this.#abort = new AbortController();
    const found = await this.#calls.list().catch(() => []);
    for (const job of found) {
      if (job.account !== this.#account || job.state !== "running" || this.#known.has(job.id)) continue;
      void this.#follow(job).catch(() => this.dismiss(job.id));
    }
  }

  /** Begins a job, and returns it when it has ended, in whatever state. Throws RequestError. */
  async run(req: NewJob): Promise<Job> {
    const job = await this.#calls.start(req);
    try {
      return await this.#follow(job);
    } catch (e) {
      this.dismiss(job.id);
      throw e;
    }
  }

  /** Asks a job to stop; what it did stays. Throws RequestError. */
  cancel(id: string): Promise<void> {
    return this.#calls.cancel(id);
  }

  /** Takes one that is over out of the list. */
  dismiss(id: string): void {
    this.list.set(this.list.get().filter((j) => j.id !== id));
  }

  /** Takes all that are over out of the list. */
  clear(): void {
    this.list.set(this.list.get().filter((j) => j.state === "running"));
  }

  /** Follows none any longer. They go on. */
  end(): void {
    this.#abort.abort();
    for (const t of this.#timers) clearTimeout(t);
    this.#timers.clear();
    this.#known.clear();
    this.list.set([]);
  }

  async #follow(begun: Job): Promise<Job> {
    let now = begun;
    let shown = false;
    this.#known.add(begun.id);
    const timer = this.#later(patience, () => {
      shown = true;
      this.#show(now);
    });
    const job =
      begun.state === "running"
        ? await this.#calls.follow(
            begun.id,
            (changed) => {
              now = changed;
              if (shown && changed.state === "running") this.#show(changed);
            },
            this.#abort.signal,
          )
        : begun;
    clearTimeout(timer);
    const bad = job.state === "failed" || job.problemCount > 0;
    if (shown || bad) this.#show(job);
    if (shown && !bad) this.#later(linger, () => this.dismiss(job.id));
    return job;
  }

  #later(ms: number, f: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      f();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #show(job: Job): void {
    const list = this.list.get();
    const known = list.some((j) => j.id === job.id);
    this.list.set(known ? list.map((j) => (j.id === job.id ? job : j)) : [...list, job]);
  }
}
