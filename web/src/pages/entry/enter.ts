import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { keys } from "../../api/keys";
import type { Account, Site } from "../../api/types";

/** Notes that somebody has just signed in: what was read before is forgotten. */
export function useEntered(): (account: Account) => void {
  const cache = useQueryClient();
  return useCallback(
    (account) => {
      const site = cache.getQueryData<Site>(keys.site);
      cache.removeQueries({ predicate: (q) => q.queryKey[0] !== keys.site[0] });
      if (site !== undefined) cache.setQueryData<Site>(keys.site, { ...site, account, setupNeeded: false });
      // Its preferences come with the next reading.
      void cache.invalidateQueries({ queryKey: keys.site });
    },
    [cache],
  );
}

/** The shortest password that the hub takes, in characters. */
export const passwordLength = 10;
