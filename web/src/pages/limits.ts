// Limits as people write them: cores and gigabytes.
import type { LimitChange, Limits } from "../api/limits";
import { size } from "../ui/ago";
import { t } from "../words";

export type LimitField = { name: keyof Limits; label: string; unit: number; step: number };

/** The kinds of limits, in the order in which they are shown; unit is what one of a field's units is of the API's. */
export function limitFields(): LimitField[] {
  return [
    { name: "cpu", label: t("Processor cores"), unit: 1000, step: 0.1 },
    { name: "memoryBytes", label: t("Memory, in GB"), unit: 1e9, step: 0.1 },
    { name: "processes", label: t("Processes"), unit: 1, step: 1 },
    { name: "diskBytes", label: t("Disk, in GB"), unit: 1e9, step: 0.1 },
  ];
}

/** What stands in a field: "" is no statement of its own, 0 is no limit, which is said in a word. */
export function shownLimit(value: number | undefined, unit: number): string {
  if (value === 0) return t("none");
  return value === undefined ? "" : String(Math.round((value / unit) * 1000) / 1000);
}

/** What a field says; undefined for an empty one. Throws where that is neither a number nor none. */
export function readLimit(text: string, unit: number): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "") return undefined;
  if (trimmed === "none" || trimmed === t("none").toLowerCase()) return 0;
  const value = Number(trimmed.replace(",", "."));
  if (!Number.isFinite(value) || value < 0) throw new Error(t("Write a number, or “none”."));
  return Math.round(value * unit);
}

/** The change that gives one field another value and leaves the others. */
export function withLimit(own: LimitChange, name: keyof Limits, value: number | undefined): LimitChange {
  const { [name]: _, ...rest } = own;
  return value === undefined ? rest : { ...rest, [name]: value };
}

/** "2 CPUs, 4 GB memory, 4096 processes, 10 GB disk". */
export function limitsText(l: Limits): string {
  const parts = [
    l.cpu > 0 ? t("{n, plural, one {# CPU} other {# CPUs}}", { n: l.cpu / 1000 }) : "",
    l.memoryBytes > 0 ? t("{size} memory", { size: size(l.memoryBytes) }) : "",
    l.processes > 0 ? t("{n} processes", { n: l.processes }) : "",
    l.diskBytes > 0 ? t("{size} disk", { size: size(l.diskBytes) }) : "",
  ].filter((p) => p !== "");
  return parts.length === 0 ? t("No limits") : parts.join(", ");
}
