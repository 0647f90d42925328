import type { ProjectState } from "../api/types";
import type { Tone } from "../ui/badge";
import { t } from "../words";

/** How a project's state is told: a colour and a word, and more where there is more. */
export interface Told {
  tone: Tone;
  word: string;
  /** The step it is at, or the reason it failed or was stopped; "" for none. */
  detail: string;
}

/** What to say of a project's state. */
export function told(state: ProjectState): Told {
  const detail = state.step ?? state.reason ?? "";
  switch (state.phase) {
    case "running":
      return state.wanted === "stopped"
        ? { tone: "amber", word: t("Stopping"), detail }
        : { tone: "green", word: t("Running"), detail: "" };
    case "starting":
      return { tone: "amber", word: t("Starting"), detail };
    case "stopping":
      return { tone: "amber", word: t("Stopping"), detail };
    case "failed":
      return { tone: "red", word: t("Failed"), detail: state.reason ?? detail };
    case "stopped":
      return state.wanted === "running"
        ? { tone: "amber", word: t("Waiting to start"), detail }
        : { tone: "none", word: t("Stopped"), detail: state.reason ?? "" };
  }
}
