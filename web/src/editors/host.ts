import type { DocumentState } from "../sync/document";
import type { Documents } from "../sync/documents";
import type { Peer } from "./text/cursors";
import type { Position } from "./text/view";

/** What an editor tells of itself to what is around it: the status line, the tab. */
export type EditorStatus = {
  document?: DocumentState | undefined;
  position?: Position | undefined;
  language?: string | undefined;
  peers?: Peer[] | undefined;
  /** The file ends its lines with CR LF. */
  crlf?: boolean | undefined;
  /** What the kernel does, in words. */
  kernel?: string | undefined;
};

/** What others do with an editor that is open. */
export type EditorHandle = {
  /** Takes the focus. False: it is not there yet, or takes no keys yet; ask again. */
  focus(): boolean;
  goTo?(line: number, column?: number, length?: number): void;
  /** Shows where a person is, by their account; false when they are not in it. */
  show?(account: string): boolean;
};

/** What is around an editor. It stays the same object while the tab is open. */
export type EditorHost = {
  project: string;
  documents: Documents;
  /** Changes what the status line shows for this editor. */
  tell(change: EditorStatus): void;
  /** Says how to use this editor, until it is gone (undefined). */
  offer(handle: EditorHandle | undefined): void;
  /** Keys that belong to the app, wherever the focus is. */
  isAppKey(e: KeyboardEvent): boolean;
  /** Shows another file in this tab: the next picture of a folder. */
  turn(path: string): void;
};

/** What changes around an editor while it is open. */
export type EditorProps = {
  host: EditorHost;
  path: string;
  /** The project runs: files can be read. */
  running: boolean;
  /** The person may write files. */
  canWrite: boolean;
  /** The person may run programs. */
  canRun: boolean;
  vim: boolean;
  /** The tab is on the screen. */
  visible: boolean;
  /** The tab is the one that keys go to. */
  active: boolean;
};
