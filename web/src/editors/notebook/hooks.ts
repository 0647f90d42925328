import { createContext, type RefObject, useContext, useEffect, useState, useSyncExternalStore } from "react";
import type { Store } from "../../sync/store";
import type { Book } from "./book";
import type { Near } from "./near";

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** A part of what is in a store: a change of the rest draws nothing anew. f gives a plain value. */
export function usePart<T, P extends string | number | boolean | undefined>(
  store: Store<T>,
  f: (v: T) => P,
): P {
  return useSyncExternalStore(store.subscribe, () => f(store.get()));
}

/** What the parts of an open notebook know. */
export const BookContext = createContext<{ book: Book; near: Near } | undefined>(undefined);

export function useBook(): Book {
  return useContextOf().book;
}

function useContextOf() {
  const found = useContext(BookContext);
  if (!found) throw new Error("this part is shown inside a notebook only");
  return found;
}

/** Whether an element is on the screen, or nearly. */
export function useNear(ref: RefObject<Element | null>): boolean {
  const { near } = useContextOf();
  const [now, setNow] = useState(false);
  useEffect(() => (ref.current ? near.watch(ref.current, setNow) : undefined), [ref, near]);
  return now;
}
