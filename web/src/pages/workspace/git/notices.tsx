import { useState } from "react";
import type { GitStatus } from "../../../api/git";
import { Button } from "../../../ui/button";
import { ConfirmDialog } from "../../../ui/dialog";
import { t } from "../../../words";
import styles from "./git.module.css";
import { useAuthor, useDoing, useGit } from "./hooks";

/** What has been begun and waits, and a lock that was left. */
export function Notices({ status }: { status: GitStatus }) {
  const git = useGit();
  const author = useAuthor();
  const [busy, run] = useDoing();
  const [aborting, setAborting] = useState(false);
  const { repo, operation } = status;
  const resolve = (action: "continue" | "abort" | "skip") => git.change("resolve", { repo, action, author });
  const open = status.changes.some((c) => c.conflict);
  return (
    <>
      {operation ? (
        <div className={styles.notice} role="status">
          <p>
            {operation === "merge"
              ? t("A merge is under way.")
              : t("A {operation} is under way.", { operation })}{" "}
            {status.steps
              ? t("Step {step} of {steps}.", { step: status.step ?? 1, steps: status.steps })
              : ""}{" "}
            {open ? t("Resolve the files in conflict first.") : t("All conflicts are resolved.")}
          </p>
          <div className={styles.row}>
            {operation !== "merge" && operation !== "bisect" ? (
              <Button
                disabled={open}
                busy={busy === "continue" && t("Continuing…")}
                onClick={() => void run("continue", () => resolve("continue"))}
              >
                {t("Continue")}
              </Button>
            ) : null}
            {operation === "rebase" ? (
              <Button onClick={() => void run("skip", () => resolve("skip"))}>{t("Skip this commit")}</Button>
            ) : null}
            {operation !== "bisect" ? (
              <Button onClick={() => setAborting(true)}>{t("Give up")}</Button>
            ) : null}
          </div>
        </div>
      ) : null}
      {status.lockedAt ? (
        <div className={styles.notice} role="status">
          <p>
            {t(
              "A Git that was ended has left its lock (index.lock). Nothing can be staged or committed until it is taken away.",
            )}
          </p>
          <div className={styles.row}>
            <Button
              onClick={() => void run("unlock", () => git.change("folder", { path: repo, action: "unlock" }))}
            >
              {t("Take the lock away")}
            </Button>
          </div>
        </div>
      ) : null}
      <ConfirmDialog
        open={aborting}
        onClose={() => setAborting(false)}
        title={t("Give up the {operation}?", { operation: operation ?? "" })}
        description={t("Everything is as it was before. What you have resolved so far is gone.")}
        confirm={t("Give up")}
        busy={t("Giving up…")}
        onConfirm={() => resolve("abort")}
      />
    </>
  );
}
