import { ChevronLeft, ChevronRight } from "lucide-react";
import type { KeyboardEvent, Ref } from "react";
import type { Version } from "../../../api/history";
import { IconButton } from "../../../ui/button";
import { classes } from "../../../ui/classes";
import { t } from "../../../words";
import styles from "./history.module.css";
import { nextStop } from "./rows";
import { titleOf } from "./say";

/** A slider over every version, from the oldest that is kept to the newest. */
export function Slider({
  oldest,
  newest,
  seq,
  text,
  stops,
  versions,
  onChange,
  ref,
}: {
  oldest: number;
  newest: number;
  seq: number;
  /** The version in words. */
  text: string;
  /** Where the keys stop. */
  stops: readonly number[];
  /** Those that are known: the ones with a name or a commit are marked. */
  versions: readonly Version[];
  onChange: (seq: number) => void;
  ref: Ref<HTMLInputElement>;
}) {
  const span = Math.max(1, newest - oldest);
  const step = (by: 1 | -1) => onChange(nextStop(stops, seq, by));
  const keys = (e: KeyboardEvent) => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const by =
      e.key === "ArrowRight" || e.key === "ArrowUp"
        ? 1
        : e.key === "ArrowLeft" || e.key === "ArrowDown"
          ? -1
          : 0;
    if (by === 0) return;
    e.preventDefault();
    step(by);
  };
  const marks = versions.filter((v) => v.name || v.commit);
  return (
    <div className={styles.slider}>
      <IconButton label={t("Older version")} disabled={seq <= oldest} onClick={() => step(-1)}>
        <ChevronLeft size={16} strokeWidth={1.5} />
      </IconButton>
      <span className={styles.track}>
        {marks.map((v) => (
          <span
            key={v.seq}
            className={classes(styles.tick, v.name ? styles.named : undefined)}
            style={{ left: `${((v.seq - oldest) / span) * 100}%` }}
            title={titleOf(v)}
            aria-hidden
          />
        ))}
        <input
          ref={ref}
          type="range"
          min={oldest}
          max={newest}
          step={1}
          value={seq}
          aria-label={t("Version")}
          aria-valuetext={text}
          onChange={(e) => onChange(Number(e.target.value))}
          onKeyDown={keys}
        />
      </span>
      <IconButton label={t("Newer version")} disabled={seq >= newest} onClick={() => step(1)}>
        <ChevronRight size={16} strokeWidth={1.5} />
      </IconButton>
    </div>
  );
}
