import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { request } from "../../api/fetch";
import { putProject } from "../../api/live";
import type { Project } from "../../api/types";
import { say } from "../say";

/** What can be asked of a project as a whole. */
export type Order = "start" | "stop" | "restart" | "keep-running" | "restore";

/** Sends orders to a project; what it answers shows at once. */
export function useRun(project: Project): { busy: boolean; send: (order: Order) => void } {
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const { id } = project;
  const send = useCallback(
    (order: Order) => {
      setBusy(true);
      const work = async () => {
        const changed = await request("POST", `/projects/{id}/${order}`, { path: { id } });
        if (changed !== undefined) putProject(cache, changed);
      };
      void say(work()).then(() => setBusy(false));
    },
    [cache, id],
  );
  return { busy, send };
}
