import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Eye, EyeOff, UserPlus } from "lucide-react";
import { useEffect } from "react";
import type { OpenDocument, Viewer } from "../../api/project";
import { members } from "../../api/queries";
import { Avatar } from "../../ui/avatar";
import { buttonClass, IconButton } from "../../ui/button";
import { Loaded } from "../../ui/state";
import { t } from "../../words";
import { roleName } from "../role";
import { useRoom, useStore } from "./context";
import { status } from "./queries";
import { nameOf } from "./tree";
import styles from "./workspace.module.css";

/** The files in which a person is now. */
export function filesOf(documents: readonly OpenDocument[], account: string): string[] {
  return documents.filter((d) => d.viewers.some((v) => v.account === account)).map((d) => d.path);
}

/** Who is here and where, and who else is a member. */
export function PeoplePanel() {
  const { workspace, project, running, may } = useRoom();
  const now = useQuery(status(project.id, running, 4000));
  const all = useQuery(members(project.id));
  const people = running ? (now.data?.people ?? []) : [];
  const here = people.filter((p) => p.account !== workspace.self.account);
  return (
    <>
      <div className={styles.panelHead}>
        <h2>{t("People")}</h2>
        {may("members.manage") ? (
          <Link
            to="/projects/$project/settings"
            params={{ project: project.id }}
            className={`${buttonClass("quiet")} ${styles.small}`}
          >
            <UserPlus size={16} strokeWidth={1.5} aria-hidden />
            {t("Invite")}
          </Link>
        ) : null}
      </div>
      <div className={styles.scroll}>
        <h3 className={styles.part}>{t("Here now")}</h3>
        {here.length === 0 ? (
          <p className={styles.hint}>{t("Nobody else yet. Whoever opens the project is shown here.")}</p>
        ) : null}
        <ul>
          {here.map((p) => (
            <HereNow key={p.account} person={p} files={filesOf(now.data?.documents ?? [], p.account)} />
          ))}
        </ul>
        <h3 className={styles.part}>{t("Members")}</h3>
        <Loaded query={all} loading={t("Reading the members…")}>
          {(list) => (
            <ul>
              {list.map((m) => (
                <li key={m.person.id} className={styles.person}>
                  <Avatar person={m.person} beside />
                  <span className={styles.who}>
                    <b>
                      {m.person.id === workspace.self.account
                        ? t("{name} (you)", { name: m.person.name })
                        : m.person.name}
                    </b>
                    <small>{roleName(m.role)}</small>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      </div>
    </>
  );
}

function HereNow({ person, files }: { person: Viewer; files: string[] }) {
  const { workspace } = useRoom();
  const following = useStore(workspace.following) === person.account;
  return (
    <li className={styles.person}>
      <Avatar person={person} beside />
      <span className={styles.who}>
        <b>{person.name}</b>
        {files.length === 0 ? (
          <small>{t("No file open")}</small>
        ) : (
          files.map((path) => (
            <button
              key={path}
              type="button"
              className={styles.where}
              title={path}
              onClick={() => goTo(workspace, path, person.account)}
            >
              {nameOf(path)}
            </button>
          ))
        )}
      </span>
      <IconButton
        label={
          following
            ? t("Stop following {name}", { name: person.name })
            : t("Follow {name}", { name: person.name })
        }
        aria-pressed={following}
        onClick={() => workspace.following.set(following ? "" : person.account)}
      >
        {following ? <EyeOff size={16} strokeWidth={1.5} /> : <Eye size={16} strokeWidth={1.5} />}
      </IconButton>
    </li>
  );
}

type Workspace = ReturnType<typeof useRoom>["workspace"];

/** Opens the file in which a person is, where their cursor is. */
function goTo(workspace: Workspace, path: string, account: string): void {
  workspace.openFile(path);
  const end = Date.now() + 3000;
  const look = () => {
    const open = workspace.active.get();
    const there = open?.tab.kind === "file" && open.tab.path === path && open.handle?.show?.(account);
    if (!there && Date.now() < end) setTimeout(look, 100);
  };
  look();
}

/** Keeps the screen where the followed person is, until one moves oneself or they leave. */
export function useFollow() {
  const { workspace, project, running } = useRoom();
  const account = useStore(workspace.following);
  const now = useQuery({ ...status(project.id, running, 2000), enabled: running && account !== "" });
  const files = account === "" ? [] : filesOf(now.data?.documents ?? [], account);
  const gone =
    account !== "" && now.data !== undefined && !now.data.people.some((p) => p.account === account);
  const place = files.join("\n");
  useEffect(() => {
    if (gone) workspace.following.set("");
  }, [workspace, gone]);
  useEffect(() => {
    if (account === "" || place === "") return;
    const open = workspace.active.get()?.tab;
    const paths = place.split("\n");
    if (!(open?.kind === "file" && paths.includes(open.path)))
      workspace.openFile(paths[0] ?? "", { focus: false });
  }, [workspace, account, place]);
  useEffect(() => {
    if (account === "") return;
    const timer = setInterval(() => workspace.active.get()?.handle?.show?.(account), 250);
    const own = (e: Event) => {
      if (e.target instanceof Element && e.target.closest(".cm-editor")) workspace.following.set("");
    };
    const events = ["keydown", "pointerdown", "wheel", "touchmove"] as const;
    for (const name of events) window.addEventListener(name, own, { passive: true, capture: true });
    return () => {
      clearInterval(timer);
      for (const name of events) window.removeEventListener(name, own, { capture: true });
    };
  }, [workspace, account]);
}
