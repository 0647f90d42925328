import type { GitChange, GitStatus } from "../../../api/git";
import { t } from "../../../words";
import { parentOf } from "../path";
import type { Mark } from "../projectfiles";

/** The groups of changes, in the order in which they are shown. */
export type Group = "conflicts" | "staged" | "changed" | "unknown";

/** A change as a row of one group: a file that is staged and changed again is in two. */
export type ChangeRow = { group: Group; change: GitChange; letter: string };

/** Sorts the changes of a status into their groups. */
export function rowsOf(status: GitStatus): Record<Group, ChangeRow[]> {
  const out: Record<Group, ChangeRow[]> = { conflicts: [], staged: [], changed: [], unknown: [] };
  for (const change of status.changes) {
    if (change.conflict) {
      out.conflicts.push({ group: "conflicts", change, letter: "!" });
      continue;
    }
    if (change.index) out.staged.push({ group: "staged", change, letter: change.index });
    if (change.worktree === "U") out.unknown.push({ group: "unknown", change, letter: "U" });
    else if (change.worktree && change.worktree !== "I")
      out.changed.push({ group: "changed", change, letter: change.worktree });
  }
  return out;
}

/** What a letter says. */
export function letterTitle(letter: string): string {
  switch (letter) {
    case "A":
      return t("Added");
    case "D":
      return t("Deleted");
    case "R":
      return t("Renamed");
    case "C":
      return t("Copied");
    case "T":
      return t("Another kind of file now");
    case "U":
      return t("Unknown to Git");
    case "!":
      return t("In conflict");
    default:
      return t("Changed");
  }
}

/** How a change stands beside a name in the tree. */
function markOf(change: GitChange): Mark {
  const letter = change.conflict ? "!" : change.worktree || change.index || "M";
  const tone = letter === "!" ? "bad" : letter === "U" || letter === "A" ? "added" : "changed";
  return { letter, title: letterTitle(letter), tone };
}

/** The marks of the tree: a letter at each file, a dot at each folder above. */
export function marksOf(statuses: Iterable<GitStatus>): Map<string, Mark> {
  const marks = new Map<string, Mark>();
  for (const status of statuses) {
    for (const change of status.changes) {
      if (change.worktree === "I" || (change.worktree === "D" && !change.conflict)) continue;
      const mark = markOf(change);
      marks.set(change.path, mark);
      for (let dir = parentOf(change.path); dir !== ""; dir = parentOf(dir)) {
        if (marks.get(dir)?.tone === "bad") break;
        if (marks.has(dir) && mark.tone !== "bad") break;
        marks.set(dir, {
          letter: "•",
          title: t("Has changes"),
          tone: mark.tone === "bad" ? "bad" : "changed",
        });
        if (dir === status.repo) break;
      }
    }
  }
  return marks;
}
