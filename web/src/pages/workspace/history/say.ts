import type { Version } from "../../../api/history";
import { day } from "../../../ui/ago";
import { locale, t } from "../../../words";

/** Who edited, as a line of names. */
export function whoOf(v: Version): string {
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
    case "edit":
      return whoOf(v) || t("Edited");
  }
}

/** When a version was made: "14:03", "14:03 to 14:20", with seconds for short steps. */
export function timesOf(v: Version, fine = false): string {
  const format = new Intl.DateTimeFormat(locale(), { timeStyle: fine ? "medium" : "short" });
  const [from, to] = [format.format(new Date(v.at)), format.format(new Date(v.until))];
  return from === to ? to : t("{from} to {to}", { from, to });
}

/** The day of a time, as a heading; now is in ms since 1970. */
export function dayOf(at: string, now: number): string {
  const its = day(at);
  if (its === day(new Date(now))) return t("Today");
  if (its === day(new Date(now - 86_400_000))) return t("Yesterday");
  return its;
}

/** How many characters came and went: "+12 −3". */
export function sizeOf(v: Version): string {
  const n = new Intl.NumberFormat(locale());
  return [v.added > 0 ? `+${n.format(v.added)}` : "", v.removed > 0 ? `−${n.format(v.removed)}` : ""]
    .filter((s) => s !== "")
    .join(" ");
}
