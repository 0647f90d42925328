import { type RefObject, useEffect, useRef } from "react";
import { DiffView } from "../../../editors/diff/diff";
import { ReadingView } from "../../../editors/merge/reading";
import styles from "./history.module.css";
import type { Compared } from "./hooks";
import { rangesOf } from "./rows";

/** Milliseconds within which another version means that one is only passing. */
const passing = 400;

/** Two versions beside each other or one through the other; or one alone. */
export function Compare({
  path,
  compared,
  inline,
  labels,
  busy,
  at,
  step,
  cost,
}: {
  path: string;
  compared: Compared;
  inline: boolean;
  labels: { old: string; new: string };
  /** Another one is on its way. */
  busy: boolean;
  at: (current: number, count: number) => void;
  /** Goes to the next or the previous change. */
  step: RefObject<((by: 1 | -1) => void) | undefined>;
  /** How long it took to show, in ms. */
  cost: RefObject<number>;
}) {
  const place = useRef<HTMLDivElement>(null);
  /** When a version was shown last. */
  const shown = useRef(0);
  const { old, new: now, hunks } = compared;
  const key = `${old?.seq ?? 0}/${now.seq}/${inline}`;
  // What is compared is what is shown anew for.
  // biome-ignore lint/correctness/useExhaustiveDependencies: key stands for them
  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    // The place on the screen stays as one goes from version to version.
    const { scrollTop } = parent;
    const began = performance.now();
    // Whoever goes by many versions quickly sees colours where they stop.
    const colourAfter = began - shown.current < passing ? passing : 0;
    shown.current = began;
    let view: DiffView | ReadingView;
    if (!old) {
      view = new ReadingView(parent, path, now.text, labels.new, colourAfter);
      at(0, 0);
    } else {
      const ranges = hunks ? rangesOf(hunks) : [];
      const diff = new DiffView({
        parent,
        path,
        old: old.text,
        new: now.text,
        labels,
        hunks: ranges.length > 0 ? ranges : undefined,
        inline,
        colourAfter,
        at,
      });
      step.current = (by) => diff.step(by);
      view = diff;
    }
    parent.scrollTop = scrollTop;
    cost.current = performance.now() - began;
    return () => {
      step.current = undefined;
      view.destroy();
    };
  }, [key, path]);
  return <div ref={place} className={styles.compared} aria-busy={busy} />;
}
