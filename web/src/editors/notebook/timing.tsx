import { useEffect, useState } from "react";
import { t } from "../../words";
import { type Cell, record } from "./cell";
import { useBook, usePart } from "./hooks";
import styles from "./notebook.module.css";

/** How long a run took, by what is written in the cell's metadata; undefined when it does not say. In ms. */
export function tookOf(metadata: Record<string, unknown>): number | undefined {
  const times = record(metadata.execution);
  const at = (name: string) => {
    const v = times[name];
    return typeof v === "string" ? Date.parse(v) : Number.NaN;
  };
  const took = at("shell.execute_reply") - at("iopub.execute_input");
  return Number.isFinite(took) && took >= 0 ? took : undefined;
}

/** A time as a person says it: "0.12 s", "3 min 4 s". */
export function duration(ms: number): string {
  if (ms < 100) return t("{n} ms", { n: Math.round(ms) });
  if (ms < 10_000) return t("{n} s", { n: (ms / 1000).toFixed(ms < 1000 ? 2 : 1) });
  const s = Math.round(ms / 1000);
  if (s < 60) return t("{n} s", { n: s });
  if (s < 3600) return t("{m} min {s} s", { m: Math.floor(s / 60), s: s % 60 });
  return t("{h} h {m} min", { h: Math.floor(s / 3600), m: Math.floor(s / 60) % 60 });
}

/** Below the text: how long it ran, or runs, and who ran it. */
export function Timing({
  cell,
  state,
  metadata,
}: {
  cell: Cell;
  state: "idle" | "queued" | "running";
  metadata: Record<string, unknown>;
}) {
  const book = useBook();
  const began = usePart(book.link.state, (l) => {
    const q = l.state.queue?.find((x) => x.cell === cell.id && x.running);
    return q?.at;
  });
  const queuedBy = usePart(book.link.state, (l) => l.state.queue?.find((x) => x.cell === cell.id)?.byName);
  const alone = usePart(book.presence.people, (p) => p.length === 0);
  if (state === "running")
    return <Running since={began ?? startOf(metadata)} by={alone ? undefined : queuedBy} />;
  if (state === "queued") return <Line left={t("Waits to be run")} right={alone ? undefined : queuedBy} />;
  const took = tookOf(metadata);
  if (took === undefined) return null;
  const { name } = record(record(record(metadata.execution).lyceum ?? metadata.lyceum).by);
  return <Line left={duration(took)} right={typeof name === "string" ? name : undefined} />;
}

function startOf(metadata: Record<string, unknown>): string | undefined {
  const v = record(metadata.execution)["iopub.execute_input"];
  return typeof v === "string" ? v : undefined;
}

function Running({ since, by }: { since: string | undefined; by: string | undefined }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const began = since === undefined ? Number.NaN : Date.parse(since);
  const text =
    Number.isFinite(began) && now - began >= 1000
      ? t("Runs for {time}", { time: duration(now - began) })
      : t("Runs");
  return <Line left={text} right={by} />;
}

function Line({ left, right }: { left: string; right: string | undefined }) {
  return (
    <div className={styles.below}>
      <span />
      <span className="numbers">{right ? t("{time} · {name}", { time: left, name: right }) : left}</span>
    </div>
  );
}
