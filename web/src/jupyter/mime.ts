/** How an output is shown, by the table below. */
export type Renderer =
  | "widget"
  | "vega"
  | "plotly"
  | "html"
  | "svg"
  | "image"
  | "pdf"
  | "audio"
  | "video"
  | "markdown"
  | "latex"
  | "json"
  | "script"
  | "text";

/** Media types and what shows them, the best first; a pattern is of the whole type. */
const table: readonly [RegExp, Renderer][] = [
  [/^application\/vnd\.jupyter\.widget-view\+json$/, "widget"],
  [/^application\/vnd\.vegalite\.v[2-6](\.\d+)*\+json$/, "vega"],
  [/^application\/vnd\.vega\.v[3-6](\.\d+)*\+json$/, "vega"],
  [/^application\/vnd\.plotly\.v1\+json$/, "plotly"],
  [/^text\/html$/, "html"],
  [/^application\/javascript$/, "script"],
  [/^text\/markdown$/, "markdown"],
  [/^text\/latex$/, "latex"],
  [/^image\/svg\+xml$/, "svg"],
  [/^image\/(png|jpeg|gif|webp|bmp|avif)$/, "image"],
  [/^application\/pdf$/, "pdf"],
  [/^audio\/[\w.+-]+$/, "audio"],
  [/^video\/[\w.+-]+$/, "video"],
  [/^application\/(geo\+)?json$/, "json"],
  [/^text\/plain$/, "text"],
  [/^text\/[\w.+-]+$/, "text"],
  [/^application\/[\w.-]+\+json$/, "json"],
];

/** The best way to show one of some media types; undefined when none is known. */
export function choose(types: readonly string[]): { type: string; renderer: Renderer } | undefined {
  // A type of somebody's own is shown as a tree only where nothing else is there.
  for (const [pattern, renderer] of table) {
    const type = types.find((t) => pattern.test(t));
    if (type !== undefined) return { type, renderer };
  }
  return undefined;
}

/** Whether what shows it runs scripts that came with it. */
export function hasScripts(html: string): boolean {
  return /<script\b|<iframe\b|<object\b|<embed\b|\son[a-z]+\s*=|javascript:/i.test(html);
}

/** Text of an output's data: one string or lines. */
export function textOf(v: unknown): string {
  if (Array.isArray(v)) return v.map(String).join("");
  return typeof v === "string" ? v : v === undefined ? "" : JSON.stringify(v, null, 2);
}
