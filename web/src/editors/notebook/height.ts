import type { Cell } from "./cell";
import { guessHeight, lineCount } from "./output";

const known = new WeakMap<Cell, number>();

/** Pixels that a cell will take, about, as it was when this was asked first. */
export function heightOfCell(cell: Cell): number {
  const found = known.get(cell);
  if (found !== undefined) return found;
  const outputs = cell.outputs.get().reduce((sum, o) => sum + guessHeight(o.map), 0);
  const height = 22 + 20 * lineCount(cell.text || " ") + outputs;
  known.set(cell, height);
  return height;
}

/** The same of cells one below the other. */
export function heightOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, c) => sum + heightOfCell(c), 0);
}
