import { t } from "../../../words";
import type { Workspace } from "../model";
import { nameOf } from "../path";

/** What the tab with the history of a file is called. */
export function historyTitle(path: string): string {
  return t("History of {name}", { name: nameOf(path) });
}

/** Opens the history of a file in a tab. */
export function showHistory(workspace: Workspace, path: string): void {
  workspace.openView("history", path, historyTitle(path));
}
