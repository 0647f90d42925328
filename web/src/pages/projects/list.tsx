import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import type { Project } from "../../api/types";
import { t } from "../../words";
import styles from "./projects.module.css";
import { DeletedRow, ProjectRow } from "./row";

const phone = "(max-width: 640px)";

/** The height of a row in px, as the style sheet has it. */
function useRowHeight(): number {
  const narrow = useSyncExternalStore(
    (f) => {
      const query = window.matchMedia(phone);
      query.addEventListener("change", f);
      return () => query.removeEventListener("change", f);
    },
    () => window.matchMedia(phone).matches,
  );
  return narrow ? 64 : 56;
}

/** The rows that are on the screen, of all there are; more is called near the end. */
export function ProjectRows({
  items,
  total,
  more,
}: {
  items: readonly Project[];
  total: number;
  more: (() => void) | undefined;
}) {
  const list = useRef<HTMLUListElement>(null);
  const height = useRowHeight();
  // Functions that stay the same: with new ones all rows would be measured anew at each step.
  const estimateSize = useCallback(() => height, [height]);
  const getItemKey = useCallback((i: number) => items[i]?.id ?? i, [items]);
  const rows = useWindowVirtualizer({
    count: Math.max(total, items.length),
    estimateSize,
    getItemKey,
    overscan: 8,
    scrollMargin: list.current?.offsetTop ?? 0,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height is what makes all places wrong
  useEffect(() => rows.measure(), [rows, height]);
  const visible = rows.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= items.length - 20) more?.();
  }, [last, items.length, more]);

  // The arrows go from row to row, to those that are not drawn yet too.
  const move = (e: KeyboardEvent) => {
    const step = e.key === "ArrowDown" || e.key === "j" ? 1 : e.key === "ArrowUp" || e.key === "k" ? -1 : 0;
    if (step === 0 || e.ctrlKey || e.metaKey || e.altKey || !(e.target instanceof HTMLElement)) return;
    const from = e.target.closest<HTMLElement>("[data-index]");
    if (from === null) return;
    const to = Number(from.dataset.index) + step;
    if (to < 0 || to >= items.length) return;
    e.preventDefault();
    rows.scrollToIndex(to);
    requestAnimationFrame(() => {
      const row = list.current?.querySelector(`[data-index="${to}"]`);
      (row?.querySelector("a") ?? row?.querySelector("button"))?.focus();
    });
  };
  return (
    <ul
      ref={list}
      className={styles.list}
      style={{ height: rows.getTotalSize() }}
      aria-label={t("Projects")}
      onKeyDown={move}
    >
      {visible.map((v) => (
        <Row
          key={v.key}
          project={items[v.index]}
          index={v.index}
          total={total}
          top={v.start - rows.options.scrollMargin}
        />
      ))}
    </ul>
  );
}

/** A row at its place. It is drawn anew only when its project changes, however far one scrolls. */
const Row = memo(function Row({
  project,
  index,
  total,
  top,
}: {
  /** Undefined while it is being read. */
  project: Project | undefined;
  index: number;
  total: number;
  top: number;
}) {
  return (
    <li
      data-index={index}
      aria-setsize={total}
      aria-posinset={index + 1}
      className={styles.row}
      style={{ transform: `translateY(${top}px)` }}
    >
      {project === undefined ? (
        <>
          <span />
          <span className={styles.waiting} />
        </>
      ) : project.deleted === undefined ? (
        <ProjectRow project={project} />
      ) : (
        <DeletedRow project={project} />
      )}
    </li>
  );
});
