import { ChartPie, GitCompare, GitMerge, History, type LucideIcon } from "lucide-react";
import { type ComponentType, lazy } from "react";
import type { EditorHost } from "../../editors/host";
import { historyTitle } from "./history/show";

/** What a view in a tab is given. */
export type ViewProps = {
  host: EditorHost;
  /** What it is a view of; "" is the project. */
  path: string;
  /** The tab is on the screen. */
  visible: boolean;
  close: () => void;
};

/** Something shown in a tab that is not a file's content. It may be lazy. */
export type View = {
  id: string;
  icon: LucideIcon;
  show: ComponentType<ViewProps>;
  /** The tab's title: the view goes along when what it is of is renamed. Those without stay at their path. */
  titleOf?: (path: string) => string;
};

/** The views, which Workspace.openView opens by their ids. */
export const views: readonly View[] = [
  { id: "usage", icon: ChartPie, show: lazy(() => import("./usage")) },
  { id: "diff", icon: GitCompare, show: lazy(() => import("./git/diffview")) },
  { id: "history", icon: History, show: lazy(() => import("./history/view")), titleOf: historyTitle },
  { id: "merge", icon: GitMerge, show: lazy(() => import("./git/mergeview")) },
];
