import type { ReactNode } from "react";
import { classes } from "./classes";
import styles from "./table.module.css";

export interface Column<T> {
  /** Its heading; "" for a column of buttons, with a name for screen readers in `name`. */
  head: string;
  name?: string;
  cell: (row: T) => ReactNode;
  align?: "right" | "end";
  /** Left out on a phone. */
  minor?: boolean;
}

/** A table of things that are alike. */
export function Table<T>({
  label,
  columns,
  rows,
  rowKey,
  cards,
}: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string | number;
  /** On a phone each row is a card, with its columns below each other, also the minor ones. */
  cards?: boolean;
}) {
  const look = (c: Column<T>) => classes(c.align !== undefined && styles[c.align], c.minor && styles.minor);
  return (
    // It scrolls sideways when it must, so the keyboard has to reach it.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region is reached by the keyboard
    <section className={styles.frame} aria-label={label} tabIndex={0}>
      <table className={classes(styles.table, cards && styles.cards)}>
        <thead>
          <tr>
            {columns.map((c) => (
              <th key={c.head || c.name} scope="col" className={look(c)}>
                {c.head || <span className="visually-hidden">{c.name}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((c) => (
                <td key={c.head || c.name} className={look(c)} data-head={c.head}>
                  {c.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
