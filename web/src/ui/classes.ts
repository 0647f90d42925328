/** Joins class names; leaves out what is absent. */
export function classes(...names: (string | false | undefined)[]): string {
  return names.filter((n) => n !== undefined && n !== false && n !== "").join(" ");
}
