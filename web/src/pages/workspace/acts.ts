/**
 * What somebody did to files, so that it can be taken back: things went to other
 * places, into the trash (by their ids there), or came to be.
 */
export type Act =
  | { kind: "moved"; pairs: readonly { from: string; to: string }[] }
  | { kind: "trashed"; items: readonly { id: string; path: string }[] }
  | { kind: "came"; paths: readonly string[] };

/** Acts that can be taken back, at most. */
const most = 20;

/** The last acts of a person in this page: undone from the last one, and done again. */
export class Acts {
  #done: Act[] = [];
  #undone: Act[] = [];

  /** Notes an act. What was undone before it cannot be done again. */
  did(act: Act): void {
    this.#done = [...this.#done, act].slice(-most);
    this.#undone = [];
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /**
   * Takes the last act back, or with which that one: turn does it, and tells what
   * was done by that. An act is forgotten even when turn throws: it cannot be taken back.
   */
  async undo(turn: (act: Act) => Promise<Act>, which?: Act): Promise<boolean> {
    const act = which === undefined ? this.#done.at(-1) : this.#done.find((a) => a === which);
    if (act === undefined) return false;
    this.#done = this.#done.filter((a) => a !== act);
    this.#undone.push(await turn(act));
    return true;
  }

  /** Does again what was undone last. */
  async redo(turn: (act: Act) => Promise<Act>): Promise<boolean> {
    const act = this.#undone.pop();
    if (act === undefined) return false;
    this.#done.push(await turn(act));
    return true;
  }
}
