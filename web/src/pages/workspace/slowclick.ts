import { type MouseEvent, useEffect, useRef } from "react";
import type { Selection } from "./selection";
import type { Row } from "./treerows";

/** Milliseconds: a second press sooner is a double click, and one later was not meant so. */
const soonest = 500;
const latest = 4000;

/**
 * A slow second press on the name of a file that is selected alone renames it, as
 * in the file managers of desktops. pressed tells that a press was taken for one.
 */
export function useSlowClick(rename: (path: string) => void) {
  const last = useRef({ key: "", at: 0 });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    pressed: (row: Extract<Row, { kind: "entry" }>, s: Selection, e: MouseEvent): boolean => {
      const since = e.timeStamp - last.current.at;
      const again = last.current.key === row.key && since > soonest && since < latest;
      last.current = { key: row.key, at: e.timeStamp };
      clearTimeout(timer.current);
      const alone = s.picked.size === 1 && s.picked.has(row.key);
      const mouse = "pointerType" in e.nativeEvent && e.nativeEvent.pointerType === "mouse";
      if (!again || !alone || !mouse || row.expanded !== undefined || e.altKey) return false;
      // It may still become a double click.
      timer.current = setTimeout(() => rename(row.entry.path), 350);
      return true;
    },
    forget: () => clearTimeout(timer.current),
  };
}
