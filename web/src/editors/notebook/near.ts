/** Pixels beyond the screen within which a cell is made ready. */
const margin = 1200;

/** Milliseconds of a frame that are used to make cells ready: scrolling goes first. */
const slice = 8;

/** Tells elements when they come near to the screen, a few in each frame. */
export class Near {
  #observer: IntersectionObserver;
  #watched = new Map<Element, (near: boolean) => void>();
  #changed = new Map<Element, boolean>();
  #frame = 0;

  constructor(root: Element) {
    const seen = (entries: IntersectionObserverEntry[]) => {
      for (const e of entries) this.#changed.set(e.target, e.isIntersecting);
      this.#schedule();
    };
    this.#observer = new IntersectionObserver(seen, { root, rootMargin: `${margin}px 0px` });
  }

  /** Calls f with each change, until the returned function is called. */
  watch(element: Element, f: (near: boolean) => void): () => void {
    this.#watched.set(element, f);
    this.#observer.observe(element);
    return () => {
      this.#watched.delete(element);
      this.#changed.delete(element);
      this.#observer.unobserve(element);
    };
  }

  end(): void {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
  }

  #schedule(): void {
    if (this.#frame || this.#changed.size === 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const end = performance.now() + slice;
      for (const [element, near] of this.#changed) {
        this.#changed.delete(element);
        this.#watched.get(element)?.(near);
        if (performance.now() > end) break;
      }
      this.#schedule();
    });
  }
}
