// Times as people say them.
import { locale, t } from "../words";

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "3 minutes ago", "in 2 days", "just now"; now is in ms since 1970. */
export function ago(at: string | Date, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return "";
  if (Math.abs(seconds) < 45) return t("just now");
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
  const [unit, size] = units.find(([, s]) => Math.abs(seconds) >= s) ?? ["minute", 60];
  const count = Math.trunc(seconds / size) || Math.sign(seconds);
  return format.format(count, unit);
}

/** The whole date and time. */
export function moment(at: string | Date): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

/** The day only. */
export function day(at: string | Date): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(new Date(at));
}

/** "1 hour", "90 minutes": a length of time in seconds, in the largest unit that is exact. */
export function span(seconds: number): string {
  if (seconds % 86_400 === 0) return t("{n, plural, one {# day} other {# days}}", { n: seconds / 86_400 });
  if (seconds % 3600 === 0) return t("{n, plural, one {# hour} other {# hours}}", { n: seconds / 3600 });
  return t("{n, plural, one {# minute} other {# minutes}}", { n: Math.round(seconds / 60) });
}

/** A size: "1.5 GB". Units of 1,000, as disks are sold and `df -H` shows. */
export function size(bytes: number): string {
  const names = ["B", "kB", "MB", "GB", "TB"];
  let n = bytes;
  let i = 0;
  while (n >= 1000 && i < names.length - 1) {
    n /= 1000;
    i++;
  }
  const digits = i === 0 || n >= 100 ? 0 : 1;
  const number = new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(n);
  return `${number} ${names[i] ?? ""}`;
}
