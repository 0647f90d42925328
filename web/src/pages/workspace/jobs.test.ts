import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Job, NewJob } from "../../api/jobs";
import { type JobCalls, Jobs } from "./jobs";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A project whose jobs end when the test says so. */
class Server {
  jobs: Job[] = [];
  cancelled: string[] = [];
  #follow = new Map<string, { change: (j: Job) => void; end: (j: Job) => void }>();

  readonly calls: JobCalls = {
    start: async (req: NewJob) => this.add(`j${this.jobs.length + 1}`, { kind: req.kind }),
    list: async () => this.jobs,
    follow: (id, change) => new Promise((end) => this.#follow.set(id, { change, end })),
    cancel: async (id) => {
      this.cancelled.push(id);
    },
  };

  add(id: string, o: Partial<Job> = {}): Job {
    const job: Job = {
      id,
      kind: "copy",
      state: "running",
      account: "ada",
      byName: "Ada",
      started: "2026-01-01T00:00:00Z",
      done: 0,
      total: 0,
      doneBytes: 0,
      totalBytes: 0,
      problems: [],
      problemCount: 0,
      results: [],
      seq: 0,
      ...o,
    };
    this.jobs.push(job);
    return job;
  }

  tell(id: string, o: Partial<Job>): void {
    const job = { ...(this.jobs.find((j) => j.id === id) ?? this.add(id)), ...o };
    const f = this.#follow.get(id);
    f?.change(job);
    if (job.state !== "running") f?.end(job);
  }
}

const copy: NewJob = { kind: "copy", paths: ["a"] };
const shown = (jobs: Jobs) => jobs.list.get().map((j) => `${j.id} ${j.state} ${j.done}`);

test("a job that is over at once is not shown", async () => {
  const server = new Server();
  const jobs = new Jobs("ada", server.calls);
  const run = jobs.run(copy);
  await vi.advanceTimersByTimeAsync(100);
  server.tell("j1", { state: "done", done: 1 });
  expect((await run).done).toBe(1);
  await vi.runAllTimersAsync();
  expect(shown(jobs)).toEqual([]);
});

test("one that takes its time is shown with its progress, and for a moment after its end", async () => {
  const server = new Server();
  const jobs = new Jobs("ada", server.calls);
  const run = jobs.run(copy);
  await vi.advanceTimersByTimeAsync(500);
  expect(shown(jobs)).toEqual(["j1 running 0"]);
  server.tell("j1", { done: 3 });
  expect(shown(jobs)).toEqual(["j1 running 3"]);
  server.tell("j1", { state: "done", done: 5 });
  await run;
  expect(shown(jobs)).toEqual(["j1 done 5"]);
  await vi.runAllTimersAsync();
  expect(shown(jobs)).toEqual([]);
});

test("problems stay until they are put away", async () => {
  const server = new Server();
  const jobs = new Jobs("ada", server.calls);
  const run = jobs.run(copy);
  await vi.advanceTimersByTimeAsync(10);
  server.tell("j1", { state: "done", problemCount: 1, problems: [{ path: "a", message: "no room" }] });
  await run;
  await vi.runAllTimersAsync();
  expect(shown(jobs)).toEqual(["j1 done 0"]);
  jobs.clear();
  expect(shown(jobs)).toEqual([]);
});

test("what one began oneself in another tab is followed, and nothing of others", async () => {
  const server = new Server();
  server.add("mine");
  server.add("theirs", { account: "grace" });
  server.add("over", { state: "done" });
  const jobs = new Jobs("ada", server.calls);
  await jobs.resume();
  await jobs.resume();
  await vi.advanceTimersByTimeAsync(500);
  expect(shown(jobs)).toEqual(["mine running 0"]);
});
