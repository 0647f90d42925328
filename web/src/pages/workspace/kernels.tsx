import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Hand, RotateCw, Square } from "lucide-react";
import { useState } from "react";
import { actOnKernel, endKernel, type Kernel, readKernels } from "../../api/kernels";
import { keys } from "../../api/keys";
import { IconButton } from "../../ui/button";
import { classes } from "../../ui/classes";
import { ConfirmDialog } from "../../ui/dialog";
import { Loaded } from "../../ui/state";
import { Ago } from "../../ui/time";
import { t } from "../../words";
import { say } from "../say";
import { useRoom } from "./context";
import styles from "./workspace.module.css";

/** The kernels of the project: what each is doing, what it uses, and how to stop it. */
export function KernelsPanel() {
  const { project, running } = useRoom();
  const cache = useQueryClient();
  const [ending, setEnding] = useState<Kernel>();
  const queryKey = [...keys.project(project.id), "kernels"];
  const read = useQuery({
    queryKey,
    queryFn: ({ signal }) => readKernels(project.id, signal),
    enabled: running,
    refetchInterval: 3000,
    staleTime: 0,
    retry: false,
  });
  const again = () => cache.invalidateQueries({ queryKey });
  return (
    <>
      <div className={styles.panelHead}>
        <h2>{t("Kernels")}</h2>
      </div>
      <div className={styles.scroll}>
        {running ? (
          <Loaded query={read} loading={t("Reading the kernels…")}>
            {({ kernels }) =>
              kernels.length === 0 ? (
                <p className={styles.hint}>
                  {t(
                    "No kernel runs. One starts when a cell of a notebook is run, and goes on when nobody looks.",
                  )}
                </p>
              ) : (
                <ul>
                  {kernels.map((k) => (
                    <Item key={k.id} kernel={k} again={() => void again()} end={() => setEnding(k)} />
                  ))}
                </ul>
              )
            }
          </Loaded>
        ) : (
          <p className={styles.hint}>{t("The project does not run, and so does no kernel in it.")}</p>
        )}
      </div>
      <ConfirmDialog
        open={ending !== undefined}
        onClose={() => setEnding(undefined)}
        title={t("Shut “{name}” down?", { name: ending ? nameOf(ending) : "" })}
        description={t("All its variables are lost, for everybody. The outputs stay in the notebook.")}
        confirm={t("Shut down")}
        busy={t("Shutting down…")}
        onConfirm={async () => {
          if (ending) await endKernel(project.id, ending.id);
          await again();
        }}
      />
    </>
  );
}

function Item({ kernel, again, end }: { kernel: Kernel; again: () => void; end: () => void }) {
  const { workspace, project, narrow } = useRoom();
  const name = nameOf(kernel);
  const act = async (action: "interrupt" | "restart") => {
    if (await say(actOnKernel(project.id, kernel.id, action))) again();
  };
  const open = () => {
    if (kernel.path) workspace.openFile(kernel.path);
    if (narrow) workspace.show("");
  };
  return (
    <li className={styles.item}>
      <button
        type="button"
        className={styles.openItem}
        disabled={!kernel.path}
        onClick={open}
        title={kernel.reason}
      >
        <span className={styles.who}>
          <b>{name}</b>
          <small className={classes("numbers")}>
            {kernel.displayName} · {stateOf(kernel)} · <Ago at={kernel.since} />
          </small>
          <small className="numbers">{useOf(kernel)}</small>
        </span>
      </button>
      {kernel.state === "busy" ? (
        <IconButton label={t("Interrupt {name}", { name })} onClick={() => void act("interrupt")}>
          <Hand size={16} strokeWidth={1.5} />
        </IconButton>
      ) : null}
      <IconButton label={t("Restart {name}", { name })} onClick={() => void act("restart")}>
        <RotateCw size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("Shut {name} down", { name })} onClick={end}>
        <Square size={14} strokeWidth={1.5} />
      </IconButton>
    </li>
  );
}

function nameOf(k: Kernel): string {
  return k.path ? k.path.slice(k.path.lastIndexOf("/") + 1) : k.displayName;
}

function stateOf(k: Kernel): string {
  switch (k.state) {
    case "starting":
      return t("starting");
    case "idle":
      return t("idle");
    case "busy":
      return t("busy");
    case "restarting":
      return t("restarting");
    case "dead":
      return k.memory ? t("dead: out of memory") : t("dead");
  }
}

function useOf(k: Kernel): string {
  const memory =
    k.memoryBytes >= 1e9
      ? t("{n} GB", { n: (k.memoryBytes / 1e9).toFixed(1) })
      : t("{n} MB", { n: Math.round(k.memoryBytes / 1e6) });
  return k.cpuPercent === undefined
    ? memory
    : t("{memory} · CPU {n} %", { memory, n: Math.round(k.cpuPercent) });
}
