// Who is signed in, and what they prefer.
import { type QueryClient, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { request } from "./fetch";
import { keys } from "./keys";
import { changed, type Preferences, preferencesOf } from "./preferences";
import { site } from "./queries";
import type { Account, Site } from "./types";

/** The site; the app reads it before it shows a page. */
export function useSite(): Site {
  return useSuspenseQuery(site()).data;
}

/** One's own account, on pages that need one. */
export function useAccount(): Account {
  const { account } = useSite();
  if (account === undefined) throw new Error("this page is shown to people who are signed in only");
  return account;
}

/** Puts an account that was answered into the cache. */
export function putAccount(cache: QueryClient, account: Account): void {
  cache.setQueryData<Site>(keys.site, (s) => (s === undefined ? s : { ...s, account }));
}

/** What the person prefers, and how to change it: it shows at once, and is put back if it cannot be stored. */
export function usePreferences(): [Preferences, (change: Partial<Preferences>) => Promise<void>] {
  const account = useSite().account;
  const cache = useQueryClient();
  const change = useCallback(
    async (more: Partial<Preferences>) => {
      const before = cache.getQueryData<Site>(keys.site)?.account;
      if (before === undefined) return;
      const preferences = changed(before.preferences, more);
      putAccount(cache, { ...before, preferences });
      try {
        putAccount(cache, await request("PATCH", "/account", { body: { preferences } }));
      } catch (e) {
        putAccount(cache, before);
        throw e;
      }
    },
    [cache],
  );
  return [preferencesOf(account?.preferences), change];
}
