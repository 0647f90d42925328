import { describe, expect, it } from "vitest";
import { squarify } from "./squarify";

describe("squarify", () => {
  it("gives each size its share of the area, within the box, without overlap", () => {
    const sizes = [60, 30, 20, 10, 5, 5, 1, 1, 0];
    const box = { x: 10, y: 20, width: 300, height: 200 };
    const boxes = squarify(sizes, box);
    const total = sizes.reduce((a, b) => a + b, 0);
    boxes.forEach((b, i) => {
      expect(b.width * b.height).toBeCloseTo(((sizes[i] ?? 0) / total) * 60_000, 3);
      expect(b.x).toBeGreaterThanOrEqual(10 - 1e-6);
      expect(b.y).toBeGreaterThanOrEqual(20 - 1e-6);
      expect(b.x + b.width).toBeLessThanOrEqual(310 + 1e-6);
      expect(b.y + b.height).toBeLessThanOrEqual(220 + 1e-6);
    });
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1)) {
        const apart =
          a.x + a.width <= b.x + 1e-6 ||
          b.x + b.width <= a.x + 1e-6 ||
          a.y + a.height <= b.y + 1e-6 ||
          b.y + b.height <= a.y + 1e-6;
        expect(apart).toBe(true);
      }
  });
  it("makes boxes near to squares", () => {
    const boxes = squarify([6, 6, 4, 3, 2, 2, 1], { x: 0, y: 0, width: 600, height: 400 });
    for (const b of boxes) expect(Math.max(b.width / b.height, b.height / b.width)).toBeLessThan(3);
  });
  it("copes with nothing", () => {
    expect(squarify([], { x: 0, y: 0, width: 10, height: 10 })).toEqual([]);
    expect(squarify([0, 0], { x: 0, y: 0, width: 10, height: 10 }).every((b) => b.width === 0)).toBe(true);
    expect(squarify([5], { x: 0, y: 0, width: 0, height: 10 })).toHaveLength(1);
  });
});
