import { createContext, useContext, useSyncExternalStore } from "react";
import type { Project } from "../../api/types";
import type { Store } from "../../sync/store";
import type { Workspace } from "./model";

/** What every part of the page knows. */
export type Room = {
  workspace: Workspace;
  project: Project;
  /** Files can be read: it runs. */
  running: boolean;
  may: (verb: string) => boolean;
  /** The screen is too narrow for more than one thing beside another. */
  narrow: boolean;
};

export const RoomContext = createContext<Room | undefined>(undefined);

export function useRoom(): Room {
  const room = useContext(RoomContext);
  if (room === undefined) throw new Error("this part is shown inside a workspace only");
  return room;
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Whether the screen is as narrow as a phone's. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (f) => {
      const query = window.matchMedia(narrowQuery);
      query.addEventListener("change", f);
      return () => query.removeEventListener("change", f);
    },
    () => window.matchMedia(narrowQuery).matches,
  );
}

const narrowQuery = "(max-width: 640px)";
