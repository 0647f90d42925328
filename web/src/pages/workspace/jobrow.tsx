import { X } from "lucide-react";
import type { Job } from "../../api/jobs";
import { IconButton } from "../../ui/button";
import { t } from "../../words";
import { say } from "../say";
import { useRoom } from "./context";
import styles from "./workspace.module.css";

/** A job of the project: how far it is, and what went wrong. */
export function JobRow({ job }: { job: Job }) {
  const { jobs } = useRoom().workspace;
  const running = job.state === "running";
  const [max, value] =
    job.totalBytes > 0 ? [job.totalBytes, job.doneBytes] : [Math.max(1, job.total), job.done];
  return (
    <div className={styles.job}>
      <div className={styles.upload}>
        <span className={styles.who}>
          <b role="status">{running ? doing(job.kind) : ended(job)}</b>
          <small title={job.doing}>
            {running
              ? job.doing
              : job.message || job.problems.map((p) => `${p.path}: ${p.message}`).join("\n")}
          </small>
        </span>
        <IconButton
          label={running ? t("Cancel") : t("Close")}
          onClick={() => (running ? void say(jobs.cancel(job.id)) : jobs.dismiss(job.id))}
        >
          <X size={16} strokeWidth={1.5} />
        </IconButton>
      </div>
      {running ? <progress max={max} value={Math.min(value, max)} aria-label={doing(job.kind)} /> : null}
    </div>
  );
}

function doing(kind: string): string {
  switch (kind) {
    case "copy":
      return t("Copying");
    case "move":
      return t("Moving");
    case "trash":
      return t("Moving to the trash");
    case "delete":
      return t("Deleting");
    case "unpack":
      return t("Unpacking");
    case "replace":
      return t("Replacing");
  }
  return t("Working");
}

function ended(job: Job): string {
  if (job.state === "cancelled") return t("Cancelled");
  if (job.state === "failed") return t("This did not work");
  if (job.problemCount > 0)
    return t("{n, plural, one {Done, with a problem} other {Done, with # problems}}", {
      n: job.problemCount,
    });
  return t("Done");
}
