// What a project uses against what it may use, as the status line shows it.
import type { ProjectStatus } from "../../api/project";
import { size } from "../../ui/ago";
import { t } from "../../words";

export type Meter = {
  id: "cpu" | "memory" | "disk";
  text: string;
  /** In whole percent of the limit; undefined without one. */
  percent: number | undefined;
  /** A sentence for who asks. */
  title: string;
};

export const nearly = 90;

const cores = (milli: number, of: number) => String(milli > 0 ? milli / 1000 : of);

export function meters(s: ProjectStatus): Meter[] {
  const all: Meter[] = [];
  if (s.cpuPercent !== undefined) {
    const n = cores(s.cpuLimit, s.cores);
    const percent = Math.round(s.cpuPercent);
    all.push({
      id: "cpu",
      text: t("CPU {percent} % of {n}", { percent, n }),
      percent,
      title: t("It computes with {percent} % of {n} processor cores.", { percent, n }),
    });
  }
  all.push(bytes("memory", s.memoryBytes, s.memoryLimitBytes));
  all.push(
    s.diskLimitBytes > 0 && s.diskBytes !== undefined
      ? bytes("disk", s.diskBytes, s.diskLimitBytes)
      : {
          id: "disk",
          text: t("{disk} free", { disk: size(s.diskFreeBytes) }),
          percent: undefined,
          title: t("Free on the disk of the machine. This project has no limit of its own."),
        },
  );
  return all;
}

function bytes(id: "memory" | "disk", used: number, limit: number): Meter {
  const words = { used: size(used), limit: size(limit) };
  if (limit <= 0) {
    return {
      id,
      text: words.used,
      percent: undefined,
      title: t("Memory of all its programs: {used}.", words),
    };
  }
  return {
    id,
    text: t("{used} of {limit}", words),
    percent: Math.round((100 * used) / limit),
    title:
      id === "memory"
        ? t("Its programs use {used} of {limit} of memory. At 100 % the biggest one is ended.", words)
        : t("Its files take {used} of {limit}. At 100 % new files are refused.", words),
  };
}

/** What happened to a program that was ended, and what to do. */
export function endedText(k: {
  command: string;
  memoryBytes: number;
  limitBytes?: number | undefined;
}): string {
  const words = {
    command: k.command || t("a program"),
    used: size(k.memoryBytes),
    limit: size(k.limitBytes ?? 0),
  };
  return k.limitBytes
    ? t(
        "Stopped: {command} used {used} of {limit} of memory. The rest of the project goes on. Ask for more memory, or let it use less.",
        words,
      )
    : t(
        "Stopped: {command} used {used} of memory, and there was no more. The rest of the project goes on.",
        words,
      );
}
