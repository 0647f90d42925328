import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { followJob, type Job, startJob } from "./jobs";

const running: Job = {
  id: "j",
  kind: "copy",
  state: "running",
  account: "a",
  byName: "Ada",
  started: "2026-01-01T00:00:00Z",
  done: 0,
  total: 0,
  doneBytes: 0,
  totalBytes: 0,
  problems: [],
  problemCount: 0,
  results: [],
  seq: 1,
};

const answer = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
const problem = (status: number, code: string) =>
  answer(status, { title: "", status, code, detail: "there is no such job any more" });

const fetched = vi.fn<(url: URL, init: RequestInit) => Promise<Response>>();
beforeEach(() => {
  document.head.innerHTML = '<base href="https://lab.example.org/">';
  vi.useFakeTimers();
  vi.stubGlobal("fetch", fetched.mockReset());
});
afterEach(() => {
  document.head.innerHTML = "";
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("a job is begun", async () => {
  fetched.mockResolvedValueOnce(answer(202, running));
  expect(await startJob("p", { kind: "copy", paths: ["a"], to: "b" })).toEqual(running);
  const [url, init] = fetched.mock.calls[0] ?? [];
  expect(url?.pathname).toBe("/p/p/jobs");
  expect(init?.body).toBe('{"kind":"copy","paths":["a"],"to":"b"}');
});

test("a job is followed to its end, each change told once", async () => {
  const last: Job = { ...running, state: "done", seq: 3 };
  for (const job of [running, running, last]) fetched.mockResolvedValueOnce(answer(200, job));
  const told = vi.fn();
  expect(await followJob("p", "j", told, new AbortController().signal)).toEqual(last);
  expect(told.mock.calls.map(([job]) => (job as Job).seq)).toEqual([1, 3]);
  expect(fetched.mock.calls.map(([url]) => url.searchParams.get("after"))).toEqual(["0", "1", "1"]);
});

test("a project that is away for a while is asked again", async () => {
  fetched.mockRejectedValueOnce(new TypeError("network"));
  fetched.mockResolvedValueOnce(problem(503, "unavailable"));
  fetched.mockResolvedValueOnce(answer(200, { ...running, state: "done" }));
  const end = followJob("p", "j", () => {}, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(2000);
  expect((await end).state).toBe("done");
});

test("a job of a server that began anew is not waited for", async () => {
  fetched.mockResolvedValueOnce(problem(404, "not-found"));
  await expect(followJob("p", "j", () => {}, new AbortController().signal)).rejects.toThrow("no such job");
});

test("following ends when nobody wants it", async () => {
  fetched.mockRejectedValue(new TypeError("network"));
  const stop = new AbortController();
  const end = followJob("p", "j", () => {}, stop.signal);
  const ended = expect(end).rejects.toThrow("enough");
  await vi.advanceTimersByTimeAsync(500);
  stop.abort(new Error("enough"));
  await ended;
});
