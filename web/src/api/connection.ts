// Whether the site is heard: one value, told by the event stream, shown by the
// offline bar and the workspace's status line.
import { useSyncExternalStore } from "react";
import type { Connection } from "./events";

let current: Connection = "connecting";
const listeners = new Set<() => void>();

export function setConnection(next: Connection): void {
  if (next === current) return;
  current = next;
  for (const f of listeners) f();
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (f) => {
      listeners.add(f);
      return () => listeners.delete(f);
    },
    () => current,
  );
}
