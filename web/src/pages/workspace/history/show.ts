import { t } from "../../../words";
import type { Workspace } from "../model";
import { nameOf } from "../path";

/** Opens the history of a file in a tab. */
export function showHistory(workspace: Workspace, path: string): void {
  workspace.openView("history", path, t("History of {name}", { name: nameOf(path) }));
}
