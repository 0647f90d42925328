import { Minus, Plus, TriangleAlert, Undo2 } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { IconButton } from "../../../ui/button";
import { classes } from "../../../ui/classes";
import { ConfirmDialog } from "../../../ui/dialog";
import { treeStep } from "../../../ui/treekeys";
import { t } from "../../../words";
import { useRoom } from "../context";
import { nameOf, parentOf, pathFrom } from "../path";
import page from "../workspace.module.css";
import styles from "./git.module.css";
import { discard, useDoing, useStatus } from "./hooks";
import { type ChangeRow, type Group, letterTitle, rowsOf } from "./states";

const groups: readonly Group[] = ["conflicts", "staged", "changed", "unknown"];

/** Most rows of a group that are drawn. */
const most = 500;

/** A row lies: what goes along it goes as the others do from row to row. */
const turned: Record<string, string> = { ArrowLeft: "ArrowUp", ArrowRight: "ArrowDown" };

const titles: Record<Group, () => string> = {
  conflicts: () => t("In conflict"),
  staged: () => t("Staged"),
  changed: () => t("Changed"),
  unknown: () => t("Unknown to Git"),
};

/** What changed, by what will become of it. The arrow keys go from file to file over all of it. */
export function Changes() {
  const { git, status } = useStatus();
  const [, run] = useDoing();
  const [losing, setLosing] = useState<string[]>();
  const [at, setAt] = useState("");
  if (status === undefined) return null;
  const rows = rowsOf(status);
  const shown = groups.flatMap((group) => rows[group].slice(0, most).map(keyOf));
  // One row is reached by Tab, and the others from it.
  const current = shown.includes(at) ? at : shown[0];
  const stage = (action: "stage" | "unstage", list: ChangeRow[]) =>
    void run(action, () => git.change("stage", { repo: status.repo, action, paths: pathsOf(list) }));
  if (status.total === 0)
    return (
      <p className={page.hint}>{status.operation ? "" : t("Nothing has changed since the last commit.")}</p>
    );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of the buttons in it
    <div onKeyDown={goByKeys}>
      {groups.map((group) => {
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
              {list.slice(0, most).map((row) => (
                <Row
                  key={row.change.path}
                  row={row}
                  current={keyOf(row) === current}
                  onFocus={() => setAt(keyOf(row))}
                  repo={status.repo}
                  onStage={() => stage("stage", [row])}
                  onUnstage={() => stage("unstage", [row])}
                  onDiscard={() => setLosing(pathsOf([row]))}
                />
              ))}
            </ul>
            {list.length > most ? (
              <p className={page.hint}>{t("And {count} more.", { count: list.length - most })}</p>
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
    </div>
  );
}

function keyOf({ group, change }: ChangeRow): string {
  return `${group}:${change.path}`;
}

/** Goes from row to row with the keys up, down, Home and End, and along a row with left and right. */
function goByKeys(e: KeyboardEvent<HTMLElement>) {
  if (e.ctrlKey || e.metaKey || e.altKey || !(e.target instanceof HTMLElement)) return;
  const row = e.target.closest("[data-path]");
  if (!row) return;
  const along = e.key === "ArrowLeft" || e.key === "ArrowRight";
  const places = along
    ? [...row.querySelectorAll<HTMLElement>("button")]
    : [...e.currentTarget.querySelectorAll<HTMLElement>(`.${styles.file}`)];
  const from = along ? e.target : row.querySelector<HTMLElement>("button");
  const { go } = treeStep(turned[e.key] ?? e.key, from ? places.indexOf(from) : -1, places.length, undefined);
  if (go === undefined) return;
  places[go]?.focus();
  e.preventDefault();
}

/** The paths of rows, with those that they had before a rename. */
function pathsOf(rows: ChangeRow[]): string[] {
  return rows.flatMap((r) =>
    r.change.from && r.group === "staged" ? [r.change.path, r.change.from] : [r.change.path],
  );
}

type RowProps = {
  row: ChangeRow;
  /** It is the one that Tab reaches. */
  current: boolean;
  onFocus: () => void;
  repo: string;
  onStage: () => void;
  onUnstage: () => void;
  onDiscard: () => void;
};

function Row({ row, current, onFocus, repo, onStage, onUnstage, onDiscard }: RowProps) {
  const { workspace, narrow } = useRoom();
  const { change, group, letter } = row;
  const name = nameOf(change.path);
  const tab = current ? 0 : -1;
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
      onFocus={onFocus}
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
      <button type="button" tabIndex={tab} className={styles.file} title={change.path} onClick={open}>
        <span className={classes(styles.letter, tone)} title={letterTitle(letter)}>
          {letter}
        </span>
        <span className={styles.name}>{name}</span>
        <span className={styles.dir}>{pathFrom(repo, parentOf(change.path))}</span>
      </button>
      {group === "conflicts" ? <TriangleAlert size={16} strokeWidth={1.5} aria-hidden /> : null}
      {group === "staged" ? (
        <IconButton light tabIndex={tab} label={t("Unstage {name}", { name })} onClick={onUnstage}>
          <Minus size={16} strokeWidth={1.5} />
        </IconButton>
      ) : null}
      {group === "changed" || group === "unknown" ? (
        <>
          <IconButton
            light
            tabIndex={tab}
            label={t("Discard the changes of {name}", { name })}
            onClick={onDiscard}
          >
            <Undo2 size={16} strokeWidth={1.5} />
          </IconButton>
          <IconButton light tabIndex={tab} label={t("Stage {name}", { name })} onClick={onStage}>
            <Plus size={16} strokeWidth={1.5} />
          </IconButton>
        </>
      ) : null}
    </li>
  );
}
