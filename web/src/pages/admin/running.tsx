import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { adminProjects } from "../../api/queries";
import type { AdminProject } from "../../api/types";
import { size } from "../../ui/ago";
import { Avatars } from "../../ui/avatar";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { SearchField, useSettled } from "../../ui/search";
import { EmptyState, Loaded } from "../../ui/state";
import { type Column, Table } from "../../ui/table";
import { Segments } from "../../ui/tabs";
import { Ago } from "../../ui/time";
import { t } from "../../words";
import { told } from "../phase";
import { say } from "../say";
import { useTitle } from "../title";
import styles from "./admin.module.css";
import { More } from "./more";

/** All projects, and what those that run use. */
export function RunningPage() {
  useTitle(t("All projects"));
  const { phase = "" } = useSearch({ from: "/signed-in/shell/admin/projects" });
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [text, setText] = useState("");
  const query = useInfiniteQuery(adminProjects(useSettled(text.trim()), phase));
  const stop = async (p: AdminProject) => {
    await say(
      request("POST", "/projects/{id}/stop", { path: { id: p.id } }),
      t("“{name}” stops.", { name: p.name }),
    );
    await cache.invalidateQueries({ queryKey: keys.admin });
  };
  const columns: Column<AdminProject>[] = [
    {
      head: t("Project"),
      cell: (p) => (
        <Link to="/projects/$project/settings" params={{ project: p.id }}>
          {p.name}
        </Link>
      ),
    },
    { head: t("Owners"), cell: (p) => <Avatars people={p.owners} total={p.owners.length} />, minor: true },
    { head: t("Members"), align: "right", cell: (p) => p.members, minor: true },
    {
      head: t("State"),
      cell: (p) => {
        const state = told(p.state);
        if (p.deleted !== undefined) return <Badge tone="none">{t("Deleted")}</Badge>;
        return (
          <span title={p.warnings?.join(" ") ?? state.detail}>
            <Badge tone={p.warnings === undefined ? state.tone : "amber"}>{state.word}</Badge>
          </span>
        );
      },
    },
    {
      head: t("Memory"),
      align: "right",
      cell: (p) => against(p.memoryBytes, p.limits.memoryBytes),
    },
    { head: t("Disk"), align: "right", cell: (p) => against(p.diskBytes, p.limits.diskBytes), minor: true },
    { head: t("Processes"), align: "right", cell: (p) => p.processes ?? "", minor: true },
    { head: t("Last edit"), cell: (p) => <Ago at={p.lastEdited} />, minor: true },
    {
      head: "",
      name: t("What to do"),
      align: "end",
      cell: (p) =>
        p.state.wanted === "running" ? (
          <Button aria-label={t("Stop {name}", { name: p.name })} onClick={() => void stop(p)}>
            {t("Stop")}
          </Button>
        ) : null,
    },
  ];
  return (
    <>
      <div className={styles.tools}>
        <SearchField label={t("Name of a project")} value={text} onChange={setText} />
        <span className="quiet" aria-live="polite">
          {query.data === undefined
            ? ""
            : t("{n, plural, one {# project} other {# projects}}", { n: query.data.pages[0]?.total ?? 0 })}
        </span>
        <Segments
          label={t("Which projects")}
          value={phase}
          onChange={(next) =>
            void navigate({ to: "/admin/projects", search: next === "" ? {} : { phase: next } })
          }
          choices={[
            { value: "", label: t("All") },
            { value: "running", label: t("Running") },
            { value: "failed", label: t("Failed") },
          ]}
        />
      </div>
      <Loaded query={query} loading={t("Reading the projects…")}>
        {(data) => {
          const rows = data.pages.flatMap((p) => p.items);
          if (rows.length === 0) return <EmptyState small title={t("No such project")} />;
          return <Table label={t("Projects")} columns={columns} rows={rows} rowKey={(p) => p.id} />;
        }}
      </Loaded>
      <More query={query} />
    </>
  );
}

/** What is used, beside what may be used. */
function against(used: number | undefined, limit: number): string {
  if (used === undefined) return "";
  return limit > 0 ? t("{used} of {limit}", { used: size(used), limit: size(limit) }) : size(used);
}
