import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown, Play, RotateCw, Search, Square } from "lucide-react";
import { registry } from "../../ui/action";
import { Avatars } from "../../ui/avatar";
import { Badge } from "../../ui/badge";
import { buttonClass, IconButton } from "../../ui/button";
import { Mark } from "../../ui/mark";
import { Menu, MenuItem, MenuLabel } from "../../ui/menu";
import { t } from "../../words";
import { told } from "../phase";
import { useRoom } from "./context";
import { status } from "./queries";
import { useRun } from "./run";
import styles from "./workspace.module.css";

/** The name of the project, how it is, and who is here. */
export function Header() {
  const { project } = useRoom();
  return (
    <header className={styles.header}>
      <Link to="/projects" className={styles.home} aria-label={t("All projects")}>
        <Mark />
      </Link>
      <h1 className={styles.name}>{project.name}</h1>
      <StateMenu />
      <span className={styles.gap} />
      <Here />
      <IconButton label={t("Find an action or a project")} keys="Mod+K" onClick={() => run("palette.open")}>
        <Search size={16} strokeWidth={1.5} />
      </IconButton>
    </header>
  );
}

function run(id: string) {
  registry
    .now()
    .find((a) => a.id === id)
    ?.run();
}

/** How the project is, and what can be done about it. */
function StateMenu() {
  const { project, may } = useRoom();
  const { send } = useRun(project);
  const { tone, word, detail } = told(project.state);
  if (!may("project.run") && !may("project.stop")) return <Badge tone={tone}>{word}</Badge>;
  const up = project.state.wanted === "running" && project.state.phase !== "failed";
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className={`${buttonClass("quiet")} ${styles.state}`}>
          <Badge tone={tone}>{word}</Badge>
          <ChevronDown size={16} strokeWidth={1.5} aria-hidden />
          <span className="visually-hidden">{t("State of the project")}</span>
        </button>
      }
    >
      {detail === "" ? null : <MenuLabel>{detail}</MenuLabel>}
      {up || !may("project.run") ? null : (
        <MenuItem icon={Play} onSelect={() => send("start")}>
          {t("Start")}
        </MenuItem>
      )}
      {up && may("project.stop") ? (
        <>
          <MenuItem icon={RotateCw} onSelect={() => send("restart")}>
            {t("Restart")}
          </MenuItem>
          <MenuItem icon={Square} danger onSelect={() => send("stop")}>
            {t("Stop")}
          </MenuItem>
        </>
      ) : null}
    </Menu>
  );
}

/** Who is in the project now, oneself left out. */
function Here() {
  const { workspace, project, running } = useRoom();
  const { data } = useQuery(status(project.id, running));
  const others = (data?.people ?? []).filter((p) => p.account !== workspace.self.account);
  if (!running || others.length === 0) return null;
  return (
    <button type="button" className={styles.here} onClick={() => workspace.show("people")}>
      <span aria-hidden>
        <Avatars people={others.slice(0, 4).map((p) => ({ id: p.account, ...p }))} total={others.length} />
      </span>
      <span className="visually-hidden">
        {t("{n, plural, one {# other person is here} other {# other people are here}}", { n: others.length })}
      </span>
    </button>
  );
}
