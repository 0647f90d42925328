import type { ReactNode } from "react";
import styles from "./badge.module.css";
import { classes } from "./classes";

export type Tone = "none" | "green" | "amber" | "red";

/** A state: a dot and a word, so that colour is never alone. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={classes(styles.badge, tone !== "none" && styles[tone])}>
      <span className={styles.dot} aria-hidden />
      {children}
    </span>
  );
}

/** A word in a frame: a role, a scope. */
export function Tag({ children }: { children: ReactNode }) {
  return <span className={classes(styles.badge, styles.tag)}>{children}</span>;
}
