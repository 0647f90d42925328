// Finding by a few letters, for the palette.

/**
 * How well the letters of query are found in text, in their order; undefined
 * when they are not. More is better: letters that begin a word, and letters that
 * stand together, count more, and a short text before a long one.
 */
export function score(query: string, text: string): number | undefined {
  const q = fold(query);
  const s = fold(text);
  if (q === "") return 0;
  const whole = s.indexOf(q);
  if (whole >= 0) return 1000 - whole - s.length / 100 + (isStart(s, whole) ? 500 : 0);
  let points = 0;
  let at = -1;
  for (const letter of q.replace(/\s+/g, "")) {
    const next = nextOf(s, letter, at + 1);
    if (next < 0) return undefined;
    points += isStart(s, next) ? 8 : next === at + 1 ? 5 : 1;
    at = next;
  }
  return points - s.length / 100;
}

/** The letter's next place, at the beginning of a word if there is one. */
function nextOf(s: string, letter: string, from: number): number {
  for (let i = s.indexOf(letter, from); i >= 0; i = s.indexOf(letter, i + 1)) {
    if (i === from || isStart(s, i)) return i;
  }
  return s.indexOf(letter, from);
}

function isStart(s: string, i: number): boolean {
  return i === 0 || /[\s/_.:-]/.test(s[i - 1] ?? "");
}

/** The text without marks and capitals, for comparing. */
export function fold(s: string): string {
  return s.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The items whose text has the query's letters, the best first; all of them, in their order, for "". */
export function find<T>(items: readonly T[], query: string, textOf: (item: T) => string): T[] {
  if (query.trim() === "") return [...items];
  return items
    .flatMap((item) => {
      const points = score(query.trim(), textOf(item));
      return points === undefined ? [] : [{ item, points }];
    })
    .sort((a, b) => b.points - a.points)
    .map((f) => f.item);
}
