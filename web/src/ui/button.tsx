import type { ComponentProps, ReactNode } from "react";
import styles from "./button.module.css";
import { classes } from "./classes";
import { Tooltip } from "./tooltip";

export type Look = "plain" | "primary" | "danger" | "quiet";

/** The classes of a button, for links that look like one. */
export function buttonClass(look: Look = "plain", wide = false): string {
  return classes(styles.button, look !== "plain" && styles[look], wide && styles.wide);
}

interface ButtonProps extends ComponentProps<"button"> {
  look?: Look;
  wide?: boolean;
  /** What it is doing, in words; it cannot be pressed meanwhile. */
  busy?: string | false | undefined;
}

export function Button({ look, wide, busy, className, children, disabled, ...rest }: ButtonProps) {
  const waiting = typeof busy === "string";
  return (
    <button
      type="button"
      {...rest}
      className={classes(buttonClass(look, wide), className)}
      disabled={disabled || waiting}
      aria-busy={waiting || undefined}
    >
      {waiting ? busy : children}
    </button>
  );
}

interface IconButtonProps extends Omit<ComponentProps<"button">, "aria-label" | "title"> {
  /** Its name, as a verb: shown as a tooltip, read by screen readers. */
  label: string;
  keys?: string | undefined;
  /** The browser's own tooltip: for rows of long lists, where each one more costs. */
  light?: boolean;
  children: ReactNode;
}

export function IconButton({ label, keys, light, className, children, ...rest }: IconButtonProps) {
  const button = (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={light ? label : undefined}
      className={classes(styles.button, styles.icon, className)}
    >
      {children}
    </button>
  );
  if (light) return button;
  return (
    <Tooltip label={label} keys={keys}>
      {button}
    </Tooltip>
  );
}
