// Short news in a corner: that something was done, and how to undo it, or that
// something failed. Read out by screen readers; errors stay until they are closed.
import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { t } from "../words";
import { Button, IconButton } from "./button";
import { classes } from "./classes";
import styles from "./toast.module.css";

export interface Toast {
  text: string;
  kind?: "good" | "bad";
  /** One thing that can be done about it. */
  action?: { label: string; run: () => void };
}

interface Shown extends Toast {
  id: number;
}

const most = 3;
const shownFor = 5000;
let shown: readonly Shown[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(list: readonly Shown[]): void {
  shown = list;
  for (const f of listeners) f();
}

/** Shows a toast. The oldest goes when there are more than three. */
export function toast(given: Toast): void {
  set([...shown, { ...given, id: next++ }].slice(-most));
}

function close(id: number): void {
  set(shown.filter((s) => s.id !== id));
}

/** Where toasts appear; once in the app. */
export function Toasts() {
  const list = useSyncExternalStore(
    (f) => {
      listeners.add(f);
      return () => listeners.delete(f);
    },
    () => shown,
  );
  return (
    <section className={styles.region} aria-label={t("News")} aria-live="polite" aria-relevant="additions">
      {list.map((s) => (
        <One key={s.id} toast={s} />
      ))}
    </section>
  );
}

function One({ toast: s }: { toast: Shown }) {
  const [held, setHeld] = useState(false);
  const stays = s.kind === "bad" || held;
  useEffect(() => {
    if (stays) return;
    const timer = setTimeout(() => close(s.id), s.action === undefined ? shownFor : shownFor * 2);
    return () => clearTimeout(timer);
  }, [s, stays]);
  const Icon = s.kind === "bad" ? CircleAlert : CircleCheck;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: whoever is at it is given the time, no more
    <div
      className={classes(styles.toast, styles[s.kind ?? "good"])}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Icon size={16} strokeWidth={1.5} aria-hidden />
      <span className={styles.text}>{s.text}</span>
      {s.action === undefined ? null : (
        <Button
          look="quiet"
          onClick={() => {
            s.action?.run();
            close(s.id);
          }}
        >
          {s.action.label}
        </Button>
      )}
      <IconButton label={t("Close")} onClick={() => close(s.id)}>
        <X size={16} strokeWidth={1.5} />
      </IconButton>
    </div>
  );
}
