import { Link, useNavigate } from "@tanstack/react-router";
import { Copy, EllipsisVertical, Play, RotateCw, Settings, Square, Star, Trash2 } from "lucide-react";
import { type ReactElement, useState } from "react";
import type { Project } from "../../api/types";
import { Avatars } from "../../ui/avatar";
import { Badge } from "../../ui/badge";
import { Button, IconButton } from "../../ui/button";
import { ConfirmDialog } from "../../ui/dialog";
import { Menu, MenuItem, MenuLine } from "../../ui/menu";
import { Ago } from "../../ui/time";
import { t } from "../../words";
import { told } from "../phase";
import { useProjectWork } from "./do";
import { NewProjectDialog } from "./newdialog";
import styles from "./projects.module.css";

/** A project in the list. */
export function ProjectRow({ project: p }: { project: Project }) {
  const work = useProjectWork();
  const state = told(p.state);
  return (
    <>
      <IconButton
        label={
          p.starred ? t("Take the star from {name}", { name: p.name }) : t("Star {name}", { name: p.name })
        }
        light
        aria-pressed={p.starred}
        className={styles.star}
        onClick={() => void work.star(p, !p.starred)}
      >
        <Star size={16} strokeWidth={1.5} />
      </IconButton>
      <div className={styles.name}>
        <Link to="/projects/$project" params={{ project: p.id }}>
          {p.name}
        </Link>
        {p.description === "" ? null : <p>{p.description}</p>}
      </div>
      <span className={styles.people}>
        <Avatars people={p.people.slice(0, 3)} total={p.members} />
      </span>
      <div className={styles.state}>
        <Badge tone={state.tone}>{state.word}</Badge>
        {state.detail === "" ? null : <p title={state.detail}>{state.detail}</p>}
      </div>
      <span className={styles.when}>
        <Ago at={p.lastEdited} />
      </span>
      <RowMenu project={p} />
    </>
  );
}

/** The menu of a row. It is made when it is first opened: a list has many rows, and few are. */
function RowMenu({ project: p }: { project: Project }) {
  const [open, setOpen] = useState(false);
  const [made, setMade] = useState(false);
  const button = (
    <IconButton
      light
      label={t("More about {name}", { name: p.name })}
      aria-haspopup="menu"
      {...(made ? {} : { "aria-expanded": false, onClick: show })}
    >
      <EllipsisVertical size={16} strokeWidth={1.5} />
    </IconButton>
  );
  function show() {
    setMade(true);
    setOpen(true);
  }
  return made ? <MadeMenu project={p} open={open} onOpen={setOpen} button={button} /> : button;
}

function MadeMenu({
  project: p,
  open,
  onOpen,
  button,
}: {
  project: Project;
  open: boolean;
  onOpen: (open: boolean) => void;
  button: ReactElement;
}) {
  const work = useProjectWork();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const [copying, setCopying] = useState(false);
  const can = (verb: string) => p.can.includes(verb);
  const up = p.state.phase === "running" || p.state.phase === "starting";
  return (
    <>
      <Menu open={open} onOpenChange={onOpen} trigger={button}>
        {can("project.run") && !up ? (
          <MenuItem icon={Play} onSelect={() => void work.change(p, "start")}>
            {t("Start")}
          </MenuItem>
        ) : null}
        {can("project.stop") && up ? (
          <>
            <MenuItem icon={Square} onSelect={() => void work.change(p, "stop")}>
              {t("Stop")}
            </MenuItem>
            <MenuItem icon={RotateCw} onSelect={() => void work.change(p, "restart")}>
              {t("Restart")}
            </MenuItem>
          </>
        ) : null}
        <MenuItem
          icon={Settings}
          onSelect={() => void navigate({ to: "/projects/$project/settings", params: { project: p.id } })}
        >
          {t("People and settings")}
        </MenuItem>
        {can("project.copy") ? (
          <MenuItem icon={Copy} onSelect={() => setCopying(true)}>
            {t("Copy the project")}
          </MenuItem>
        ) : null}
        {can("project.delete") ? (
          <>
            <MenuLine />
            <MenuItem icon={Trash2} danger onSelect={() => setDeleting(true)}>
              {t("Delete")}
            </MenuItem>
          </>
        ) : null}
      </Menu>
      {copying ? <NewProjectDialog open copy={p} onClose={() => setCopying(false)} /> : null}
      {deleting ? (
        <ConfirmDialog
          open
          onClose={() => setDeleting(false)}
          title={t("Delete “{name}”?", { name: p.name })}
          description={t(
            "It stops for all its people. You find it under Deleted, and can restore it, until its grace time is over.",
          )}
          confirm={t("Delete")}
          busy={t("Deleting…")}
          onConfirm={() => work.remove(p)}
        />
      ) : null}
    </>
  );
}

/** A project in its grace time. */
export function DeletedRow({ project: p }: { project: Project }) {
  const work = useProjectWork();
  return (
    <>
      <span />
      <div className={styles.name}>
        <b>{p.name}</b>
        <p>
          {t("Deleted")} {p.deleted === undefined ? null : <Ago at={p.deleted} />}
          {p.purged === undefined ? null : (
            <>
              {"; "}
              {t("removed for good")} <Ago at={p.purged} />
            </>
          )}
        </p>
      </div>
      <span className={styles.people}>
        <Avatars people={p.people.slice(0, 3)} total={p.members} />
      </span>
      {p.can.includes("project.delete") ? (
        <Button className={styles.restore} onClick={() => void work.change(p, "restore")}>
          {t("Restore")}
        </Button>
      ) : null}
    </>
  );
}
