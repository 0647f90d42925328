import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { endProcess, type Process, processes } from "../../api/limits";
import { size } from "../../ui/ago";
import { Button } from "../../ui/button";
import { classes } from "../../ui/classes";
import { Loaded } from "../../ui/state";
import { t } from "../../words";
import { say } from "../say";
import { useRoom } from "./context";
import { endedText, type Meter, meters, nearly } from "./meter";
import { status } from "./queries";
import styles from "./use.module.css";
import page from "./workspace.module.css";

/** How often what is used is read, while the page is on the screen. */
const every = 4000;

/** What the project uses against what it may; a press shows what uses it. */
export function Use() {
  const { project, running, narrow } = useRoom();
  const { data } = useQuery(status(project.id, running, every));
  if (!data) return null;
  const all = meters(data);
  const shown = narrow ? all.filter((m) => m.id === "memory" || (m.percent ?? 0) >= nearly) : all;
  return (
    <span className={classes("numbers", styles.use)} data-use>
      {shown.map((m) => (
        <One key={m.id} meter={m} />
      ))}
    </span>
  );
}

function One({ meter: m }: { meter: Meter }) {
  const { workspace, may } = useRoom();
  const full = m.percent !== undefined && m.percent >= nearly && m.id !== "cpu";
  const open = () => {
    if (m.id === "disk") workspace.openView("usage", "", t("Disk use"));
    else if (may("terminals.use")) workspace.show("running");
  };
  return (
    <button
      type="button"
      className={classes(styles.meter, full && styles.full)}
      title={m.title}
      onClick={open}
    >
      {m.text}
      {m.percent === undefined ? null : (
        <span className={styles.bar} aria-hidden>
          <i style={{ width: `${Math.min(100, m.percent)}%` }} />
        </span>
      )}
    </button>
  );
}

/** What runs in the project, what uses most first, and the ending of one. */
export function RunningPanel() {
  const { project, running } = useRoom();
  const cache = useQueryClient();
  const query = processes(project.id, running);
  const read = useQuery(query);
  const end = async (p: Process) => {
    await say(endProcess(project.id, p.pid), t("“{command}” is being ended.", { command: p.command }));
    await cache.invalidateQueries({ queryKey: query.queryKey });
  };
  return (
    <>
      <div className={page.panelHead}>
        <h2>{t("Running things")}</h2>
      </div>
      <div className={page.scroll}>
        {running ? (
          <Loaded query={read} loading={t("Reading what runs…")}>
            {(list) => (
              <ul className={styles.list} aria-label={t("Programs")}>
                {list
                  .filter((p) => p.state !== "ended")
                  .map((p) => (
                    <Row key={`${p.pid} ${p.started}`} process={p} onEnd={() => void end(p)} />
                  ))}
              </ul>
            )}
          </Loaded>
        ) : (
          <p className={page.hint}>{t("Nothing runs: the project is not running.")}</p>
        )}
      </div>
    </>
  );
}

function Row({ process: p, onEnd }: { process: Process; onEnd: () => void }) {
  const facts = t("{cpu} % CPU · {memory} · {pid}", {
    cpu: Math.round(p.cpuPercent),
    memory: size(p.memoryBytes),
    pid: p.pid,
  });
  return (
    <li>
      <div className={styles.what}>
        <p title={p.command}>
          <code>{p.command}</code>
        </p>
        <small className="numbers">
          {facts}
          {p.own ? ` · ${t("the project's server")}` : of(p)}
        </small>
      </div>
      {p.own ? null : (
        <Button aria-label={t("End {command}", { command: p.command })} onClick={onEnd}>
          {t("End")}
        </Button>
      )}
    </li>
  );
}

/** What people must know of what is used up: a program that was ended, a disk that is full. */
export function UsedUp() {
  const { project, running } = useRoom();
  const { data } = useQuery(status(project.id, running, every));
  const [seen, setSeen] = useState("");
  const last = data?.killed?.[0];
  const warning = data?.warnings?.[0];
  const text = last && last.at > seen ? endedText(last) : warning;
  useEffect(() => setSeen(sessionStorage.getItem(`ended ${project.id}`) ?? ""), [project.id]);
  if (!running || text === undefined) return null;
  const known = () => {
    if (last === undefined) return;
    sessionStorage.setItem(`ended ${project.id}`, last.at);
    setSeen(last.at);
  };
  return (
    <div className={page.banner}>
      <p>{text}</p>
      {last && last.at > seen ? <Button onClick={known}>{t("Understood")}</Button> : null}
    </div>
  );
}

/** What a program belongs to: a notebook, a kernel without one, or a terminal. */
function of(p: Process): string {
  const name = p.notebook ?? p.kernelName ?? p.terminalName;
  return name ? ` · ${name}` : "";
}
