/** A row of a tree, as keys see it. */
export type KeyRow = {
  /** Whether it is unfolded; absent where there is nothing to unfold. */
  open?: boolean | undefined;
  /** Where the row is that holds it; -1 for none. Asked only when it matters. */
  parent: () => number;
};

/**
 * Where a key leads from the at-th of count rows, as the ARIA pattern for trees says:
 * the row to go to, or how the one that has the focus is to be folded; nothing when
 * it is no key of a tree. page is how many rows are on the screen.
 */
export function treeStep(
  key: string,
  at: number,
  count: number,
  row: KeyRow | undefined,
  page = 15,
): { go?: number; open?: boolean } {
  const last = count - 1;
  const to = (i: number) => ({ go: Math.max(0, Math.min(last, i)) });
  switch (key) {
    case "ArrowDown":
      return to(at + 1);
    case "ArrowUp":
      return to(at - 1);
    case "Home":
      return to(0);
    case "End":
      return to(last);
    case "PageDown":
      return to(at + page);
    case "PageUp":
      return to(at - page);
    case "ArrowRight":
      if (row?.open === undefined) return {};
      return row.open ? to(at + 1) : { open: true };
    case "ArrowLeft": {
      if (row === undefined) return {};
      if (row.open === true) return { open: false };
      const parent = row.parent();
      return parent < 0 ? {} : to(parent);
    }
  }
  return {};
}
