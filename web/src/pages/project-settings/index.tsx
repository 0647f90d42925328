import { useQuery } from "@tanstack/react-query";
import { Link, Navigate, useParams } from "@tanstack/react-router";
import { MapPinOff } from "lucide-react";
import { isKind } from "../../api/problem";
import { project as projectQuery } from "../../api/queries";
import type { Project } from "../../api/types";
import { Badge } from "../../ui/badge";
import { buttonClass } from "../../ui/button";
import { SettingsPage as Page } from "../../ui/settings";
import { EmptyState, Loaded } from "../../ui/state";
import { t } from "../../words";
import { told } from "../phase";
import { useTitle } from "../title";
import { AboutSection } from "./about";
import { EndSection } from "./end";
import { EnvSection } from "./env";
import { LimitsSection } from "./limits";
import { PeopleSection } from "./people";
import styles from "./project-settings.module.css";
import { RunSection } from "./run";

/** The settings of one project, and its people. */
export function ProjectSettingsPage() {
  const { project: id } = useParams({ from: "/signed-in/shell/projects/$project/settings" });
  const query = useQuery(projectQuery(id));
  useTitle(
    query.data === undefined ? t("Project settings") : t("Settings of {name}", { name: query.data.name }),
  );
  if (isKind(query.error, "not-found")) return <NoProject />;
  // An address with the project's short name goes on under its identifier.
  if (query.data !== undefined && query.data.id !== id) {
    return <Navigate to="/projects/$project/settings" params={{ project: query.data.id }} replace />;
  }
  return (
    <Loaded query={query} loading={t("Reading the project…")}>
      {(p) => <Sections project={p} />}
    </Loaded>
  );
}

function Sections({ project: p }: { project: Project }) {
  const state = told(p.state);
  const mayReadEnv = p.can.includes("env.read");
  return (
    <Page
      title={t("Project settings")}
      head={
        <p className={styles.head}>
          {p.deleted === undefined ? (
            <Link to="/projects/$project" params={{ project: p.id }}>
              {p.name}
            </Link>
          ) : (
            <b>{p.name}</b>
          )}
          <Badge tone={state.tone}>{p.deleted === undefined ? state.word : t("Deleted")}</Badge>
        </p>
      }
      sections={[
        { id: "about", title: t("About") },
        { id: "people", title: t("People") },
        ...(mayReadEnv ? [{ id: "env", title: t("Environment variables") }] : []),
        { id: "run", title: t("Running") },
        { id: "limits", title: t("Limits") },
        { id: "end", title: t("Leave or delete") },
      ]}
    >
      <AboutSection project={p} />
      <PeopleSection project={p} />
      {mayReadEnv ? <EnvSection project={p} /> : null}
      <RunSection project={p} />
      <LimitsSection project={p} />
      <EndSection project={p} />
    </Page>
  );
}

function NoProject() {
  return (
    <EmptyState
      icon={MapPinOff}
      title={t("There is no such project")}
      actions={
        <Link to="/projects" className={buttonClass("primary")}>
          {t("Go to your projects")}
        </Link>
      }
    >
      {t("It may be gone, or you are not a member of it. Its owners can invite you.")}
    </EmptyState>
  );
}
