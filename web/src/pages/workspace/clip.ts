// Files on the clipboard. Copying puts their paths there as text, one a line, for
// an editor or a terminal, and beside it this form, which the explorer of another
// tab of the same project takes:
//
//	{"project":"<id>","cut":true,"paths":["a.txt","b"]}
import { Store } from "../../sync/store";

export type Clip = { project: string; cut: boolean; paths: readonly string[] };

/** The type of the form on the clipboard. */
export const clipType = "application/x-lyceum-files";

export function writeClip(c: Clip): string {
  return JSON.stringify({ project: c.project, cut: c.cut, paths: c.paths });
}

/** The clip that a text describes; undefined when it describes none. Others may have written it. */
export function readClip(text: string): Clip | undefined {
  try {
    const v: unknown = JSON.parse(text);
    if (typeof v !== "object" || v === null || !("project" in v) || !("paths" in v)) return undefined;
    const { project, paths } = v;
    if (typeof project !== "string" || !Array.isArray(paths)) return undefined;
    const found = paths.filter((p) => typeof p === "string" && p !== "");
    if (found.length === 0 || found.length !== paths.length) return undefined;
    return { project, cut: "cut" in v && v.cut === true, paths: found };
  } catch {
    return undefined;
  }
}

/** The paths as text. */
export function clipText(paths: readonly string[]): string {
  return paths.join("\n");
}

/** What was cut or copied last in this project, in any tab of this browser. */
export class Clipboard {
  readonly clip = new Store<Clip | undefined>(undefined);
  #channel: BroadcastChannel | undefined;
  #name: string;

  constructor(project: string) {
    this.#name = `lyceum-files-${project}`;
  }

  /** Begins to hear of other tabs; the returned function ends it. */
  start(): () => void {
    const channel = new BroadcastChannel(this.#name);
    channel.onmessage = (e) => this.clip.set(typeof e.data === "string" ? readClip(e.data) : undefined);
    this.#channel = channel;
    return () => {
      channel.close();
      this.#channel = undefined;
    };
  }

  set(clip: Clip | undefined): void {
    this.clip.set(clip);
    this.#channel?.postMessage(clip ? writeClip(clip) : "");
  }
}
