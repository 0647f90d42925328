import type { Version } from "../../../api/history";
import { locale, t } from "../../../words";

/** Formats by what they are for: making one costs far more than using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: "short" | "medium" | "day"): Intl.DateTimeFormat {
  const key = `${locale()} ${name}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(
    locale(),
    name === "day" ? { dateStyle: "medium" } : { timeStyle: name },
  );
  formats.set(key, made);
  return made;
}

/** Who edited, as a line of names. */
export function whoOf(v: Version): string {
  if (v.by.length === 1) return v.by[0]?.name || t("Somebody who left");
  const names = v.by.map((b) => b.name || t("Somebody who left"));
  return new Intl.ListFormat(locale(), { type: "conjunction" }).format(names);
}

/** What a version is, in a few words: its name, its people, or where it came from. */
export function titleOf(v: Version): string {
  return v.name || wayOf(v);
}

/** How a version came about. */
export function wayOf(v: Version): string {
  switch (v.origin) {
    case "begin":
      return t("As it was at first");
    case "disk":
      return v.commit ? v.commit.subject : t("Changed on the disk");
    case "restore":
      return v.by.length > 0
        ? t("{name} brought back an older version", { name: whoOf(v) })
        : t("An older version was brought back");
    case "run":
      return v.by.length > 0 ? t("{name} ran cells", { name: whoOf(v) }) : t("Cells were run");
    case "edit":
      return whoOf(v) || t("Edited");
  }
}

/** When a version was made: "14:03", "14:03 to 14:20", with seconds for short steps. */
export function timesOf(v: Version, fine = false): string {
  const times = format(fine ? "medium" : "short");
  const [from, to] = [times.format(new Date(v.at)), times.format(new Date(v.until))];
  return from === to ? to : t("{from} to {to}", { from, to });
}

/** When a version was made last, to the second. */
export function endOf(v: Version): string {
  return format("medium").format(new Date(v.until));
}

/** The day of a time, as a heading; now is in ms since 1970. */
export function dayOf(at: string, now: number): string {
  const its = new Date(at);
  const is = (ago: number) => its.toDateString() === new Date(now - ago).toDateString();
  if (is(0)) return t("Today");
  if (is(86_400_000)) return t("Yesterday");
  return format("day").format(its);
}

/** How many characters came and went: "+12 −3". */
export function sizeOf(v: Version): string {
  return [
    v.added > 0 ? t("+{n, number}", { n: v.added }) : "",
    v.removed > 0 ? t("−{n, number}", { n: v.removed }) : "",
  ]
    .filter((s) => s !== "")
    .join(" ");
}
