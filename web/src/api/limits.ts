// What a project may use, what runs in it, and the ending of one program.
import { queryOptions } from "@tanstack/react-query";
import { inProject } from "./address";
import { fetchRaw, request } from "./fetch";
import { keys } from "./keys";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Limits = Schemas["Limits"];
export type LimitChange = Schemas["LimitChange"];
export type Killed = Schemas["Killed"];
export type Process = Schemas["Process"];

export const limitsOf = (id: string) =>
  queryOptions({
    queryKey: [...keys.project(id), "limits"],
    queryFn: ({ signal }) => request("GET", "/projects/{id}/limits", { path: { id }, signal }),
  });

export const processes = (id: string, running: boolean) =>
  queryOptions({
    queryKey: [...keys.project(id), "processes"],
    queryFn: async ({ signal }): Promise<Process[]> =>
      (await fetchRaw(inProject(id, "processes"), { cache: "no-store", signal })).json(),
    enabled: running,
    staleTime: 0,
    refetchInterval: 3000,
    retry: false,
  });

export async function endProcess(project: string, pid: number): Promise<void> {
  await fetchRaw(inProject(project, "processes", String(pid)), { method: "DELETE" });
}
