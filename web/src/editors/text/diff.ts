/** One replacement, with offsets into the old text. */
export type Replacement = { from: number; to: number; insert: string };

/**
 * The replacement that makes old into want: all that lies between their common
 * beginning and their common end. Undefined when they are the same.
 */
export function replacement(old: string, want: string): Replacement | undefined {
  if (old === want) return undefined;
  const most = Math.min(old.length, want.length);
  let start = 0;
  while (start < most && old.charCodeAt(start) === want.charCodeAt(start)) start++;
  // A surrogate pair is not cut.
  if (start > 0 && isHigh(old.charCodeAt(start - 1))) start--;
  let end = 0;
  while (
    end < most - start &&
    old.charCodeAt(old.length - 1 - end) === want.charCodeAt(want.length - 1 - end)
  )
    end++;
  if (end > 0 && isLow(old.charCodeAt(old.length - end))) end--;
  return { from: start, to: old.length - end, insert: want.slice(start, want.length - end) };
}

const isHigh = (c: number) => c >= 0xd800 && c < 0xdc00;
const isLow = (c: number) => c >= 0xdc00 && c < 0xe000;
