import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { t } from "../words";
import { type Action, registry } from "./action";
import { BareDialog } from "./dialog";
import { Keys } from "./keys";
import { find } from "./match";
import styles from "./palette.module.css";

export interface Item {
  id: string;
  label: string;
  group: string;
  keys?: string;
  run: () => void;
}

/** The items in the order of their groups, each group where its first item stands. */
export function grouped<T extends { group: string }>(items: readonly T[]): { group: string; items: T[] }[] {
  const groups = new Map<string, T[]>();
  for (const i of items) groups.set(i.group, [...(groups.get(i.group) ?? []), i]);
  return [...groups].map(([group, list]) => ({ group, items: list }));
}

/** Everything that can be done now, found by a few letters. */
export function Palette({
  open,
  onClose,
  query,
  onQuery,
  more,
}: {
  open: boolean;
  onClose: () => void;
  query: string;
  onQuery: (query: string) => void;
  /** What is found elsewhere: projects. Shown after the actions. */
  more: readonly Item[];
}) {
  return (
    <BareDialog open={open} onClose={onClose} title={t("Do something")}>
      <Finder {...{ onClose, query, onQuery, more }} />
    </BareDialog>
  );
}

function Finder({
  onClose,
  query,
  onQuery,
  more,
}: {
  onClose: () => void;
  query: string;
  onQuery: (query: string) => void;
  more: readonly Item[];
}) {
  const id = useId();
  const [actions] = useState<Action[]>(() => registry.now().filter((a) => a.id !== "palette.open"));
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const groups = useMemo(
    () => grouped<Item>([...find(actions, query, (a) => `${a.label} ${a.group}`), ...more]),
    [actions, query, more],
  );
  const items = groups.flatMap((g) => g.items);
  const current = Math.min(chosen, items.length - 1);

  useEffect(() => {
    list.current?.querySelector(`[data-index="${current}"]`)?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const run = (item: Item | undefined) => {
    if (item === undefined) return;
    onClose();
    // After the dialog has given the focus back, so that what runs can take it.
    setTimeout(item.run, 0);
  };
  const keys = (e: KeyboardEvent) => {
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && items.length > 0) {
      e.preventDefault();
      setChosen((current + step + items.length) % items.length);
    } else if (e.key === "Enter" && !e.nativeEvent.isComposing) {
      e.preventDefault();
      run(items[current]);
    }
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
        aria-label={t("Find an action or a project")}
        placeholder={t("Find an action or a project")}
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(e) => {
          onQuery(e.target.value);
          setChosen(0);
        }}
        onKeyDown={keys}
      />
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label={t("What can be done")}
        className={styles.list}
      >
        {groups.map((g) => (
          // biome-ignore lint/a11y/useSemanticElements: a group of options has no element of its own
          <div key={g.group} role="group" aria-label={g.group}>
            <div className={styles.group} aria-hidden>
              {g.group}
            </div>
            {g.items.map((item) => {
              index++;
              const mine = index;
              return (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keys
                // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the combobox
                <div
                  key={item.id}
                  id={`${id}-${mine}`}
                  data-index={mine}
                  role="option"
                  aria-selected={mine === current}
                  className={styles.item}
                  onPointerMove={() => setChosen(mine)}
                  onClick={() => run(item)}
                >
                  <span className={styles.label}>{item.label}</span>
                  {item.keys === undefined ? null : <Keys keys={item.keys} />}
                </div>
              );
            })}
          </div>
        ))}
      </div>
      {items.length > 0 ? null : <p className={styles.none}>{t("Nothing is called that.")}</p>}
    </>
  );
}
