// Signing out, by oneself or because the session ended elsewhere.
import type { QueryClient } from "@tanstack/react-query";
import type { useNavigate } from "@tanstack/react-router";
import { request } from "../api/fetch";
import { keys } from "../api/keys";
import { isKind, messageOf } from "../api/problem";
import type { Site } from "../api/types";
import { toast } from "../ui/toast";
import { t } from "../words";
import { forgetAnswers } from "./worker";

type Navigate = ReturnType<typeof useNavigate>;

/** Forgets everything that was read for the account; the site itself stays known. */
function forget(cache: QueryClient): void {
  const site = cache.getQueryData<Site>(keys.site);
  cache.clear();
  if (site === undefined) return;
  const { account: _, ...rest } = site;
  cache.setQueryData<Site>(keys.site, rest);
}

/** Removes what this browser keeps of an account's documents; see forgetCopies. */
async function forgetDocuments(account: string | undefined, all: boolean): Promise<void> {
  if (account === undefined) return;
  try {
    await forgetAnswers();
    const { forgetCopies } = await import("../sync/copies");
    await forgetCopies(account, all);
  } catch {
    toast({ text: t("Copies of documents could not be removed from this browser."), kind: "bad" });
  }
}

/** How many edits of an account this browser keeps that no project has. */
async function waitingHere(account: string | undefined): Promise<number> {
  if (account === undefined) return 0;
  try {
    const { waitingEdits } = await import("../sync/copies");
    return await waitingEdits(account);
  } catch {
    return 0; // what cannot be read cannot be sent either
  }
}

const accountOf = (cache: QueryClient) => cache.getQueryData<Site>(keys.site)?.account?.id;

/** Signs out and shows the sign-in page. While edits wait it asks first, unless one is sure. */
export async function leave(cache: QueryClient, navigate: Navigate, sure = false): Promise<void> {
  const account = accountOf(cache);
  const edits = sure ? 0 : await waitingHere(account);
  if (edits > 0) {
    toast({
      text: t(
        "{edits, plural, one {# edit of yours is} other {# edits of yours are}} not saved yet. Signing out removes what this browser keeps.",
        { edits },
      ),
      kind: "bad",
      action: { label: t("Sign out all the same"), run: () => void leave(cache, navigate, true) },
    });
    return;
  }
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
  await forgetDocuments(account, true);
}

/** The session has ended: the sign-in page, and back here afterwards. Edits that wait stay for that. */
export async function wasSignedOut(cache: QueryClient, navigate: Navigate, here: string): Promise<void> {
  toast({ text: t("You were signed out."), kind: "bad" });
  const account = accountOf(cache);
  await navigate({ to: "/sign-in", search: { next: here } });
  forget(cache);
  await forgetDocuments(account, false);
}
