const uuid = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** The text with identifiers cut to their first part, as people compare them. */
function short(text: string): string {
  return text.replace(uuid, "$1…");
}

/** What an act was done to: "project 7f3a91c0…" of "project:7f3a91c0-…". */
export function objectText(object: string | undefined): string {
  return short((object ?? "").replace(":", " "));
}

/** The details of an act in one line: "name: Waves, role: editor". What is empty is left out. */
export function detailText(detail: Record<string, unknown> | undefined): string {
  return Object.entries(detail ?? {})
    .filter(([, v]) => v !== "" && v !== null)
    .map(([name, v]) => `${name}: ${typeof v === "string" ? short(v) : JSON.stringify(v)}`)
    .join(", ");
}
