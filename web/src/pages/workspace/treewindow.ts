import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Rows } from "./treerows";

/** Rows that are drawn beyond what is seen, so that scrolling never shows a gap. */
const beyond = 16;

/**
 * Which rows of a list are on the screen. All have the same height, so it costs
 * the same for ten rows and for 100,000. When rows above change, what is seen
 * stays where it is.
 */
export function useWindow(box: RefObject<HTMLElement | null>, rows: Rows, height: number) {
  const [view, setView] = useState({ first: 0, seen: 40, width: 0 });
  /** The first row that is seen, how far its top is above the edge, and where the list was scrolled to then. */
  const anchor = useRef({ key: "", above: 0, top: 0 });
  const latest = useRef(rows);
  latest.current = rows;
  const look = useCallback(() => {
    const el = box.current;
    if (!el) return;
    const first = Math.floor(el.scrollTop / height);
    const { scrollTop: top } = el;
    anchor.current = { key: latest.current.at(first)?.key ?? "", above: top - first * height, top };
    const next = { first, seen: Math.ceil(el.clientHeight / height) + 1, width: el.clientWidth };
    setView((v) => (v.first === next.first && v.seen === next.seen && v.width === next.width ? v : next));
  }, [box, height]);
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    look();
    el.addEventListener("scroll", look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(el);
    return () => {
      el.removeEventListener("scroll", look);
      sizes.disconnect();
    };
  }, [box, look]);
  useLayoutEffect(() => {
    const el = box.current;
    const at = rows.indexOf(anchor.current.key);
    // Who has scrolled since goes on from there. At the top, what comes in above is to be seen.
    if (el && at >= 0 && el.scrollTop >= height && el.scrollTop === anchor.current.top) {
      const top = at * height + anchor.current.above;
      if (Math.abs(el.scrollTop - top) >= 1) el.scrollTop = top;
    }
    look();
  }, [box, rows, height, look]);
  /** Brings a row onto the screen, with as little movement as that takes. */
  const scrollTo = useCallback(
    (index: number) => {
      const el = box.current;
      if (!el || index < 0) return;
      const top = index * height;
      if (top < el.scrollTop) el.scrollTop = top;
      else if (top + height > el.scrollTop + el.clientHeight) el.scrollTop = top + height - el.clientHeight;
    },
    [box, height],
  );
  const from = Math.max(0, view.first - beyond);
  const to = Math.min(rows.length, view.first + view.seen + beyond);
  return { from, to, seen: view.seen, width: view.width, scrollTo };
}
