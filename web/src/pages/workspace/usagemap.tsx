import { useLayoutEffect, useRef, useState } from "react";
import type { DiskUse } from "../../api/search";
import { size } from "../../ui/ago";
import { t } from "../../words";
import { useRoom } from "./context";
import { type Box, squarify } from "./squarify";
import { titleOf } from "./usage";
import styles from "./usage.module.css";

const headHeight = 18; // pixels of a folder's name
const least = 3; // pixels of the narrowest box that is drawn

/**
 * The parts of a folder as boxes, as large as what they take. It is for the eye
 * and the pointer; the list beside it says the same to everybody.
 */
export function UsageMap({ use, go }: { use: DiskUse; go: (path: string) => void }) {
  const place = useRef<HTMLDivElement>(null);
  const [box, setBox] = useState<Box>({ x: 0, y: 0, width: 0, height: 0 });
  useLayoutEffect(() => {
    const el = place.current;
    if (!el) return;
    const look = () => setBox({ x: 0, y: 0, width: el.clientWidth, height: el.clientHeight });
    look();
    const watch = new ResizeObserver(look);
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  const items = withRest(use);
  const boxes = squarify(
    items.map((i) => i.bytes),
    box,
  );
  return (
    <div ref={place} className={styles.map} aria-hidden>
      {items.map((item, i) => {
        const at = boxes[i];
        return at ? <Part key={item.path || "rest"} use={item} box={at} shade={i} go={go} /> : null;
      })}
    </div>
  );
}

/** The parts, and behind them the others together. */
function withRest(use: DiskUse): DiskUse[] {
  const parts = use.parts ?? [];
  if (!use.rest || use.rest.bytes === 0) return parts;
  const name = t("{n, plural, one {# other} other {# others}}", { n: use.rest.items });
  return [
    ...parts,
    { name, path: "", kind: "other", bytes: use.rest.bytes, size: 0, files: use.rest.items, folders: 0 },
  ];
}

function Part({
  use,
  box,
  shade,
  go,
}: {
  use: DiskUse;
  box: Box;
  shade: number;
  go: (path: string) => void;
}) {
  const { workspace } = useRoom();
  if (box.width < least || box.height < least) return null;
  const named = box.width > 40 && box.height > headHeight;
  const inner = { x: 2, y: headHeight, width: box.width - 5, height: box.height - headHeight - 3 };
  const parts = use.parts ?? [];
  const rest = Math.max(0, use.bytes - parts.reduce((n, p) => n + p.bytes, 0));
  const boxes =
    named && inner.width > 20 && inner.height > 12
      ? squarify([...parts.map((p) => p.bytes), rest], inner)
      : [];
  const open = () => {
    if (use.kind === "dir") go(use.path);
    else if (use.kind === "file") workspace.openFile(use.path);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list beside it has the keys
    // biome-ignore lint/a11y/noStaticElementInteractions: as above
    <div
      className={styles.box}
      data-shade={shade % 6}
      data-kind={use.kind}
      data-path={use.path}
      style={{ left: box.x, top: box.y, width: box.width - 1, height: box.height - 1 }}
      title={`${titleOf(use)} · ${size(use.bytes)}`}
      onClick={open}
    >
      {named ? (
        <span className={styles.boxName}>
          {titleOf(use)} <small>{size(use.bytes)}</small>
        </span>
      ) : null}
      {parts.map((p, i) => {
        const at = boxes[i];
        if (!at || at.width < least || at.height < least) return null;
        return (
          <div
            key={p.path}
            className={styles.inner}
            style={{ left: at.x, top: at.y, width: at.width - 1, height: at.height - 1 }}
            title={`${titleOf(p)} · ${size(p.bytes)}`}
          >
            {at.width > 50 && at.height > 16 ? <span>{titleOf(p)}</span> : null}
          </div>
        );
      })}
    </div>
  );
}
