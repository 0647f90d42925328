import type { DragEvent } from "react";
import { Store } from "../../sync/store";
import type { Cell } from "./cell";
import type { Page } from "./page";

/** Where cells that are dragged would go: before a cell or behind it. */
export class Drops {
  readonly store = new Store<{ key: string; below: boolean } | undefined>(undefined);
  #type: string;

  constructor(type: string) {
    this.#type = type;
  }

  /** What a cell does while others are dragged over it. */
  on(page: Page, cell: Cell) {
    const over = (e: DragEvent<HTMLElement>) => {
      if (!e.dataTransfer.types.includes(this.#type)) return;
      e.preventDefault();
      e.dataTransfer.dropEffect = "move";
      const { top, height } = e.currentTarget.getBoundingClientRect();
      const below = e.clientY > top + height / 2;
      const now = this.store.get();
      if (now?.key !== cell.key || now.below !== below) this.store.set({ key: cell.key, below });
    };
    return {
      onDragOver: over,
      onDrop: (e: DragEvent<HTMLElement>) => {
        const key = e.dataTransfer.getData(this.#type);
        const at = this.store.get();
        this.store.set(undefined);
        const dragged = page.nb.cell(key);
        if (!dragged || !at) return;
        e.preventDefault();
        const [from, to] = page.chosen.includes(dragged)
          ? page.range
          : [page.nb.indexOf(dragged), page.nb.indexOf(dragged)];
        page.moveTo(from, to, page.nb.indexOf(cell) + (at.below ? 1 : 0));
      },
    };
  }
}
