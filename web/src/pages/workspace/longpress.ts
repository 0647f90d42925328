import { type PointerEvent, useEffect, useRef } from "react";

/** Milliseconds that a finger rests for the menu. */
const rest = 500;

/** A finger that rests on something asks for its menu. took tells once that the click after it is not meant. */
export function useLongPress(open: (x: number, y: number) => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const at = useRef({ x: 0, y: 0 });
  const taken = useRef(false);
  const stop = () => clearTimeout(timer.current);
  useEffect(() => () => clearTimeout(timer.current), []);
  return {
    took: () => {
      const was = taken.current;
      taken.current = false;
      return was;
    },
    handlers: {
      onPointerDown: (e: PointerEvent) => {
        taken.current = false;
        if (e.pointerType !== "touch") return;
        at.current = { x: e.clientX, y: e.clientY };
        stop();
        timer.current = setTimeout(() => {
          taken.current = true;
          open(at.current.x, at.current.y);
        }, rest);
      },
      onPointerMove: (e: PointerEvent) => {
        if (Math.hypot(e.clientX - at.current.x, e.clientY - at.current.y) > 10) stop();
      },
      onPointerUp: stop,
      onPointerCancel: stop,
    },
  };
}
