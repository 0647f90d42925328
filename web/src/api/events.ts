// The event stream: what changed on the site, told as it happens. It keeps no
// past: whoever (re)connects reads the lists again.
import type { Project } from "./types";

/** One event of the stream (internal/hub/event.go). */
export type SiteEvent =
  | { kind: "project"; project: Project }
  | { kind: "project-gone"; id: string }
  | { kind: "members"; project: string }
  | { kind: "account" }
  | { kind: "site" }
  | { kind: "signed-out" };

const names = ["project", "project-gone", "members", "account", "site", "signed-out"] as const;

/** The event that a name and its data are; undefined for what this app does not know. */
export function parseEvent(name: string, data: string): SiteEvent | undefined {
  let v: unknown;
  try {
    v = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof v !== "object" || v === null) return undefined;
  switch (name) {
    case "project":
      // A project with an id and a state is as the hub's schema says.
      return "id" in v && "state" in v ? { kind: "project", project: v as Project } : undefined;
    case "project-gone":
      return "id" in v && typeof v.id === "string" ? { kind: "project-gone", id: v.id } : undefined;
    case "members":
      return "project" in v && typeof v.project === "string"
        ? { kind: "members", project: v.project }
        : undefined;
    case "account":
    case "site":
    case "signed-out":
      return { kind: name };
  }
  return undefined;
}

/** What this file needs of an EventSource; a test brings its own. */
export interface Source {
  readonly readyState: number;
  onopen: ((e: Event) => void) | null;
  onerror: ((e: Event) => void) | null;
  addEventListener(name: string, f: (e: MessageEvent<string>) => void): void;
  close(): void;
}

/** Whether events arrive now. */
export type Connection = "connecting" | "open" | "lost";

export interface Listener {
  event(e: SiteEvent): void;
  /** The stream is open. again: it was open before, so events may have been missed. */
  opened(again: boolean): void;
  connection(c: Connection): void;
}

const closed = 2; // EventSource.CLOSED: the browser does not try again by itself
const firstWait = 500;
const longestWait = 15_000;
/** How long a lost stream is no news, in ms: a restart of the hub is not worth a bar. */
const quietFor = 1500;

/** Opens the stream and keeps it open until the returned function is called. */
export function listen(open: () => Source, to: Listener): () => void {
  let source: Source | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let alarm: ReturnType<typeof setTimeout> | undefined;
  let wait = firstWait;
  let before = false;
  let over = false;

  const lost = () => to.connection("lost");
  // The network is back: not worth waiting for the browser to notice that the stream is dead.
  const again = () => {
    clearTimeout(retry);
    source?.close();
    connect();
  };
  const stop = () => {
    over = true;
    clearTimeout(retry);
    clearTimeout(alarm);
    window.removeEventListener("offline", lost);
    window.removeEventListener("online", again);
    source?.close();
  };
  const connect = () => {
    const s = open();
    source = s;
    s.onopen = () => {
      clearTimeout(alarm);
      alarm = undefined;
      wait = firstWait;
      to.connection("open");
      to.opened(before);
      before = true;
    };
    s.onerror = () => {
      if (over || s !== source) return;
      alarm ??= setTimeout(lost, quietFor);
      if (s.readyState !== closed) return; // the browser tries again by itself
      clearTimeout(retry);
      retry = setTimeout(connect, wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, longestWait);
    };
    for (const name of names) {
      s.addEventListener(name, (e) => {
        const event = parseEvent(name, e.data);
        if (event === undefined || over) return;
        if (event.kind === "signed-out") stop();
        to.event(event);
      });
    }
  };
  window.addEventListener("offline", lost);
  window.addEventListener("online", again);
  to.connection("connecting");
  connect();
  return stop;
}
