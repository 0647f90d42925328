/** The details of an act in one line: "name: Waves, role: editor". */
export function detailText(detail: Record<string, unknown> | undefined): string {
  return Object.entries(detail ?? {})
    .map(([name, v]) => `${name}: ${typeof v === "string" ? v : JSON.stringify(v)}`)
    .join(", ");
}
