// What can be done to a project from any list: each shows at once or says why not.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { request } from "../../api/fetch";
import { putProject } from "../../api/live";
import { messageOf } from "../../api/problem";
import type { Project } from "../../api/types";
import { toast } from "../../ui/toast";
import { t } from "../../words";

async function told(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (e) {
    toast({ text: messageOf(e), kind: "bad" });
    return false;
  }
}

/** Stars a project or takes the star away: the star shows at once, and is put back if it cannot be. */
async function star(cache: QueryClient, p: Project, starred: boolean): Promise<void> {
  putProject(cache, { ...p, starred });
  const path = { path: { id: p.id } };
  const sent = starred
    ? request("PUT", "/projects/{id}/star", path)
    : request("DELETE", "/projects/{id}/star", path);
  if (!(await told(sent))) putProject(cache, p);
}

type Change = "start" | "stop" | "restart" | "restore";

async function change(cache: QueryClient, p: Project, what: Change): Promise<boolean> {
  const path = { path: { id: p.id } };
  const calls: Record<Change, () => Promise<Project>> = {
    start: () => request("POST", "/projects/{id}/start", path),
    stop: () => request("POST", "/projects/{id}/stop", path),
    restart: () => request("POST", "/projects/{id}/restart", path),
    restore: () => request("POST", "/projects/{id}/restore", path),
  };
  return told(calls[what]().then((changed) => putProject(cache, changed)));
}

async function remove(cache: QueryClient, p: Project): Promise<void> {
  putProject(cache, await request("DELETE", "/projects/{id}", { path: { id: p.id } }));
  toast({
    text: t("“{name}” is deleted.", { name: p.name }),
    action: { label: t("Undo"), run: () => void change(cache, p, "restore") },
  });
}

/** The things that can be done to projects, over the app's cache. */
export function useProjectWork() {
  const cache = useQueryClient();
  return useMemo(
    () => ({
      star: (p: Project, starred: boolean) => star(cache, p, starred),
      change: (p: Project, what: Change) => change(cache, p, what),
      remove: (p: Project) => remove(cache, p),
    }),
    [cache],
  );
}
