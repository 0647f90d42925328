import { useEffect, useState } from "react";
import { type GitStatus, readGit } from "../../../api/git";
import { Button } from "../../../ui/button";
import { toast } from "../../../ui/toast";
import { t } from "../../../words";
import styles from "./git.module.css";
import { useAuthor, useDoing, useGit } from "./hooks";
import { rowsOf } from "./states";

/** The message of the next commit, and the button that makes it. */
export function CommitBox({ status }: { status: GitStatus }) {
  const git = useGit();
  const author = useAuthor();
  const [message, setMessage] = useState("");
  const [amend, setAmend] = useState(false);
  const [signOff, setSignOff] = useState(false);
  const [busy, run] = useDoing();
  const proposed = status.message ?? "";
  useEffect(() => {
    if (proposed !== "") setMessage((m) => (m === "" ? proposed : m));
  }, [proposed]);
  const { staged, changed } = rowsOf(status);
  const merging = status.operation === "merge";
  const all = staged.length === 0 && changed.length > 0 && !amend && !merging;
  const can = message.trim() !== "" && (staged.length > 0 || changed.length > 0 || amend || merging);
  const commit = () =>
    run("commit", async () => {
      const { commit: made } = await git.change("commit", {
        repo: status.repo,
        message,
        author,
        amend,
        signOff,
        all,
      });
      setMessage("");
      setAmend(false);
      toast({ text: t("Committed: {subject}", { subject: made?.subject ?? "" }) });
    });
  const toAmend = (on: boolean) => {
    setAmend(on);
    if (on && message === "")
      void run("read", async () => {
        const last = await readGit(git.project, "commit", { repo: status.repo, id: "HEAD" });
        setMessage(last.subject + (last.body ? `\n\n${last.body}` : ""));
      });
  };
  if (status.operation === "rebase") return null;
  return (
    <div className={styles.message}>
      <textarea
        aria-label={t("Message of the commit")}
        placeholder={t("What the commit does (Ctrl+Enter commits)")}
        value={message}
        rows={3}
        onChange={(e) => setMessage(e.target.value)}
        onKeyDown={(e) => {
          if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey)) return;
          e.preventDefault();
          if (can && busy === "") void commit();
        }}
      />
      <div className={styles.row}>
        <label className={styles.row}>
          <input
            type="checkbox"
            checked={amend}
            disabled={!status.commit || status.operation !== undefined}
            onChange={(e) => toAmend(e.target.checked)}
          />
          {t("Amend")}
        </label>
        <label className={styles.row}>
          <input type="checkbox" checked={signOff} onChange={(e) => setSignOff(e.target.checked)} />
          {t("Sign off")}
        </label>
        <span className={styles.grow} />
        <Button
          look="primary"
          disabled={!can}
          busy={busy === "commit" && t("Committing…")}
          onClick={() => void commit()}
        >
          {all ? t("Commit all") : t("Commit")}
        </Button>
      </div>
    </div>
  );
}
