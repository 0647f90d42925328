import { Link } from "@tanstack/react-router";
import { Files, Keyboard, type LucideIcon, Settings, SquareTerminal, Users } from "lucide-react";
import { registry } from "../../ui/action";
import { buttonClass, IconButton } from "../../ui/button";
import { Tooltip } from "../../ui/tooltip";
import { t } from "../../words";
import type { Side } from "./arrangement";
import { useRoom, useStore } from "./context";
import styles from "./workspace.module.css";

/** What can stand beside the tabs. */
export function Rail() {
  const { project, may } = useRoom();
  return (
    <nav className={styles.rail} aria-label={t("Parts of the project")}>
      <Part side="files" icon={Files} label={t("Files")} keys="Mod+B" />
      {may("terminals.use") ? <Part side="terminals" icon={SquareTerminal} label={t("Terminals")} /> : null}
      <Part side="people" icon={Users} label={t("People")} />
      <span className={styles.gap} />
      <IconButton
        label={t("Show the keys")}
        keys="?"
        onClick={() =>
          registry
            .now()
            .find((a) => a.id === "keys.show")
            ?.run()
        }
      >
        <Keyboard size={20} strokeWidth={1.5} />
      </IconButton>
      <Tooltip label={t("Settings of the project")} side="right">
        <Link
          to="/projects/$project/settings"
          params={{ project: project.id }}
          className={`${buttonClass("quiet")} ${styles.railLink}`}
          aria-label={t("Settings of the project")}
        >
          <Settings size={20} strokeWidth={1.5} />
        </Link>
      </Tooltip>
    </nav>
  );
}

function Part({
  side,
  icon: Icon,
  label,
  keys,
}: {
  side: Side;
  icon: LucideIcon;
  label: string;
  keys?: string;
}) {
  const { workspace } = useRoom();
  const shown = useStore(workspace.arrangement).side === side;
  return (
    <IconButton
      label={label}
      keys={keys}
      aria-pressed={shown}
      onClick={() => workspace.show(shown ? "" : side)}
    >
      <Icon size={20} strokeWidth={1.5} />
    </IconButton>
  );
}
