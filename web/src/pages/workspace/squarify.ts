/** A rectangle of a treemap, in any unit. */
export type Box = { x: number; y: number; width: number; height: number };

/**
 * Divides a box among sizes, which are sorted, the largest first: in rows of boxes
 * that are as near to squares as can be (Bruls, Huizing, van Wijk, 2000). Sizes of
 * zero get empty boxes.
 */
export function squarify(sizes: readonly number[], box: Box): Box[] {
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total <= 0 || box.width <= 0 || box.height <= 0)
    return sizes.map(() => ({ ...box, width: 0, height: 0 }));
  const scale = (box.width * box.height) / total;
  const boxes: Box[] = [];
  let left = { ...box };
  for (let i = 0; i < sizes.length; ) {
    const side = Math.min(left.width, left.height);
    let n = 1;
    let area = (sizes[i] ?? 0) * scale;
    let best = worst(area, sizes[i] ?? 0, sizes[i] ?? 0, side, scale);
    while (i + n < sizes.length) {
      const more = area + (sizes[i + n] ?? 0) * scale;
      const next = worst(more, sizes[i] ?? 0, sizes[i + n] ?? 0, side, scale);
      if (next > best) break;
      area = more;
      best = next;
      n++;
    }
    left = layRow(sizes.slice(i, i + n), area, left, scale, boxes);
    i += n;
  }
  return boxes;
}

/** How far from a square the worst box of a row is; 1 is a square. */
function worst(area: number, most: number, least: number, side: number, scale: number): number {
  if (area <= 0 || side <= 0) return Number.POSITIVE_INFINITY;
  const s = area * area;
  const w = side * side;
  return Math.max((w * most * scale) / s, s / (w * Math.max(least * scale, 1e-9)));
}

function layRow(row: readonly number[], area: number, left: Box, scale: number, boxes: Box[]): Box {
  const upright = left.width >= left.height;
  const side = upright ? left.height : left.width;
  const thick = side > 0 ? area / side : 0;
  let at = upright ? left.y : left.x;
  for (const size of row) {
    const long = thick > 0 ? (size * scale) / thick : 0;
    boxes.push(
      upright
        ? { x: left.x, y: at, width: thick, height: long }
        : { x: at, y: left.y, width: long, height: thick },
    );
    at += long;
  }
  return upright
    ? { ...left, x: left.x + thick, width: Math.max(0, left.width - thick) }
    : { ...left, y: left.y + thick, height: Math.max(0, left.height - thick) };
}
