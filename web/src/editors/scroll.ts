import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** The tallest that browsers draw reliably, in px. What is taller is scrolled in proportion. */
const tallest = 6_000_000;

/** Rows of one height, any number of them, of which only those on the screen are drawn. */
export type Rows = {
  /** The element that scrolls. */
  box: RefObject<HTMLDivElement | null>;
  /** How tall its content is, in px, without the header. */
  tall: number;
  /** The first row on the screen, and how many are to be drawn. */
  first: number;
  shown: number;
  /** How far the first row is above the edge: 0 or less, in px. */
  offset: number;
  /** Whole rows that are on the screen at once. */
  page: number;
  onScroll: () => void;
  /** Brings a row onto the screen, with as little movement as possible. */
  reveal: (row: number) => void;
  /** Makes a row the first one. */
  top: (row: number) => void;
};

/** Where the rows are, after the bar of the browser went from one place to another; all but count in px. */
export function topAfter(o: {
  top: number;
  from: number;
  to: number;
  count: number;
  height: number;
  view: number;
}): number {
  const total = o.count * o.height;
  const most = Math.max(0, o.count - o.view / o.height);
  const tall = Math.min(total, tallest);
  const end = Math.max(1, tall - o.view);
  if (total <= tallest) return Math.min(most, o.to / o.height);
  if (o.to <= 0) return 0;
  if (o.to >= end - 1) return most;
  const by = o.to - o.from;
  // A turn of the wheel moves by rows; a drag of the bar moves by its share of the whole.
  if (Math.abs(by) < o.view * 2) return Math.max(0, Math.min(most, o.top + by / o.height));
  return (o.to / end) * most;
}

/** Scrolls through count rows of a height in px, below a header that stays. */
export function useRows(count: number, height: number, header = 0): Rows {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState(400);
  const [top, setTop] = useState(0);
  const now = useRef({ top: 0, last: 0, timer: 0 });
  const total = count * height;
  const tall = Math.min(total, tallest);
  const most = Math.max(0, count - view / height);

  // While nothing is there yet, neither is the element.
  const there = count > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the element may be there now
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const measure = () => setView(Math.max(height, el.clientHeight - header));
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(el);
    return () => watch.disconnect();
  }, [height, header, there]);

  const place = useCallback(
    (to: number, bar: boolean) => {
      const at = Math.max(0, Math.min(most, to));
      now.current.top = at;
      setTop(at);
      const el = box.current;
      if (!bar || !el) return;
      el.scrollTop = total <= tallest ? at * height : (at / Math.max(1, most)) * (tall - view);
      now.current.last = el.scrollTop;
    },
    [most, total, tall, view, height],
  );

  // Fewer rows than there were: do not stand behind the end.
  useEffect(() => {
    if (now.current.top > most) place(most, true);
  }, [most, place]);
  useEffect(() => () => clearTimeout(now.current.timer), []);

  const onScroll = () => {
    const el = box.current;
    const state = now.current;
    if (!el || el.scrollTop === state.last) return;
    const next = topAfter({ top: state.top, from: state.last, to: el.scrollTop, count, height, view });
    state.last = el.scrollTop;
    place(next, false);
    if (total <= tallest) return;
    // The bar goes to its place when the hand rests.
    clearTimeout(state.timer);
    state.timer = window.setTimeout(() => place(state.top, true), 200);
  };
  const first = Math.max(0, Math.floor(top));
  const page = Math.max(1, Math.floor(view / height));
  return {
    box,
    tall,
    first,
    shown: Math.max(0, Math.min(count - first, page + 2)),
    offset: -Math.round((top - first) * height),
    page,
    onScroll,
    top: (row) => place(row, true),
    reveal: (row) => {
      if (row < now.current.top) place(row, true);
      else if (row + 1 > now.current.top + view / height) place(row + 1 - view / height, true);
    },
  };
}
