import { useInfiniteQuery, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import {
  changeHistory,
  compareVersions,
  type HistoryAction,
  listVersions,
  readVersion,
  type Version,
} from "../../../api/history";
import { Store } from "../../../sync/store";
import { movedPath } from "../arrangement";
import { useRoom, useStore } from "../context";
import type { Workspace } from "../model";
import type { Steps } from "./rows";

/** What is looked at of a file's history, in whichever panel or tab: both show the same. */
export type Looking = {
  /** The version, by any sequence in it; 0 is the newest, also when another one comes. */
  seq: number;
  /** The row of the list, where two rows end with the same sequence: a sitting and its last step. */
  row?: string | undefined;
  /** With what it is compared. */
  with: "before" | "now" | "nothing";
  /** Sittings that are unfolded, and before which sequence their steps were read further. */
  unfolded: ReadonlyMap<number, readonly number[]>;
};

const looked = new WeakMap<Workspace, Map<string, Store<Looking>>>();

/** What is looked at, of the files of a workspace. It goes along when they are renamed. */
function lookingIn(workspace: Workspace): Map<string, Store<Looking>> {
  const found = looked.get(workspace);
  if (found) return found;
  const all = new Map<string, Store<Looking>>();
  looked.set(workspace, all);
  workspace.deck.moves.subscribe(() => {
    const { from, to } = workspace.deck.moves.get();
    for (const [path, store] of [...all]) {
      const now = movedPath(path, from, to);
      if (now === path) continue;
      all.delete(path);
      all.set(now, store);
    }
  });
  return all;
}

/** What is looked at, of a file. It lasts as long as the workspace. */
export function lookingAt(workspace: Workspace, path: string): Store<Looking> {
  const all = lookingIn(workspace);
  const found = all.get(path) ?? new Store<Looking>({ seq: 0, with: "before", unfolded: new Map() });
  all.set(path, found);
  return found;
}

export function useLooking(path: string): [Looking, (change: Partial<Looking>) => void] {
  const { workspace } = useRoom();
  const store = lookingAt(workspace, path);
  return [useStore(store), (change) => store.set({ ...store.get(), ...change })];
}

const key = (project: string, path: string) => ["history", project, path];

/** Versions on a page, and steps of a sitting. */
const page = 100;
const steps = 200;

/**
 * The versions of a file, page by page, read again while somebody looks. When the file was
 * renamed, its tabs are told.
 */
export function useVersions(path: string, visible = true) {
  const { workspace, running } = useRoom();
  const doc = useRef("");
  const query = useInfiniteQuery({
    queryKey: [...key(workspace.project, path), "list"],
    queryFn: ({ signal, pageParam }) =>
      listVersions(workspace.project, path, { before: pageParam, limit: page, doc: doc.current }, signal),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next,
    enabled: running,
    // All pages that were read are read again: many of them less often.
    refetchInterval: (q) => (visible ? 4000 * Math.max(1, (q.state.data?.pages.length ?? 0) - 1) : false),
    staleTime: 2000,
  });
  const versions = useMemo(() => query.data?.pages.flatMap((p) => p.items) ?? [], [query.data]);
  const head = query.data?.pages[0];
  const now = head?.path;
  if (head?.doc) doc.current = head.doc;
  useEffect(() => {
    if (now !== undefined && now !== path) workspace.deck.moved(path, now);
  }, [workspace, path, now]);
  return { query, versions, head };
}

/** The steps of the sittings that are unfolded. */
export function useSteps(
  path: string,
  versions: readonly Version[],
  unfolded: Looking["unfolded"],
): ReadonlyMap<number, Steps | undefined> {
  const { workspace, running } = useRoom();
  const open = versions.filter((v) => unfolded.has(v.seq));
  const parts = open.flatMap((v) =>
    [v.seq + 1, ...(unfolded.get(v.seq) ?? [])].map((before) => ({ v, before })),
  );
  const results = useQueries({
    queries: parts.map(({ v, before }) => ({
      queryKey: [...key(workspace.project, path), "steps", v.first, before],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        listVersions(workspace.project, path, { before, limit: steps, detail: true }, signal),
      enabled: running,
      staleTime: Number.POSITIVE_INFINITY, // what was does not change
    })),
  });
  // The same map while nothing of it changed, so that the rows are not made anew as the slider moves.
  const state = parts.map((p, i) => `${p.v.seq}/${p.before}/${results[i]?.dataUpdatedAt ?? 0}`).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: state stands for what they hold
  return useMemo(() => {
    const map = new Map<number, Steps | undefined>();
    for (const v of open) {
      const read = results.filter((_, i) => parts[i]?.v === v).flatMap((r) => (r.data ? [r.data] : []));
      const all = read.flatMap((r) => r.items).filter((s) => s.seq >= v.first);
      const next = read.at(-1)?.next;
      map.set(v.seq, read.length ? { versions: all, more: next !== undefined && next > v.first } : undefined);
    }
    return map;
  }, [state]);
}

/**
 * What is known of the version that a sequence falls into, as finely as it is kept; until
 * it is known, that of the one before it, so that nothing flickers.
 */
export function useAbout(path: string, seq: number): { version: Version | undefined; known: boolean } {
  const { workspace, running } = useRoom();
  const query = useQuery({
    queryKey: [...key(workspace.project, path), "about", seq],
    queryFn: async ({ signal }) => {
      const { items } = await listVersions(
        workspace.project,
        path,
        { before: seq + 1, limit: 1, detail: true },
        signal,
      );
      return items[0] ?? null;
    },
    enabled: running && seq > 0,
    placeholderData: (before) => before,
    staleTime: 10_000,
  });
  return { version: query.data ?? undefined, known: query.data !== undefined && !query.isPlaceholderData };
}

export type Compared = {
  old: { seq: number; text: string } | undefined;
  new: { seq: number; text: string };
  hunks?: ReturnType<typeof compareVersions> extends Promise<infer D> ? D : never;
};

/**
 * A version, and the one that it is compared with: from 0 is nothing. Only the latest
 * question is answered: those before it are given up.
 */
export function useCompared(path: string, from: number, to: number, ready: boolean) {
  const { workspace, running } = useRoom();
  const { project } = workspace;
  return useQuery<Compared>({
    queryKey: [...key(project, path), "compared", from, to],
    queryFn: async ({ signal }) => {
      const [older, newer] = [Math.min(from, to), Math.max(from, to)];
      const [now, before, diff] = await Promise.all([
        readVersion(project, path, to, signal),
        from > 0 ? readVersion(project, path, from, signal) : undefined,
        from > 0 && older !== newer ? compareVersions(project, path, from, to, signal) : undefined,
      ]);
      return { old: before, new: now, ...(diff && { hunks: diff }) };
    },
    enabled: running && ready && to > 0,
    placeholderData: (before) => before,
    staleTime: 60_000,
    gcTime: 60_000,
    retry: false,
  });
}

/**
 * A value that follows another at most every 90 ms, and less often where showing it
 * takes long (cost, in ms); it always ends with it.
 */
export function useThrottled<T>(value: T, cost: { readonly current: number }): T {
  const [shown, setShown] = useState(value);
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + Math.max(90, 3 * cost.current) - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      setShown(value);
    }, wait);
    return () => clearTimeout(timer);
  }, [value, cost]);
  return shown;
}

/** Changes the history of a file; what was read of it is read again. Throws RequestError. */
export function useChange(path: string) {
  const { workspace } = useRoom();
  const cache = useQueryClient();
  return async (action: HistoryAction) => {
    const done = await changeHistory(workspace.project, path, action);
    const all = key(workspace.project, path);
    await cache.invalidateQueries({ queryKey: [...all, "list"] });
    // Texts and differences are what they were; names are not, and what was cleared is no more.
    if (action.action === "name")
      for (const part of ["steps", "about"]) await cache.invalidateQueries({ queryKey: [...all, part] });
    if (action.action === "clear")
      cache.removeQueries({ queryKey: all, predicate: (q) => q.queryKey[3] !== "list" && !q.isActive() });
    return done;
  };
}
