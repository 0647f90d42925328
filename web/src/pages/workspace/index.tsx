// The page of a project: explorer, tabs and splits, editors, terminals, people.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { DoorClosed, Trash2 } from "lucide-react";
import { isKind } from "../../api/problem";
import { project as projectQuery } from "../../api/queries";
import { useAccount } from "../../api/session";
import type { Project } from "../../api/types";
import { Button, buttonClass } from "../../ui/button";
import { EmptyState, Failure, Progress } from "../../ui/state";
import { t } from "../../words";
import { useTitle } from "../title";
import { Frame } from "./frame";
import { layout } from "./queries";
import { useRun } from "./run";
import styles from "./workspace.module.css";

export default function WorkspacePage({ project }: { project: string }) {
  const read = useQuery(projectQuery(project));
  const kept = useQuery(layout(project));
  useTitle(read.data?.name ?? "");
  const known = read.data;
  if (read.error !== null && isKind(read.error, "not-found")) return <Gone />;
  if (known === undefined) {
    return (
      <main id="main" className={styles.gate}>
        {read.error === null ? (
          <Progress>{t("Opening the project…")}</Progress>
        ) : (
          <Failure error={read.error} onRetry={() => void read.refetch()} />
        )}
      </main>
    );
  }
  if (known.deleted !== undefined) return <Deleted project={known} />;
  if (!known.can.includes("files.read")) return <Outside project={known} />;
  // Without the layout (it is being read, or cannot be) the page would forget it.
  if (kept.data === undefined && kept.error === null) {
    return (
      <main id="main" className={styles.gate}>
        <Progress>{t("Opening the project…")}</Progress>
      </main>
    );
  }
  return <Opened project={known} kept={kept.data?.layout} />;
}

function Opened({ project, kept }: { project: Project; kept: unknown }) {
  const account = useAccount();
  return (
    <Frame
      project={project}
      kept={kept}
      self={{ account: account.id, name: account.name, colour: account.colour }}
    />
  );
}

function Home() {
  return (
    <Link to="/projects" className={buttonClass("primary")}>
      {t("Go to your projects")}
    </Link>
  );
}

function Gone() {
  return (
    <main id="main" className={styles.gate}>
      <EmptyState icon={DoorClosed} title={t("There is no such project for you")} actions={<Home />}>
        {t("It was removed, or you are not a member of it any more. An owner can invite you again.")}
      </EmptyState>
    </main>
  );
}

/** A site administrator manages a project without reading its content. */
function Outside({ project }: { project: Project }) {
  return (
    <main id="main" className={styles.gate}>
      <EmptyState icon={DoorClosed} title={project.name} actions={<Home />}>
        {t("You are not a member of this project, so its files are not shown.")}
      </EmptyState>
    </main>
  );
}

function Deleted({ project }: { project: Project }) {
  const run = useRun(project);
  const may = project.can.includes("project.delete");
  return (
    <main id="main" className={styles.gate}>
      <EmptyState
        icon={Trash2}
        title={t("“{name}” is deleted", { name: project.name })}
        actions={
          <div className={styles.buttons}>
            {may ? (
              <Button look="primary" busy={run.busy && t("Restoring…")} onClick={() => run.send("restore")}>
                {t("Restore it")}
              </Button>
            ) : null}
            <Home />
          </div>
        }
      >
        {may
          ? t("Its files are kept for a while. Restore it to go on.")
          : t("Its files are kept for a while. An owner can restore it.")}
      </EmptyState>
    </main>
  );
}
