// JSON as it is written: nothing is parsed into numbers that would be rounded, and
// the children of a value are found only when it is unfolded. RFC 8259.

/** Where text stops being JSON. */
export class NotJSON extends Error {
  override readonly name = "NotJSON";
  /** Index into the text. */
  readonly at: number;
  constructor(at: number, what: string) {
    super(what);
    this.at = at;
  }
}

const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const space = /[ \t\n\r]*/y;

function match(rule: RegExp, text: string, at: number): number {
  rule.lastIndex = at;
  return rule.test(text) ? rule.lastIndex : -1;
}

/** The index of what comes after white space. */
export function skipSpace(text: string, at: number): number {
  return match(space, text, at);
}

/** The end of the string, number or word at an index. */
function scalarEnd(text: string, at: number): number {
  const end = match(text[at] === '"' ? string : literal, text, at);
  if (end < 0)
    throw new NotJSON(
      at,
      at >= text.length ? "it ends too early" : `it cannot go on with ${JSON.stringify(text[at])}`,
    );
  return end;
}

/** The end of the value at an index, however deep it is. */
export function skipValue(text: string, start: number): number {
  const open: string[] = [];
  let at = start;
  for (;;) {
    const c = text[at];
    if (c === "{" || c === "[") {
      const inside = skipSpace(text, at + 1);
      if (text[inside] === (c === "{" ? "}" : "]")) at = inside + 1;
      else {
        open.push(c);
        at = c === "{" ? keyEnd(text, inside) : inside;
        continue;
      }
    } else at = scalarEnd(text, at);
    // Behind a value: a comma and another one, or the end of what holds it.
    for (;;) {
      const outer = open.at(-1);
      if (outer === undefined) return at;
      at = skipSpace(text, at);
      if (text[at] === ",") {
        at = skipSpace(text, at + 1);
        if (outer === "{") at = keyEnd(text, at);
        break;
      }
      if (text[at] !== (outer === "{" ? "}" : "]"))
        throw new NotJSON(at, `it needs a comma or ${outer === "{" ? "}" : "]"} here`);
      open.pop();
      at++;
    }
  }
}

/** Behind a key and its colon. */
function keyEnd(text: string, at: number): number {
  if (text[at] !== '"') throw new NotJSON(at, "it needs a key in quotes here");
  const colon = skipSpace(text, scalarEnd(text, at));
  if (text[colon] !== ":") throw new NotJSON(colon, "it needs a colon here");
  return skipSpace(text, colon + 1);
}

/** Checks the whole text, and returns where its value begins. Throws NotJSON. */
export function check(text: string): number {
  const start = skipSpace(text, text.startsWith("\ufeff") ? 1 : 0);
  const end = skipSpace(text, skipValue(text, start));
  if (end < text.length) throw new NotJSON(end, "something follows behind its end");
  return start;
}

export type Child = { key: string; start: number; end: number };

/** What is in the object or list at an index of text that was checked. */
export function childrenOf(text: string, start: number): Child[] {
  const list: Child[] = [];
  const object = text[start] === "{";
  if (!object && text[start] !== "[") return list;
  let at = skipSpace(text, start + 1);
  while (text[at] !== "}" && text[at] !== "]") {
    let key = String(list.length);
    if (object) {
      key = String(JSON.parse(text.slice(at, scalarEnd(text, at))));
      at = keyEnd(text, at);
    }
    const end = skipValue(text, at);
    list.push({ key, start: at, end });
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return list;
}

/** How one writes the way to a value: $.a[0]["b c"]. */
export function pathText(keys: readonly { key: string; list: boolean }[]): string {
  return keys.reduce((s, k) => {
    if (k.list) return `${s}[${k.key}]`;
    return /^[A-Za-z_$][\w$]*$/.test(k.key) ? `${s}.${k.key}` : `${s}[${JSON.stringify(k.key)}]`;
  }, "$");
}

/** The line and column of an index, from 1. */
export function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}
