import { Channel } from "./channel";
import { closeCode, type OpenSocket } from "./socket";

/** What changed in a folder; api.FileChange. Without names, anything in it may have. */
export type FolderChange = { dir: string; names?: string[]; gone?: boolean; error?: string };

/**
 * A FolderWatch tells what changes in the folders that are on the screen. After
 * a reconnect every folder counts as changed.
 */
export class FolderWatch {
  #channel: Channel;
  #dirs: string[] = [];
  #seen = false;
  #changed: (c: FolderChange) => void;

  constructor(url: () => string, changed: (c: FolderChange) => void, open?: OpenSocket) {
    this.#changed = changed;
    this.#channel = new Channel({
      url,
      opened: () => {
        this.#tell();
        if (this.#seen) for (const dir of this.#dirs) changed({ dir });
        this.#seen = true;
      },
      message: (m) => this.#message(m),
      closed: (code) => (code === closeCode.signedOut ? "end" : "retry"),
      ...(open ? { open } : {}),
    });
  }

  /** Watches exactly these folders from now on. */
  set(dirs: string[]): void {
    if (dirs.length === this.#dirs.length && dirs.every((d, i) => d === this.#dirs[i])) return;
    this.#dirs = dirs;
    this.#tell();
  }

  /** Begins, or tries at once where a try is waited for. */
  start(): void {
    this.#channel.start();
    this.#channel.wake();
  }

  pause(): void {
    this.#channel.pause();
  }

  end(): void {
    this.#channel.end();
  }

  #tell(): void {
    this.#channel.send(JSON.stringify({ watch: this.#dirs }));
  }

  #message(m: Uint8Array | string): void {
    if (typeof m !== "string") return;
    const c = parse(m);
    if (c) this.#changed(c);
  }
}

function parse(text: string): FolderChange | undefined {
  try {
    const v: unknown = JSON.parse(text);
    if (typeof v !== "object" || v === null || !("dir" in v) || typeof v.dir !== "string") return undefined;
    const c: FolderChange = { dir: v.dir };
    if ("names" in v && Array.isArray(v.names)) c.names = v.names.filter((n) => typeof n === "string");
    if ("gone" in v && v.gone === true) c.gone = true;
    if ("error" in v && typeof v.error === "string") c.error = v.error;
    return c;
  } catch {
    return undefined;
  }
}
