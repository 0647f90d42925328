// What an event means for the query cache: known things are changed in place,
// so that a list does not jump; the rest is read again.
import type { InfiniteData, QueryClient, QueryKey } from "@tanstack/react-query";
import type { SiteEvent } from "./events";
import { keys } from "./keys";
import type { Page, Project } from "./types";

type Pages = InfiniteData<Page<Project>>;

/** The list with the project changed in place; undefined when it is not in it. */
export function withProject(list: Pages, project: Project): Pages | undefined {
  let found = false;
  const pages = list.pages.map((page) => {
    if (!page.items.some((p) => p.id === project.id)) return page;
    found = true;
    return { ...page, items: page.items.map((p) => (p.id === project.id ? project : p)) };
  });
  return found ? { ...list, pages } : undefined;
}

/** The list without the project; the same list when it is not in it. */
export function withoutProject(list: Pages, id: string): Pages {
  if (!list.pages.some((page) => page.items.some((p) => p.id === id))) return list;
  const pages = list.pages.map((page) => ({
    ...page,
    items: page.items.filter((p) => p.id !== id),
    total: page.total - 1,
  }));
  return { ...list, pages };
}

/** Whether a project belongs in the list of one's projects with this filter. */
export function belongs(project: Project, filter: string): boolean {
  if (project.role === undefined) return false;
  if (filter === "deleted") return project.deleted !== undefined;
  if (project.deleted !== undefined) return false;
  return filter !== "starred" || project.starred;
}

/**
 * The project as it is now, of what is known and what came: an answer can be
 * overtaken by the events of what it began, so the later state stands.
 */
export function latest(known: Project | undefined, came: Project): Project {
  const older = known !== undefined && Date.parse(known.state.since) > Date.parse(came.state.since);
  return older ? { ...came, state: known.state } : came;
}

/** Writes what came; a reading that is under way may be older, so it begins anew. */
function write(cache: QueryClient, key: QueryKey, value: unknown): void {
  const reading = cache.getQueryState(key)?.fetchStatus === "fetching";
  cache.setQueryData(key, value);
  if (reading) cache.invalidateQueries({ queryKey: key, exact: true });
}

/** Puts a project that was answered or told into the cache. */
export function putProject(cache: QueryClient, came: Project): void {
  const project = latest(cache.getQueryData<Project>(keys.project(came.id)), came);
  write(cache, keys.project(project.id), project);
  for (const [key, list] of cache.getQueriesData<Pages>({ queryKey: keys.projects })) {
    if (list === undefined) continue;
    const filter = String(key[1]);
    const changed = withProject(list, project);
    if (changed !== undefined && belongs(project, filter)) write(cache, key, changed);
    else if (changed !== undefined) write(cache, key, withoutProject(list, project.id));
    else if (belongs(project, filter)) cache.invalidateQueries({ queryKey: key });
  }
}

/** Forgets a project that is gone, or that is not for this person any more. */
export function dropProject(cache: QueryClient, id: string): void {
  for (const [key, list] of cache.getQueriesData<Pages>({ queryKey: keys.projects })) {
    if (list !== undefined) cache.setQueryData(key, withoutProject(list, id));
  }
  // Its open page reads it again, and is told that there is no such project.
  cache.invalidateQueries({ queryKey: keys.project(id), exact: true });
}

/** Applies an event. "signed-out" is for the app: it leaves the page. */
export function apply(cache: QueryClient, event: SiteEvent): void {
  switch (event.kind) {
    case "project":
      putProject(cache, event.project);
      return;
    case "project-gone":
      dropProject(cache, event.id);
      return;
    case "members": {
      cache.invalidateQueries({ queryKey: keys.members(event.project) });
      // The invitations of a deleted project cannot be read; nobody shall try while their page closes.
      const deleted = cache.getQueryData<Project>(keys.project(event.project))?.deleted !== undefined;
      const refetchType = deleted ? "none" : "active";
      cache.invalidateQueries({ queryKey: keys.invitations(event.project), refetchType });
      return;
    }
    case "account":
      cache.invalidateQueries({ queryKey: keys.site });
      cache.invalidateQueries({ queryKey: ["account"] });
      return;
    case "site":
      cache.invalidateQueries({ queryKey: keys.site });
      cache.invalidateQueries({ queryKey: keys.adminSettings });
      return;
    case "signed-out":
      return;
  }
}
