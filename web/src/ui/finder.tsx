import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { type Hold, holdKeys } from "./ahead";
import styles from "./finder.module.css";

/** Things of one kind; a name of "" has no heading. */
export type Group<T> = { group: string; items: readonly T[] };

/**
 * A field with a list below it: letters leave what matches, the arrow keys go
 * through it, Enter or a press takes one. The focus stays in the field.
 */
export function Finder<T>({
  label,
  placeholder,
  list: name,
  query,
  onQuery,
  groups,
  idOf,
  onTake,
  early = false,
  none,
  children,
}: {
  /** What the field is called. */
  label: string;
  placeholder: string;
  /** What the list is called. */
  list: string;
  query: string;
  onQuery: (query: string) => void;
  groups: readonly Group<T>[];
  idOf: (item: T) => string;
  /** mod: with Ctrl or Command. */
  onTake: (item: T, mod: boolean) => void;
  /** What is found is still asked for: Enter takes the first of what comes. */
  early?: boolean;
  /** What is said where there is nothing in the list. */
  none: ReactNode;
  /** What is in a line of the list. */
  children: (item: T) => ReactNode;
}) {
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const items = groups.flatMap((g) => g.items);
  const current = Math.max(0, Math.min(chosen, items.length - 1));

  useEffect(() => {
    list.current?.querySelector(`[data-index="${current}"]`)?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const latest = useRef(onTake);
  latest.current = onTake;
  /** Enter was pressed before there was anything to take; what is typed then is for what it opens. */
  const entered = useRef<{ mod: boolean; typed: Hold }>(undefined);
  const [first] = items;
  useEffect(() => {
    const was = entered.current;
    if (early || was === undefined) return;
    entered.current = undefined;
    if (first === undefined) was.typed.drop();
    else latest.current(first, was.mod);
  }, [early, first]);
  const keys = (e: KeyboardEvent) => {
    if (e.nativeEvent.isComposing) return;
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    const item = items[current];
    const mod = e.ctrlKey || e.metaKey;
    if (e.key === "Enter" && early && current === 0) entered.current = { mod, typed: holdKeys() };
    else if (step !== 0 && items.length > 0) setChosen((current + step + items.length) % items.length);
    else if (e.key === "Enter" && item !== undefined) onTake(item, mod);
    else if (e.key !== "Enter") return;
    e.preventDefault();
  };
  let index = -1;
  return (
    <>
      <input
        className={styles.input}
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={items.length > 0 ? `${id}-${current}` : undefined}
        aria-label={label}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(e) => {
          entered.current = undefined;
          onQuery(e.target.value);
          setChosen(0);
        }}
        onKeyDown={keys}
      />
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={name} className={styles.list}>
        {groups.map(({ group, items: own }) => {
          const lines = own.map((item) => {
            index++;
            const mine = index;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keys
              // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the combobox
              <div
                key={idOf(item)}
                id={`${id}-${mine}`}
                data-index={mine}
                role="option"
                aria-selected={mine === current}
                className={styles.item}
                onPointerMove={() => setChosen(mine)}
                onClick={(e) => onTake(item, e.ctrlKey || e.metaKey)}
              >
                {children(item)}
              </div>
            );
          });
          return group === "" ? (
            lines
          ) : (
            // biome-ignore lint/a11y/useSemanticElements: a group of options has no element of its own
            <div key={group} role="group" aria-label={group}>
              <div className={styles.group} aria-hidden>
                {group}
              </div>
              {lines}
            </div>
          );
        })}
      </div>
      {items.length > 0 ? null : <p className={styles.none}>{none}</p>}
    </>
  );
}
