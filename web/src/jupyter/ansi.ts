/** A piece of a terminal's output that looks one way. */
export type Span = {
  text: string;
  bold?: boolean;
  faint?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  inverse?: boolean;
  /** A colour: a name of the sixteen ("red", "bright-red"), or "#rrggbb". */
  fore?: string;
  back?: string;
};

type Look = Omit<Span, "text">;

const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/**
 * Reads text with the sequences of ECMA-48 that colour it (SGR); all other
 * sequences are left out. A backspace takes the character before it away, and a
 * carriage return begins its line anew, as a terminal would show it.
 */
export function parseANSI(text: string): Span[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
  if (!/[\u001b\b\r\u009b]/.test(text)) return text === "" ? [] : [{ text }];
  const spans: Span[] = [];
  let look: Look = {};
  const put = (piece: string) => {
    if (piece === "") return;
    const last = spans.at(-1);
    if (last && same(last, look)) last.text += piece;
    else spans.push({ ...look, text: piece });
  };
  const sequence =
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
    /\u001b\[([0-9;:]*)([@-~])|\u001b\[[^@-~]*[@-~]?|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[^[\]]?|\u009b[^@-~]*[@-~]?/g;
  let from = 0;
  for (const m of overwritten(text).matchAll(sequence)) {
    put(m.input.slice(from, m.index));
    from = m.index + m[0].length;
    if (m[2] === "m") look = changed(look, m[1] ?? "");
  }
  put(overwritten(text).slice(from));
  return spans;
}

/** What a terminal would still show after carriage returns and backspaces. */
export function overwritten(text: string): string {
  let out = text;
  if (out.includes("\b")) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a backspace is what it is about
    const back = /[^\n\b]\u0008/g;
    for (let before = ""; before !== out && out.includes("\b"); ) {
      before = out;
      out = out.replace(back, "");
    }
    out = out.replaceAll("\b", "");
  }
  if (!out.includes("\r")) return out;
  return out
    .replace(/\r+\n/g, "\n")
    .replace(/^.*\r(?!$)/gm, "")
    .replace(/\r$/gm, "");
}

function same(a: Span, b: Look): boolean {
  const { text: _, ...look } = a;
  return JSON.stringify(look) === JSON.stringify(b);
}

function changed(old: Look, codes: string): Look {
  const list = codes.split(/[;:]/).map((c) => Number(c || "0"));
  let look = { ...old };
  for (let i = 0; i < list.length; i++) {
    const c = list[i] ?? 0;
    if (c === 0) look = {};
    else if (c === 1) look.bold = true;
    else if (c === 2) look.faint = true;
    else if (c === 3) look.italic = true;
    else if (c === 4) look.underline = true;
    else if (c === 7) look.inverse = true;
    else if (c === 9) look.strike = true;
    else if (c === 22) look = without(look, "bold", "faint");
    else if (c === 23) look = without(look, "italic");
    else if (c === 24) look = without(look, "underline");
    else if (c === 27) look = without(look, "inverse");
    else if (c === 29) look = without(look, "strike");
    else if (c === 39) look = without(look, "fore");
    else if (c === 49) look = without(look, "back");
    else if (c >= 30 && c <= 37) look.fore = name(c - 30);
    else if (c >= 40 && c <= 47) look.back = name(c - 40);
    else if (c >= 90 && c <= 97) look.fore = `bright-${name(c - 90)}`;
    else if (c >= 100 && c <= 107) look.back = `bright-${name(c - 100)}`;
    else if (c === 38 || c === 48) {
      const [colour, used] = extended(list.slice(i + 1));
      i += used;
      if (colour) look[c === 38 ? "fore" : "back"] = colour;
    }
  }
  return look;
}

function name(n: number): string {
  return names[n] ?? "white";
}

function without(look: Look, ...keys: (keyof Look)[]): Look {
  return Object.fromEntries(Object.entries(look).filter(([k]) => !keys.some((x) => x === k)));
}

/** A colour of the 256, or of red, green and blue; and how many numbers said it. */
function extended([kind, a = 0, b = 0, c = 0]: number[]): [string | undefined, number] {
  if (kind === 2) return [hex(a, b, c), 4];
  if (kind !== 5) return [undefined, 0];
  if (a < 8) return [name(a), 2];
  if (a < 16) return [`bright-${name(a - 8)}`, 2];
  if (a >= 232) return [hex(8 + (a - 232) * 10, 8 + (a - 232) * 10, 8 + (a - 232) * 10), 2];
  const level = (n: number) => (n === 0 ? 0 : 55 + n * 40);
  const n = a - 16;
  return [hex(level(Math.floor(n / 36)), level(Math.floor(n / 6) % 6), level(n % 6)), 2];
}

function hex(...rgb: number[]): string {
  return `#${rgb.map((v) => Math.max(0, Math.min(255, v)).toString(16).padStart(2, "0")).join("")}`;
}

/** The addresses in a text, as [from, to, address]. */
export function linksIn(text: string): [number, number, string][] {
  if (!text.includes("://")) return [];
  return [...text.matchAll(/\bhttps?:\/\/[^\s<>"'`]+[^\s<>"'`.,:;!?)\]}]/g)].map((m) => [
    m.index,
    m.index + m[0].length,
    m[0],
  ]);
}
