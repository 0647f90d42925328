/** Something that tells when it changed, in the form that React's useSyncExternalStore takes. */
export class Store<T> {
  #value: T;
  #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  /** The value now; the same object until it changes. */
  readonly get = (): T => this.#value;

  /** Calls f after each change, until the returned function is called. */
  readonly subscribe = (f: () => void): (() => void) => {
    this.#listeners.add(f);
    return () => this.#listeners.delete(f);
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const f of [...this.#listeners]) f();
  }
}
