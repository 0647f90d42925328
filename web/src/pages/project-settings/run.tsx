import type { Project } from "../../api/types";
import { moment } from "../../ui/ago";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Section, Setting } from "../../ui/settings";
import { Ago } from "../../ui/time";
import { t } from "../../words";
import { told } from "../phase";
import { useProjectWork } from "../projects/do";
import styles from "./project-settings.module.css";

export function RunSection({ project: p }: { project: Project }) {
  const work = useProjectWork();
  const state = told(p.state);
  const can = (verb: string) => p.can.includes(verb);
  const up = p.state.wanted === "running";
  return (
    <Section
      id="run"
      title={t("Running")}
      about={t("Files can be read while it is stopped; terminals end when it stops.")}
    >
      <Setting
        label={t("State")}
        keywords="start stop restart"
        about={
          <>
            <Badge tone={state.tone}>{state.word}</Badge> <Ago at={p.state.since} />
            {state.detail === "" ? null : <p>{state.detail}</p>}
            {p.state.idleAt === undefined ? null : (
              <p>{t("It stops at {when} for want of use.", { when: moment(p.state.idleAt) })}</p>
            )}
          </>
        }
      >
        <span className={styles.row}>
          {can("project.run") && !up ? (
            <Button onClick={() => void work.change(p, "start")}>{t("Start")}</Button>
          ) : null}
          {can("project.stop") && up ? (
            <>
              <Button onClick={() => void work.change(p, "restart")}>{t("Restart")}</Button>
              <Button onClick={() => void work.change(p, "stop")}>{t("Stop")}</Button>
            </>
          ) : null}
        </span>
      </Setting>
    </Section>
  );
}
