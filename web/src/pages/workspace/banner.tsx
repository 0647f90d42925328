import { useEffect, useState } from "react";
import { Button } from "../../ui/button";
import { classes } from "../../ui/classes";
import { locale, t } from "../../words";
import { useRoom } from "./context";
import { useRun } from "./run";
import { UsedUp } from "./use";
import styles from "./workspace.module.css";

/** What a person must know of the project before working on: it starts, it stands still, it will be stopped. */
export function Banner() {
  return (
    <div role="status" aria-live="polite">
      <Now />
    </div>
  );
}

function Now() {
  const { project, running, may } = useRoom();
  const run = useRun(project);
  const { phase, wanted, step, reason, idleAt } = project.state;
  const start = may("project.run") ? (
    <Button look="primary" busy={run.busy && t("Starting…")} onClick={() => run.send("start")}>
      {phase === "failed" ? t("Start again") : t("Start")}
    </Button>
  ) : null;
  if (phase === "failed") {
    return (
      <div className={classes(styles.banner, styles.bad)}>
        <p>{t("The project could not run: {reason}", { reason: reason ?? t("no reason was given.") })}</p>
        {start}
      </div>
    );
  }
  if (phase === "stopped" && wanted === "stopped") {
    return (
      <div className={styles.banner}>
        <p>
          {reason ? t("Stopped: {reason}", { reason }) : t("The project is stopped.")}{" "}
          {start ? t("Start it to see its files.") : t("An editor or owner can start it.")}
        </p>
        {start}
      </div>
    );
  }
  if (phase === "starting" && running) {
    return (
      <div className={classes(styles.banner, styles.moving)}>
        <p>{t("The project's server broke off and is started again. What you type is kept.")}</p>
        <span className={styles.line} aria-hidden />
      </div>
    );
  }
  if (phase === "starting" || phase === "stopped") {
    return (
      <div className={classes(styles.banner, styles.moving)}>
        <p>
          {step
            ? t("Starting: {step}", { step })
            : t("The project is starting. Its files are there in a moment.")}
        </p>
        <span className={styles.line} aria-hidden />
      </div>
    );
  }
  if (phase === "stopping") {
    return (
      <div className={classes(styles.banner, styles.moving)}>
        <p>
          {wanted === "running"
            ? t("Restarting: what runs in it is being ended.")
            : t("Stopping: what runs in it is being ended.")}
        </p>
        <span className={styles.line} aria-hidden />
      </div>
    );
  }
  return idleAt ? <Idle at={idleAt} keep={() => run.send("keep-running")} busy={run.busy} /> : <UsedUp />;
}

/** The project was not used for long: it says when it will be stopped, and how to prevent it. */
function Idle({ at, keep, busy }: { at: string; keep: () => void; busy: boolean }) {
  const { may } = useRoom();
  const left = useMinutesTo(at);
  const time = new Intl.DateTimeFormat(locale(), { timeStyle: "short" }).format(new Date(at));
  return (
    <div className={styles.banner}>
      <p>
        {left <= 0
          ? t("Nobody used the project for a while: it is about to be stopped.")
          : t(
              "Nobody used the project for a while: it will be stopped at {time}, in {n, plural, one {# minute} other {# minutes}}.",
              { time, n: left },
            )}
      </p>
      {may("project.run") ? (
        <Button look="primary" busy={busy && t("Asking…")} onClick={keep}>
          {t("Keep running")}
        </Button>
      ) : null}
    </div>
  );
}

function useMinutesTo(at: string): number {
  const minutes = () => Math.ceil((new Date(at).getTime() - Date.now()) / 60_000);
  const [left, setLeft] = useState(minutes);
  // biome-ignore lint/correctness/useExhaustiveDependencies: minutes is a reading of the clock
  useEffect(() => {
    setLeft(minutes());
    const timer = setInterval(() => setLeft(minutes()), 5000);
    return () => clearInterval(timer);
  }, [at]);
  return left;
}
