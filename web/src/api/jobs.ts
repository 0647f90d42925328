// Jobs: work on many files that a project's server goes on with when nobody waits.
import { inProject } from "./address";
import { fetchRaw } from "./fetch";
import { RequestError } from "./problem";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Job = Schemas["Job"];
export type NewJob = Schemas["NewJob"];

/** Begins a job. */
export async function startJob(project: string, job: NewJob): Promise<Job> {
  return jsonOf(
    await fetchRaw(inProject(project, "jobs"), {
      method: "POST",
      body: JSON.stringify(job),
      headers: { "Content-Type": "application/json" },
    }),
  );
}

/** The jobs that run, and those that ended in the last ten minutes. */
export async function listJobs(project: string, signal?: AbortSignal): Promise<Job[]> {
  return jsonOf(await fetchRaw(inProject(project, "jobs"), { cache: "no-store", ...(signal && { signal }) }));
}

/** Cancels a job; what it did until then stays. One that has ended is left as it is. */
export async function cancelJob(project: string, id: string): Promise<void> {
  await fetchRaw(inProject(project, "jobs", id), { method: "DELETE" });
}

/** How long to wait before another try when the project cannot be reached, in ms. */
const pause = 1000;

/**
 * Calls onChange with each change of a job and returns it when it has ended. While
 * the project cannot be reached it tries again. Throws RequestError "not-found" when
 * the project's server has begun anew, which ends its jobs, and when signal says so.
 */
export async function followJob(
  project: string,
  id: string,
  onChange: (job: Job) => void,
  signal: AbortSignal,
): Promise<Job> {
  let after = 0;
  for (;;) {
    const url = inProject(project, "jobs", id);
    url.searchParams.set("after", String(after));
    try {
      const job = await jsonOf<Job>(await fetchRaw(url, { cache: "no-store", signal }));
      if (job.seq !== after) onChange(job);
      after = job.seq;
      if (job.state !== "running") return job;
    } catch (e) {
      if (signal.aborted || !(e instanceof RequestError) || !later.has(e.kind)) throw e;
      await wait(pause, signal);
    }
  }
}

const later: ReadonlySet<string> = new Set(["offline", "unavailable"]);

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

/** The server's answers are of the generated types: its tests hold them to it. */
async function jsonOf<T>(answer: Response): Promise<T> {
  return (await answer.json()) as T;
}
