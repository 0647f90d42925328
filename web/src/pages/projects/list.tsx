import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef } from "react";
import type { Project } from "../../api/types";
import { t } from "../../words";
import styles from "./projects.module.css";
import { DeletedRow, ProjectRow } from "./row";

function rowHeight(): number {
  return window.matchMedia("(max-width: 640px)").matches ? 64 : 56;
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
  const rows = useWindowVirtualizer({
    count: Math.max(total, items.length),
    estimateSize: rowHeight,
    overscan: 12,
    scrollMargin: list.current?.offsetTop ?? 0,
    getItemKey: (i) => items[i]?.id ?? i,
  });
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
      {visible.map((v) => {
        const project = items[v.index];
        return (
          <li
            key={v.key}
            data-index={v.index}
            aria-setsize={total}
            aria-posinset={v.index + 1}
            className={styles.row}
            style={{ transform: `translateY(${v.start - rows.options.scrollMargin}px)` }}
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
      })}
    </ul>
  );
}
