/** How a picture is looked at: its scale, and how far its middle is from the middle of the place, in px. */
export type View = { scale: number; x: number; y: number };

type Size = { width: number; height: number };

/** The scale at which all of a picture is to be seen; never larger than it is. */
export function fitScale(picture: Size, place: Size): number {
  const s = Math.min(place.width / Math.max(1, picture.width), place.height / Math.max(1, picture.height));
  return Math.min(1, s > 0 ? s : 1);
}

/** The view made larger or smaller around a point, which stays where it is. */
export function zoomAt(v: View, by: number, x: number, y: number, fit: number): View {
  const scale = Math.max(Math.min(0.05, fit), Math.min(32, v.scale * by));
  const grown = scale / v.scale;
  return { scale, x: x + (v.x - x) * grown, y: y + (v.y - y) * grown };
}
