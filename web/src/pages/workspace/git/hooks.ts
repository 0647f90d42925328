import { useCallback, useEffect, useState } from "react";
import { messageOf } from "../../../api/problem";
import { useAccount } from "../../../api/session";
import { toast } from "../../../ui/toast";
import { t } from "../../../words";
import { useRoom, useStore } from "../context";
import { isWithin } from "../path";
import { type GitStore, gitOf } from "./store";

/** The store of this workspace. */
export function useGit(): GitStore {
  return gitOf(useRoom().workspace);
}

/** Who commits: oneself. */
export function useAuthor() {
  const { name, email } = useAccount();
  return { name, email };
}

/** Keeps the states of files up to date while the project runs. For those who see the panel. */
export function useGitStates(): void {
  const { workspace, running, may } = useRoom();
  const wanted = running && may("terminals.use");
  useEffect(() => (wanted ? gitOf(workspace).start() : undefined), [workspace, wanted]);
}

/** Runs something; says why it failed. Busy is what runs. */
export function useDoing(): [string, (name: string, work: () => Promise<unknown>) => Promise<boolean>] {
  const [busy, setBusy] = useState("");
  const run = useCallback(async (name: string, work: () => Promise<unknown>) => {
    setBusy(name);
    try {
      await work();
      return true;
    } catch (e) {
      toast({ text: messageOf(e), kind: "bad" });
      return false;
    } finally {
      setBusy("");
    }
  }, []);
  return [busy, run];
}

/** Takes changes back, and offers to undo that. */
export async function discard(git: GitStore, paths: string[]): Promise<void> {
  const repo = git.chosen.get();
  const { undo } = await git.change("stage", { repo, action: "discard", paths });
  if (!undo) return;
  toast({
    text: t(
      "{count, plural, one {The changes of # file are discarded} other {The changes of # files are discarded}}",
      {
        count: paths.length,
      },
    ),
    action: {
      label: t("Undo"),
      run: () => {
        git.change("stage", { repo, action: "restore", paths, undo }).catch((e: unknown) => {
          toast({ text: messageOf(e), kind: "bad" });
        });
      },
    },
  });
}

/** What is known of the repository, read once it is there. */
export function useStatus() {
  const git = useGit();
  return { git, status: useStore(git.status), overview: useStore(git.overview), error: useStore(git.error) };
}

/** The repository that a path is in: the innermost one that is known. */
export function useGitRepo(path: string): string | undefined {
  const all = useStore(useGit().overview)?.repositories ?? [];
  const around = all.filter((r) => r.path === "" || isWithin(path, r.path));
  return around.sort((a, b) => b.path.length - a.path.length)[0]?.path;
}
