import {
  ArrowDownToLine,
  ArrowUpFromLine,
  GitBranch,
  Minus,
  Plus,
  RefreshCw,
  TriangleAlert,
  Undo2,
} from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "../../../ui/button";
import { classes } from "../../../ui/classes";
import { ConfirmDialog } from "../../../ui/dialog";
import { Failure, Progress } from "../../../ui/state";
import { t } from "../../../words";
import { useRoom, useStore } from "../context";
import { nameOf, parentOf, pathFrom } from "../path";
import page from "../workspace.module.css";
import { AskDialog } from "./ask";
import { BranchDialog } from "./branches";
import { CommitBox } from "./commitbox";
import { Empty } from "./empty";
import styles from "./git.module.css";
import { discard, useDoing, useGit, useStatus } from "./hooks";
import { Log } from "./log";
import { Notices } from "./notices";
import { type ChangeRow, type Group, letterTitle, rowsOf } from "./states";
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
        ) : error !== undefined ? (
          <Failure error={error} onRetry={() => void git.find()} />
        ) : overview === undefined ? (
          <Progress>{t("Looking for repositories…")}</Progress>
        ) : overview.repositories.length === 0 ? (
          <Empty overview={overview} />
        ) : (
          <>
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

const titles: Record<Group, () => string> = {
  conflicts: () => t("In conflict"),
  staged: () => t("Staged"),
  changed: () => t("Changed"),
  unknown: () => t("Unknown to Git"),
};

function Changes() {
  const { git, status } = useStatus();
  const [, run] = useDoing();
  const [losing, setLosing] = useState<string[]>();
  if (status === undefined) return null;
  const rows = rowsOf(status);
  const stage = (action: "stage" | "unstage", list: ChangeRow[]) =>
    void run(action, () => git.change("stage", { repo: status.repo, action, paths: pathsOf(list) }));
  if (status.total === 0)
    return (
      <p className={page.hint}>{status.operation ? "" : t("Nothing has changed since the last commit.")}</p>
    );
  return (
    <>
      {(["conflicts", "staged", "changed", "unknown"] as const).map((group) => {
        const list = rows[group];
        if (list.length === 0) return null;
        return (
          <section key={group} aria-label={titles[group]()}>
            <div className={styles.group}>
              <h3>
                {titles[group]()} <span className={styles.counts}>{list.length}</span>
              </h3>
              {group === "staged" ? (
                <IconButton light label={t("Unstage all")} onClick={() => stage("unstage", list)}>
                  <Minus size={16} strokeWidth={1.5} />
                </IconButton>
              ) : null}
              {group === "changed" || group === "unknown" ? (
                <>
                  <IconButton light label={t("Discard all")} onClick={() => setLosing(pathsOf(list))}>
                    <Undo2 size={16} strokeWidth={1.5} />
                  </IconButton>
                  <IconButton light label={t("Stage all")} onClick={() => stage("stage", list)}>
                    <Plus size={16} strokeWidth={1.5} />
                  </IconButton>
                </>
              ) : null}
            </div>
            <ul>
              {list.slice(0, 500).map((row) => (
                <Row
                  key={row.change.path}
                  row={row}
                  repo={status.repo}
                  onStage={() => stage("stage", [row])}
                  onUnstage={() => stage("unstage", [row])}
                  onDiscard={() => setLosing(pathsOf([row]))}
                />
              ))}
            </ul>
            {list.length > 500 ? (
              <p className={page.hint}>{t("And {count} more.", { count: list.length - 500 })}</p>
            ) : null}
          </section>
        );
      })}
      <ConfirmDialog
        open={losing !== undefined}
        onClose={() => setLosing(undefined)}
        title={t("Discard the changes of {count, plural, one {# file} other {# files}}?", {
          count: losing?.length ?? 0,
        })}
        description={t(
          "The files are put back as they are staged or were committed; those that Git does not know are deleted. You can undo it right afterwards; for 30 days what was there is kept in the repository.",
        )}
        confirm={t("Discard")}
        busy={t("Discarding…")}
        onConfirm={() => discard(git, losing ?? [])}
      />
    </>
  );
}

/** The paths of rows, with those that they had before a rename. */
function pathsOf(rows: ChangeRow[]): string[] {
  return rows.flatMap((r) =>
    r.change.from && r.group === "staged" ? [r.change.path, r.change.from] : [r.change.path],
  );
}

type RowProps = {
  row: ChangeRow;
  repo: string;
  onStage: () => void;
  onUnstage: () => void;
  onDiscard: () => void;
};

function Row({ row, repo, onStage, onUnstage, onDiscard }: RowProps) {
  const { workspace, narrow } = useRoom();
  const { change, group, letter } = row;
  const name = nameOf(change.path);
  const open = () => {
    if (group === "conflicts") workspace.openView("merge", change.path, t("{name} (merge)", { name }));
    else if (change.folder) return;
    else
      workspace.openView(
        "diff",
        `${group === "staged" ? "staged" : "worktree"}:${change.path}`,
        t("{name} (changes)", { name }),
      );
    if (narrow) workspace.show("");
  };
  const tone =
    letter === "!" || letter === "D"
      ? styles.bad
      : letter === "A" || letter === "U"
        ? styles.added
        : styles.changed;
  return (
    <li
      className={styles.change}
      data-path={change.path}
      onKeyDown={(e) => {
        // The row goes to another list: the focus stays in this one.
        const { nextElementSibling: below, previousElementSibling: above } = e.currentTarget;
        if (/^[su+-]$/.test(e.key)) (below ?? above)?.querySelector("button")?.focus();
        if (e.key === "s" || e.key === "+") onStage();
        else if (e.key === "u" || e.key === "-") onUnstage();
        else if (e.key === "Delete" && group !== "staged" && group !== "conflicts") onDiscard();
        else return;
        e.preventDefault();
      }}
    >
      <button type="button" className={styles.file} title={change.path} onClick={open}>
        <span className={classes(styles.letter, tone)} title={letterTitle(letter)}>
          {letter}
        </span>
        <span className={styles.name}>{name}</span>
        <span className={styles.dir}>{pathFrom(repo, parentOf(change.path))}</span>
      </button>
      {group === "conflicts" ? <TriangleAlert size={16} strokeWidth={1.5} aria-hidden /> : null}
      {group === "staged" ? (
        <IconButton light label={t("Unstage {name}", { name })} onClick={onUnstage}>
          <Minus size={16} strokeWidth={1.5} />
        </IconButton>
      ) : null}
      {group === "changed" || group === "unknown" ? (
        <>
          <IconButton light label={t("Discard the changes of {name}", { name })} onClick={onDiscard}>
            <Undo2 size={16} strokeWidth={1.5} />
          </IconButton>
          <IconButton light label={t("Stage {name}", { name })} onClick={onStage}>
            <Plus size={16} strokeWidth={1.5} />
          </IconButton>
        </>
      ) : null}
    </li>
  );
}
