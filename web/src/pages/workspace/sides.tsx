import {
  Activity,
  Cpu,
  Files,
  GitBranch,
  History,
  type LucideIcon,
  Search,
  SquareTerminal,
  Users,
} from "lucide-react";
import type { ComponentType } from "react";
import { t } from "../../words";
import { Explorer } from "./explorer";
import { GitSide } from "./git/side";
import { HistorySide } from "./history/side";
import { KernelsPanel } from "./kernels";
import { PeoplePanel } from "./people";
import { SearchPanel } from "./search";
import { TerminalsPanel } from "./terminals";
import { RunningPanel } from "./use";

/** Something that can stand beside the tabs. */
export type SidePart = {
  id: string;
  label: string;
  icon: LucideIcon;
  keys?: string;
  /** The verb that one needs to see it; none when everybody may. */
  verb?: string;
  show: ComponentType;
};

/** What can stand beside the tabs, in the order of the rail. */
export function sideParts(): readonly SidePart[] {
  return [
    { id: "files", label: t("Files"), icon: Files, keys: "Mod+B", show: Explorer },
    { id: "search", label: t("Search"), icon: Search, keys: "Mod+Shift+F", show: SearchPanel },
    { id: "history", label: t("History"), icon: History, show: HistorySide },
    {
      id: "git",
      label: t("Git"),
      icon: GitBranch,
      keys: "Mod+Shift+G",
      verb: "terminals.use",
      show: GitSide,
    },
    {
      id: "terminals",
      label: t("Terminals"),
      icon: SquareTerminal,
      verb: "terminals.use",
      show: TerminalsPanel,
    },
    { id: "kernels", label: t("Kernels"), icon: Cpu, verb: "terminals.use", show: KernelsPanel },
    {
      id: "running",
      label: t("Running things"),
      icon: Activity,
      verb: "terminals.use",
      show: RunningPanel,
    },
    { id: "people", label: t("People"), icon: Users, show: PeoplePanel },
  ];
}
