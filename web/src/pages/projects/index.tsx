import { useInfiniteQuery } from "@tanstack/react-query";
import { FolderOpen, Plus, SearchX, Star, Trash2 } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { type ProjectFilter, projectList } from "../../api/queries";
import { useActions } from "../../ui/action";
import { Button } from "../../ui/button";
import { SearchField, useSettled } from "../../ui/search";
import { EmptyState, Failure, Progress } from "../../ui/state";
import { Segments } from "../../ui/tabs";
import { t } from "../../words";
import { useTitle } from "../title";
import { ProjectRows } from "./list";
import type { SourceKind } from "./new";
import { NewProjectDialog } from "./newdialog";
import { Offers } from "./offers";
import styles from "./projects.module.css";

/** One's own projects. */
export function ProjectsPage() {
  useTitle(t("Projects"));
  const [query, setQuery] = useState("");
  const [filter, setFilter] = useState<ProjectFilter>("all");
  const [making, setMaking] = useState<SourceKind>();
  const search = useRef<HTMLInputElement>(null);
  const settled = useSettled(query.trim());
  const found = useInfiniteQuery(projectList(filter, settled));
  useActions([
    {
      id: "project.new",
      label: t("New project"),
      group: t("Projects"),
      keys: "n",
      run: () => setMaking("empty"),
    },
    {
      id: "project.clone",
      label: t("New project from a git repository"),
      group: t("Projects"),
      run: () => setMaking("git"),
    },
    {
      id: "projects.search",
      label: t("Search in the projects"),
      group: t("Projects"),
      keys: "/",
      run: () => search.current?.focus(),
    },
    ...filters().map((f) => ({
      id: `projects.${f.value}`,
      label: t("Show: {filter}", { filter: f.label }),
      group: t("Projects"),
      when: () => filter !== f.value,
      run: () => setFilter(f.value),
    })),
  ]);
  const items = useMemo(() => (found.data?.pages ?? []).flatMap((p) => p.items), [found.data]);
  const total = found.data?.pages[0]?.total;
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <h1>
          {t("Projects")}
          <span className={styles.count} aria-live="polite">
            {total === undefined ? "" : t("{total, number}", { total })}
          </span>
        </h1>
        <div className={styles.find}>
          <SearchField ref={search} label={t("Search in the projects")} value={query} onChange={setQuery} />
        </div>
        <Segments label={t("Which projects")} value={filter} onChange={setFilter} choices={filters()} />
        <Button look="primary" onClick={() => setMaking("empty")}>
          <Plus size={16} strokeWidth={1.5} aria-hidden />
          {t("New project")}
        </Button>
      </div>
      <Offers />
      {found.error !== null && found.data === undefined ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data === undefined ? (
        <Progress>{t("Reading your projects…")}</Progress>
      ) : items.length === 0 ? (
        <Nothing filter={filter} query={settled} onNew={setMaking} onClear={() => setQuery("")} />
      ) : (
        <ProjectRows
          items={items}
          total={total ?? items.length}
          more={found.hasNextPage && !found.isFetchingNextPage ? () => void found.fetchNextPage() : undefined}
        />
      )}
      <NewProjectDialog
        key={making ?? "closed"}
        open={making !== undefined}
        kind={making ?? "empty"}
        onClose={() => setMaking(undefined)}
      />
    </div>
  );
}

function filters(): { value: ProjectFilter; label: string }[] {
  return [
    { value: "all", label: t("All") },
    { value: "starred", label: t("Starred") },
    { value: "deleted", label: t("Deleted") },
  ];
}

/** Why the list is empty, and what to do about it. */
function Nothing({
  filter,
  query,
  onNew,
  onClear,
}: {
  filter: ProjectFilter;
  query: string;
  onNew: (kind: SourceKind) => void;
  onClear: () => void;
}) {
  if (query !== "") {
    return (
      <EmptyState
        icon={SearchX}
        title={t("No project is called “{query}”", { query })}
        actions={<Button onClick={onClear}>{t("Empty the search")}</Button>}
      />
    );
  }
  if (filter === "starred") {
    return (
      <EmptyState icon={Star} title={t("No starred projects")}>
        {t("Star a project to keep it at the top of the list, and here.")}
      </EmptyState>
    );
  }
  if (filter === "deleted") {
    return (
      <EmptyState icon={Trash2} title={t("No deleted projects")}>
        {t("A deleted project can be restored from here until its grace time is over.")}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={FolderOpen}
      title={t("Begin with a project")}
      actions={
        <>
          <Button look="primary" onClick={() => onNew("empty")}>
            {t("Create an empty project")}
          </Button>
          <Button onClick={() => onNew("git")}>{t("Clone a git repository")}</Button>
        </>
      }
    >
      {t(
        "A project is a folder of files, a Linux machine to run them on, and the people you share both with.",
      )}
    </EmptyState>
  );
}
