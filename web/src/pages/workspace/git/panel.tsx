import { ArrowDownToLine, ArrowUpFromLine, GitBranch, RefreshCw } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "../../../ui/button";
import { Failure, Progress } from "../../../ui/state";
import { t } from "../../../words";
import { useRoom, useStore } from "../context";
import page from "../workspace.module.css";
import { AskDialog } from "./ask";
import { BranchDialog } from "./branches";
import { Changes } from "./changes";
import { CommitBox } from "./commitbox";
import { Empty } from "./empty";
import styles from "./git.module.css";
import { useGit, useStatus } from "./hooks";
import { Log } from "./log";
import { Notices } from "./notices";
import { Sync } from "./sync";

/** Git beside the tabs: what changed, what will be committed, and the remote. */
export default function GitPanel() {
  const { running } = useRoom();
  const { git, status, overview, error } = useStatus();
  const [branches, setBranches] = useState(false);
  return (
    <>
      <div className={page.panelHead}>
        <h2>{t("Git")}</h2>
        <IconButton label={t("Read again")} disabled={!running} onClick={() => void git.find()}>
          <RefreshCw size={16} strokeWidth={1.5} />
        </IconButton>
      </div>
      <div className={page.scroll}>
        {!running ? (
          <p className={page.hint}>{t("The project does not run. Its files are there when it does.")}</p>
        ) : error !== undefined && status === undefined ? (
          <Failure error={error} onRetry={() => void git.find()} />
        ) : overview === undefined ? (
          <Progress>{t("Looking for repositories…")}</Progress>
        ) : overview.repositories.length === 0 ? (
          <Empty overview={overview} />
        ) : (
          <>
            {error !== undefined ? <Failure error={error} onRetry={() => void git.find()} /> : null}
            <Chooser />
            {status === undefined ? (
              <Progress>{t("Reading the repository…")}</Progress>
            ) : (
              <>
                <div className={styles.bar}>
                  <Button look="quiet" className={styles.branch ?? ""} onClick={() => setBranches(true)}>
                    <GitBranch size={16} strokeWidth={1.5} aria-hidden />
                    <span>{status.branch ?? t("No branch")}</span>
                    <span className={styles.counts}>
                      {status.ahead > 0 ? `↑${status.ahead} ` : ""}
                      {status.behind > 0 ? `↓${status.behind}` : ""}
                    </span>
                  </Button>
                  <Sync status={status} pull={ArrowDownToLine} push={ArrowUpFromLine} />
                </div>
                <Notices status={status} />
                <CommitBox status={status} />
                <Changes />
                <Log />
              </>
            )}
          </>
        )}
      </div>
      {branches && status ? <BranchDialog status={status} onClose={() => setBranches(false)} /> : null}
      <AskDialog />
    </>
  );
}

/** Which of several repositories is shown. */
function Chooser() {
  const git = useGit();
  const overview = useStore(git.overview);
  const chosen = useStore(git.chosen);
  if (!overview || overview.repositories.length < 2) return null;
  return (
    <select
      className={styles.choose}
      aria-label={t("Repository")}
      value={chosen}
      onChange={(e) => git.choose(e.target.value)}
    >
      {overview.repositories.map((r) => (
        <option key={r.path} value={r.path}>
          {r.path === "" ? t("The whole project") : r.path}
        </option>
      ))}
    </select>
  );
}
