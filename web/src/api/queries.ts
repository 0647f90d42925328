// What pages read from the hub: one query for each thing, by its key. The event
// stream keeps them fresh, so nothing is read again by the clock.
import { infiniteQueryOptions, keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import { request } from "./fetch";
import { keys } from "./keys";
import { RequestError } from "./problem";

/** How often a failed read is tried again: only what may pass by itself, and not for long. */
function retry(failures: number, error: Error): boolean {
  const passing = error instanceof RequestError && (error.kind === "unavailable" || error.kind === "offline");
  return passing && failures < 3;
}

/** The cache of everything that the hub answered. */
export function newCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry,
        retryDelay: (n) => Math.min(400 * 2 ** n, 4000),
        staleTime: 30_000,
        refetchOnWindowFocus: false,
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** How many rows one page of a list has. */
const pageSize = 200;

export type ProjectFilter = "all" | "starred" | "deleted";

export const site = () =>
  queryOptions({ queryKey: keys.site, queryFn: ({ signal }) => request("GET", "/site", { signal }) });

export const projectList = (filter: ProjectFilter, query: string) =>
  infiniteQueryOptions({
    queryKey: keys.projectList(filter, query),
    queryFn: ({ pageParam, signal }) =>
      request("GET", "/projects", { query: { filter, query, cursor: pageParam, limit: pageSize }, signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
  });

/** The few projects whose names are most like the query, for the palette and for choosing one. */
export const projectSearch = (query: string) =>
  queryOptions({
    queryKey: keys.projectSearch(query),
    queryFn: ({ signal }) => request("GET", "/projects", { query: { query, limit: 8 }, signal }),
    placeholderData: keepPreviousData,
  });

export const project = (id: string) =>
  queryOptions({
    queryKey: keys.project(id),
    queryFn: ({ signal }) => request("GET", "/projects/{id}", { path: { id }, signal }),
  });

export const members = (id: string) =>
  queryOptions({
    queryKey: keys.members(id),
    queryFn: ({ signal }) => request("GET", "/projects/{id}/members", { path: { id }, signal }),
  });

export const invitations = (id: string) =>
  queryOptions({
    queryKey: keys.invitations(id),
    queryFn: ({ signal }) => request("GET", "/projects/{id}/invitations", { path: { id }, signal }),
  });

export const env = (id: string) =>
  queryOptions({
    queryKey: keys.env(id),
    queryFn: ({ signal }) => request("GET", "/projects/{id}/env", { path: { id }, signal }),
  });

export const sessions = () =>
  queryOptions({
    queryKey: keys.sessions,
    queryFn: ({ signal }) => request("GET", "/account/sessions", { signal }),
  });

export const tokens = () =>
  queryOptions({
    queryKey: keys.tokens,
    queryFn: ({ signal }) => request("GET", "/account/tokens", { signal }),
  });

/** Invitations that name oneself. */
export const offers = () =>
  queryOptions({
    queryKey: keys.offers,
    queryFn: ({ signal }) => request("GET", "/account/invitations", { signal }),
  });

/** What the link with this secret offers. */
export const offer = (secret: string) =>
  queryOptions({
    queryKey: keys.offer(secret),
    queryFn: ({ signal }) => request("GET", "/invitations/{secret}", { path: { secret }, signal }),
    enabled: secret !== "",
  });

export const people = (query: string) =>
  queryOptions({
    queryKey: keys.people(query),
    queryFn: ({ signal }) => request("GET", "/people", { query: { query }, signal }),
    enabled: query.trim().length > 1,
    placeholderData: keepPreviousData,
  });

export const adminPeople = (query: string) =>
  infiniteQueryOptions({
    queryKey: keys.adminPeople(query),
    queryFn: ({ pageParam, signal }) =>
      request("GET", "/admin/accounts", { query: { query, cursor: pageParam, limit: pageSize }, signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
  });

export const adminProjects = (query: string, phase: "" | "running" | "failed") =>
  infiniteQueryOptions({
    queryKey: keys.adminProjects(query, phase),
    queryFn: ({ pageParam, signal }) =>
      request("GET", "/admin/projects", {
        query: { query, cursor: pageParam, limit: pageSize, ...(phase === "" ? {} : { phase }) },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
    // What runs and what it uses comes with no event.
    refetchInterval: 10_000,
  });

export const adminSettings = () =>
  queryOptions({
    queryKey: keys.adminSettings,
    queryFn: ({ signal }) => request("GET", "/admin/settings", { signal }),
  });

export const adminInvitations = () =>
  queryOptions({
    queryKey: keys.adminInvitations,
    queryFn: ({ signal }) => request("GET", "/admin/invitations", { signal }),
  });

export const adminAudit = () =>
  infiniteQueryOptions({
    queryKey: keys.adminAudit,
    queryFn: ({ pageParam, signal }) =>
      request("GET", "/admin/audit", { query: { cursor: pageParam }, signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next || undefined,
  });

export const adminMachine = () =>
  queryOptions({
    queryKey: keys.adminMachine,
    queryFn: ({ signal }) => request("GET", "/admin/machine", { signal }),
    refetchInterval: 30_000,
  });
