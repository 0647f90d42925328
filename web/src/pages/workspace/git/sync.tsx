import { CircleX, type LucideIcon, RefreshCcwDot } from "lucide-react";
import { useState } from "react";
import type { GitStatus, GitTransfer } from "../../../api/git";
import { Button, IconButton } from "../../../ui/button";
import { Dialog } from "../../../ui/dialog";
import { toast } from "../../../ui/toast";
import { t } from "../../../words";
import { useStore } from "../context";
import styles from "./git.module.css";
import { useAuthor, useDoing, useGit } from "./hooks";
import { RemoteDialog } from "./remotes";

/** Fetch, pull and push, with their progress. */
export function Sync({
  status,
  pull: Pull,
  push: Push,
}: {
  status: GitStatus;
  pull: LucideIcon;
  push: LucideIcon;
}) {
  const git = useGit();
  const author = useAuthor();
  const under = useStore(git.transferring);
  const [, run] = useDoing();
  const diverged = useStore(git.diverged);
  const [remote, setRemote] = useState(false);
  const go = (action: GitTransfer["action"], how?: "merge" | "rebase") => {
    if (status.remotes.length === 0) return setRemote(true);
    void run(action, async () => {
      const event = await git.transfer({ repo: status.repo, action, author, ...(how && { how }) });
      if (event?.diverged && event.problem) git.diverged.set(event.problem.detail ?? "");
      else if (event?.problem) throw new Error(event.problem.detail);
      else if (event?.done)
        toast({
          text: action === "push" ? t("Pushed") : action === "pull" ? t("Pulled") : t("Fetched"),
        });
    });
  };
  const busy = under !== undefined;
  return (
    <>
      <IconButton label={t("Fetch")} disabled={busy} onClick={() => go("fetch")}>
        <RefreshCcwDot size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("Pull")} disabled={busy} onClick={() => go("pull")}>
        <Pull size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("Push")} disabled={busy} onClick={() => go("push")}>
        <Push size={16} strokeWidth={1.5} />
      </IconButton>
      {under ? (
        <output className={styles.progress} style={{ width: "100%" }}>
          <span className={styles.row}>
            <span className={styles.grow}>
              {under.progress?.text ?? under.progress?.phase ?? t("Starting…")}
            </span>
            <IconButton light label={t("Cancel")} onClick={under.stop}>
              <CircleX size={16} strokeWidth={1.5} />
            </IconButton>
          </span>
          <progress
            aria-label={t("Progress")}
            max={100}
            {...(under.progress && under.progress.percent >= 0 && { value: under.progress.percent })}
          />
        </output>
      ) : null}
      <Dialog
        open={diverged !== ""}
        onClose={() => git.diverged.set("")}
        title={t("Both sides have commits")}
        description={diverged}
      >
        <div className={styles.row}>
          <span className={styles.grow} />
          <Button
            onClick={() => {
              git.diverged.set("");
              go("pull", "rebase");
            }}
          >
            {t("Rebase mine")}
          </Button>
          <Button
            look="primary"
            onClick={() => {
              git.diverged.set("");
              go("pull", "merge");
            }}
          >
            {t("Merge")}
          </Button>
        </div>
      </Dialog>
      {remote ? <RemoteDialog status={status} onClose={() => setRemote(false)} /> : null}
    </>
  );
}
