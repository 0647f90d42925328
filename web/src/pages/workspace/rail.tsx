import { Link } from "@tanstack/react-router";
import { Keyboard, Settings } from "lucide-react";
import { registry } from "../../ui/action";
import { buttonClass, IconButton } from "../../ui/button";
import { Tooltip } from "../../ui/tooltip";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import { type SidePart, sideParts } from "./sides";
import styles from "./workspace.module.css";

/** What can stand beside the tabs. */
export function Rail() {
  const { project, may } = useRoom();
  return (
    <nav className={styles.rail} aria-label={t("Parts of the project")}>
      {sideParts()
        .filter((p) => p.verb === undefined || may(p.verb))
        .map((p) => (
          <Part key={p.id} part={p} />
        ))}
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

function Part({ part }: { part: SidePart }) {
  const { id, label, icon: Icon, keys } = part;
  const { workspace } = useRoom();
  const shown = useStore(workspace.arrangement).side === id;
  return (
    <IconButton
      label={label}
      {...(keys === undefined ? {} : { keys })}
      aria-pressed={shown}
      onClick={() => workspace.show(shown ? "" : id)}
    >
      <Icon size={20} strokeWidth={1.5} />
    </IconButton>
  );
}
