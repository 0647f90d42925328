import { afterEach, expect, test, vi } from "vitest";
import { inProject, socket } from "./address";
import { addressOf, client, type Fetcher } from "./fetch";

function base(path: string) {
  document.head.innerHTML = `<base href="https://lab.example.org${path}">`;
}
afterEach(() => {
  document.head.innerHTML = "";
});

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  const init = { status, headers: { "Content-Type": "application/json", ...headers } };
  return new Response(body === undefined ? null : JSON.stringify(body), init);
}

test.each([
  ["/", "https://lab.example.org/api/v1/projects/a%2Fb/star"],
  ["/lyceum/", "https://lab.example.org/lyceum/api/v1/projects/a%2Fb/star"],
])("addresses are below the base path %s", (path, want) => {
  base(path);
  expect(addressOf("/projects/{id}/star", { path: { id: "a/b" } }).href).toBe(want);
});

test("an empty or absent query is left out", () => {
  base("/");
  const url = addressOf("/projects", { query: { query: "", cursor: undefined, limit: 200 } });
  expect(url.search).toBe("?limit=200");
});

test("project addresses encode each segment", () => {
  base("/lyceum/");
  const url = inProject("p1", "files", "a b/ü#?.py");
  expect(url.pathname).toBe("/lyceum/p/p1/files/a%20b/%C3%BC%23%3F.py");
  expect(socket(url).protocol).toBe("wss:");
});

test("a request sends JSON and returns it", async () => {
  base("/");
  const fetcher = vi.fn<Fetcher>(async () => answer(200, { id: "p1", name: "Waves" }));
  const got = await client(fetcher)("POST", "/projects", { body: { name: "Waves" } });
  expect(got).toEqual({ id: "p1", name: "Waves" });
  const [url, init] = fetcher.mock.calls[0] ?? [];
  expect(url?.pathname).toBe("/api/v1/projects");
  expect(init).toMatchObject({ method: "POST", body: '{"name":"Waves"}', credentials: "same-origin" });
});

test("204 is undefined", async () => {
  const request = client(async () => new Response(null, { status: 204 }));
  expect(await request("DELETE", "/sessions/current", {})).toBeUndefined();
});

test("no answer is offline, an abort stays an abort", async () => {
  const down = client(() => Promise.reject(new TypeError("Failed to fetch")));
  await expect(down("GET", "/site", {})).rejects.toMatchObject({ kind: "offline", status: 0 });
  const aborted = client(() => Promise.reject(new DOMException("stop", "AbortError")));
  await expect(aborted("GET", "/site", { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: "AbortError",
  });
});

test("a refusal is thrown with its kind", async () => {
  const body = {
    status: 429,
    title: "Too Many Requests",
    code: "exhausted",
    detail: "too many sign-ins failed",
  };
  const request = client(async () => answer(429, body, { "Retry-After": "30" }));
  const call = request("POST", "/sessions", { body: { email: "ada@example.org", password: "x" } });
  await expect(call).rejects.toMatchObject({
    kind: "exhausted",
    retryAfter: 30,
    message: "Too many sign-ins failed.",
  });
});

test("an answer that breaks off is offline", async () => {
  const cut = new Response('{"id":', { headers: { "Content-Type": "application/json" } });
  await expect(client(async () => cut)("GET", "/account", {})).rejects.toMatchObject({ kind: "offline" });
});
