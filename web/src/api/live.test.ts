import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import { keys } from "./keys";
import { apply, putProject } from "./live";
import type { Project } from "./types";

function project(id: string, change: Partial<Project> = {}): Project {
  const at = "2026-01-02T03:04:05Z";
  const state = { phase: "stopped", wanted: "stopped", since: at } as const;
  const base: Project = {
    id,
    name: id,
    description: "",
    role: "owner",
    starred: false,
    created: at,
    lastEdited: at,
    state,
    people: [],
    members: 1,
    can: [],
  };
  return { ...base, ...change };
}

function cacheWith(filter: string, ...ids: string[]): QueryClient {
  const cache = new QueryClient();
  const items = ids.map((id) => project(id));
  const pages = [
    { items: items.slice(0, 1), total: ids.length, next: "x" },
    { items: items.slice(1), total: ids.length },
  ];
  cache.setQueryData(keys.projectList(filter, ""), { pages, pageParams: [undefined, "x"] });
  return cache;
}

function names(cache: QueryClient, filter: string): string[] {
  const list = cache.getQueryData<{ pages: { items: Project[] }[] }>(keys.projectList(filter, ""));
  return (list?.pages ?? []).flatMap((p) => p.items.map((i) => i.name));
}

function stale(cache: QueryClient, key: readonly unknown[]): boolean | undefined {
  return cache.getQueryState(key)?.isInvalidated;
}

test("a project is changed where it stands", () => {
  const cache = cacheWith("all", "a", "b", "c");
  apply(cache, { kind: "project", project: project("b", { name: "B" }) });
  expect(names(cache, "all")).toEqual(["a", "B", "c"]);
  expect(cache.getQueryData<Project>(keys.project("b"))?.name).toBe("B");
});

test("an answer that comes late does not bring an old state back", () => {
  const cache = cacheWith("all", "a");
  const at = (since: string, phase: Project["state"]["phase"]) =>
    project("a", { state: { phase, wanted: "stopped", since: `2026-01-02T03:04:${since}Z` } });
  apply(cache, { kind: "project", project: at("07.2", "stopped") });
  putProject(cache, { ...at("05", "running"), name: "A" });
  const got = cache.getQueryData<Project>(keys.project("a"));
  expect([got?.name, got?.state.phase]).toEqual(["A", "stopped"]);
  expect(names(cache, "all")).toEqual(["A"]);
});

test("a reading that an event overtakes begins anew", async () => {
  const cache = new QueryClient();
  const answers = [project("a", { name: "old" }), project("a", { name: "new" })];
  const held: (() => void)[] = [];
  const queryFn = () =>
    new Promise<Project>((resolve, reject) => {
      const answer = answers.shift();
      held.push(() => (answer === undefined ? reject(new Error("read too often")) : resolve(answer)));
    });
  const observer = new QueryObserver<Project>(cache, { queryKey: keys.project("a"), queryFn });
  const stop = observer.subscribe(() => undefined);
  apply(cache, { kind: "project", project: project("a", { name: "told" }) });
  expect(held).toHaveLength(2);
  for (const go of held) go();
  await vi.waitFor(() => expect(cache.isFetching()).toBe(0));
  expect(cache.getQueryData<Project>(keys.project("a"))?.name).toBe("new");
  stop();
});

test("a project that no longer fits the filter leaves the list", () => {
  const cache = cacheWith("all", "a", "b");
  apply(cache, { kind: "project", project: project("a", { deleted: "2026-01-03T00:00:00Z" }) });
  expect(names(cache, "all")).toEqual(["b"]);
});

test("a new project makes the lists it fits be read again", () => {
  const cache = cacheWith("all", "a");
  apply(cache, { kind: "project", project: project("z") });
  expect(stale(cache, keys.projectList("all", ""))).toBe(true);
  const deleted = cacheWith("deleted", "a");
  apply(deleted, { kind: "project", project: project("z") });
  expect(stale(deleted, keys.projectList("deleted", ""))).toBe(false);
});

test("a project that is gone leaves the list, and its page asks again", () => {
  const cache = cacheWith("all", "a", "b");
  cache.setQueryData(keys.project("a"), project("a"));
  apply(cache, { kind: "project-gone", id: "a" });
  expect(names(cache, "all")).toEqual(["b"]);
  expect(stale(cache, keys.project("a"))).toBe(true);
});

test.each([
  [{ kind: "members", project: "p" }, keys.members("p")],
  [{ kind: "members", project: "p" }, keys.invitations("p")],
  [{ kind: "account" }, keys.site],
  [{ kind: "account" }, keys.offers],
  [{ kind: "site" }, keys.adminSettings],
] as const)("%j makes %j be read again", (event, key) => {
  const cache = new QueryClient();
  cache.setQueryData(key, []);
  apply(cache, event);
  expect(stale(cache, key)).toBe(true);
});
