import type { Version, VersionDiff } from "../../../api/history";
import type { LineRange } from "../../../editors/diff/diff";

/** A row of the list: a day, a sitting, a step of a sitting that is unfolded, or that there is more. */
export type Row =
  | { kind: "day"; key: string; day: string }
  | { kind: "version"; key: string; version: Version; open: boolean | undefined }
  | { kind: "step"; key: string; version: Version; of: number }
  | { kind: "more"; key: string; of: number };

/** The steps of a sitting that is unfolded; more: there are others, older ones. */
export type Steps = { versions: readonly Version[]; more: boolean };

/** A sitting can be unfolded when it joins more than one edit. */
export function unfolds(v: Version): boolean {
  return v.edits > 1 && v.origin !== "restore" && v.origin !== "begin";
}

/** The rows of the list: versions newest first, under their days. dayOf names the day of a time. */
export function rowsOf(
  versions: readonly Version[],
  unfolded: ReadonlyMap<number, Steps | undefined>,
  dayOf: (at: string) => string,
): Row[] {
  const rows: Row[] = [];
  let day = "";
  for (const version of versions) {
    const its = dayOf(version.until);
    if (its !== day) rows.push({ kind: "day", key: `d${its}`, day: its });
    day = its;
    const open = unfolds(version) ? unfolded.has(version.seq) : undefined;
    rows.push({ kind: "version", key: `v${version.seq}`, version, open });
    const steps = open ? unfolded.get(version.seq) : undefined;
    for (const s of steps?.versions ?? [])
      rows.push({ kind: "step", key: `s${version.seq}/${s.seq}`, version: s, of: version.seq });
    if (steps?.more) rows.push({ kind: "more", key: `m${version.seq}`, of: version.seq });
  }
  return rows;
}

/**
 * The row that shows the version a sequence falls into: the one that is named, if it
 * does; else the step if it is unfolded, or the sitting; -1 for none.
 */
export function rowAt(rows: readonly Row[], seq: number, key?: string): number {
  let found = -1;
  const named = key === undefined ? -1 : rows.findIndex((r) => r.key === key);
  const row = rows[named];
  if (row && "version" in row && row.version.seq === seq) return named;
  for (const [i, r] of rows.entries()) {
    if (r.kind !== "version" && r.kind !== "step") continue;
    const { first, seq: last } = r.version;
    if (seq < first || seq > last) continue;
    found = i;
    if (r.kind === "step") return i;
  }
  return found;
}

/** Where the slider stops by its keys: the versions and steps that are known, oldest first, without doubles. */
export function stopsOf(rows: readonly Row[]): number[] {
  const all = rows.flatMap((r) => (r.kind === "version" || r.kind === "step" ? [r.version.seq] : []));
  return [...new Set(all)].sort((a, b) => a - b);
}

/** The next stop in a direction from a sequence; the sequence itself where there is none. */
export function nextStop(stops: readonly number[], seq: number, by: 1 | -1): number {
  const next = by > 0 ? stops.find((s) => s > seq) : stops.findLast((s) => s < seq);
  return next ?? seq;
}

/** The runs of lines that changed, without the equal ones around them. */
export function rangesOf(diff: VersionDiff): LineRange[] {
  const ranges: LineRange[] = [];
  for (const h of diff.hunks) {
    let [old, now] = [h.old, h.new];
    let open: LineRange | undefined;
    for (const line of h.lines) {
      if (line.kind === "same") {
        open = undefined;
        old++;
        now++;
        continue;
      }
      if (!open) {
        open = { oldFrom: old, oldTo: old, newFrom: now, newTo: now };
        ranges.push(open);
      }
      if (line.kind === "removed") open.oldTo = ++old;
      else open.newTo = ++now;
    }
  }
  return ranges;
}
