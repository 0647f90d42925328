// Signing out, by oneself or because the session ended elsewhere.
import type { QueryClient } from "@tanstack/react-query";
import type { useNavigate } from "@tanstack/react-router";
import { request } from "../api/fetch";
import { keys } from "../api/keys";
import { isKind, messageOf } from "../api/problem";
import type { Site } from "../api/types";
import { toast } from "../ui/toast";
import { t } from "../words";

type Navigate = ReturnType<typeof useNavigate>;

/** Forgets everything that was read for the account; the site itself stays known. */
function forget(cache: QueryClient): void {
  const site = cache.getQueryData<Site>(keys.site);
  cache.clear();
  if (site === undefined) return;
  const { account: _, ...rest } = site;
  cache.setQueryData<Site>(keys.site, rest);
}

/** Signs out and shows the sign-in page. */
export async function leave(cache: QueryClient, navigate: Navigate): Promise<void> {
  try {
    await request("DELETE", "/sessions/current", {});
  } catch (e) {
    if (!isKind(e, "unauthenticated")) {
      toast({ text: messageOf(e), kind: "bad" });
      return;
    }
  }
  await navigate({ to: "/sign-in" });
  forget(cache);
}

/** The session has ended: the sign-in page, and back here afterwards. */
export async function wasSignedOut(cache: QueryClient, navigate: Navigate, here: string): Promise<void> {
  toast({ text: t("You were signed out."), kind: "bad" });
  await navigate({ to: "/sign-in", search: { next: here } });
  forget(cache);
}
