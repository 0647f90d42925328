import { api } from "../../api/address";
import { fetchRaw } from "../../api/fetch";
import { Store } from "../../sync/store";
import { type Arrangement, Keeper, readArrangement, writeArrangement } from "./arrangement";

/**
 * How the workspace is arranged, and its keeping: the hub has it a moment after
 * it changed. A phone shows the side as a sheet over the page, so what is shown
 * there is not what is kept for a wide screen.
 */
export class Keeping {
  readonly arrangement: Store<Arrangement>;
  #keeper: Keeper<Arrangement>;
  /** The side of a wide screen, while the screen is narrow. */
  #wide: string | undefined;

  constructor(project: string, kept: unknown) {
    this.arrangement = new Store(readArrangement(kept));
    this.#keeper = new Keeper((a, leaving) =>
      fetchRaw(api("projects", project, "layout"), {
        method: "PUT",
        body: JSON.stringify({ layout: writeArrangement(a) }),
        headers: { "Content-Type": "application/json" },
        keepalive: leaving,
      }),
    );
  }

  change(change: Partial<Arrangement>): void {
    this.#set({ ...this.arrangement.get(), ...change });
  }

  /** The dock has another form, or no tabs. */
  docked(dock: Record<string, unknown> | undefined): void {
    const { dock: _, ...rest } = this.arrangement.get();
    this.#set(dock ? { ...rest, dock } : rest);
  }

  /** The screen is narrow, or no more. Where it is, the sheet opens only when there is nothing else to see. */
  setNarrow(narrow: boolean, sheet: boolean): void {
    const { side } = this.arrangement.get();
    if (narrow && this.#wide === undefined) {
      this.#wide = side;
      this.arrangement.set({ ...this.arrangement.get(), side: sheet ? "files" : "" });
    } else if (!narrow && this.#wide !== undefined) {
      const wide = this.#wide;
      this.#wide = undefined;
      this.arrangement.set({ ...this.arrangement.get(), side: wide });
    }
  }

  /** On a narrow screen nothing lies over what was opened. */
  uncover(): void {
    if (this.#wide !== undefined) this.change({ side: "" });
  }

  /** The arrangement as it is kept. */
  kept(): Arrangement {
    const a = this.arrangement.get();
    return this.#wide === undefined ? a : { ...a, side: this.#wide };
  }

  /** Writes what waits, now. */
  leave(): void {
    this.#keeper.leave();
  }

  #set(next: Arrangement): void {
    const before = JSON.stringify(this.kept());
    if (JSON.stringify(next) === JSON.stringify(this.arrangement.get())) return;
    this.arrangement.set(next);
    if (JSON.stringify(this.kept()) !== before) this.#keeper.changed(this.kept());
  }
}
