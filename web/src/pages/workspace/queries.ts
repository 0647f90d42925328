import { queryOptions } from "@tanstack/react-query";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { listTerminals, projectStatus } from "../../api/project";

export const layout = (id: string) =>
  queryOptions({
    queryKey: keys.layout(id),
    queryFn: ({ signal }) => request("GET", "/projects/{id}/layout", { path: { id }, signal }),
    // It is read when the page opens; what is arranged then is the page's.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });

/** Terminals and presence come with no event, so they are read by the clock while somebody looks. */
export const terminals = (id: string, running: boolean) =>
  queryOptions({
    queryKey: [...keys.project(id), "terminals"],
    queryFn: ({ signal }) => listTerminals(id, signal),
    enabled: running,
    staleTime: 0,
    refetchInterval: 5000,
    retry: false,
  });

export const status = (id: string, running: boolean, every = 8000) =>
  queryOptions({
    queryKey: [...keys.project(id), "status"],
    queryFn: ({ signal }) => projectStatus(id, signal),
    enabled: running,
    staleTime: 0,
    refetchInterval: every,
    retry: false,
  });
