import type { FileState } from "./message";

/** Why a session is over. Its text stays readable. */
export type Over = "deleted" | "forbidden" | "signed-out" | "too-large" | "not-text";

/** Text of this browser that the project does not have, and why it could not be merged. */
export type Kept = {
  text: string;
  edits: number;
  why: "epoch" | "rights" | Over;
  /** Its number among what this browser keeps; undefined while it is in this page alone. */
  id?: number;
};

export type DocumentState = {
  path: string;
  connection: "connecting" | "live" | "offline" | "paused" | "over";
  over?: Over;
  /** What the document is: one text (absent), or the cells of a notebook. */
  model?: "notebook";
  /** The text is whole: the first synchronisation of this epoch is done. */
  synced: boolean;
  /** The text is what this browser kept, as old as the time says (ms since 1970), until it is synced. */
  copied?: number;
  /** Edits that wait outlive the page. */
  stored?: boolean;
  readOnly: boolean;
  /** Edits made here that are not known to be on the project's disk. */
  waiting: number;
  file: FileState;
  /** Why the file or the log cannot be written, for people. */
  problem?: string;
  /** How the file is written, when that is not UTF-8; as the WHATWG Encoding Standard names it. */
  encoding?: string;
  /** A character that the file's encoding has not: so it cannot be written as it is. */
  unencodable?: string;
  kept?: Kept;
  /** Counts the documents that this session had; a new epoch brings a new one. */
  generation: number;
};
