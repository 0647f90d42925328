import { useMemo, useState } from "react";
import { t } from "../words";
import { type Action, registry } from "./action";
import { BareDialog, type Leave } from "./dialog";
import { Finder } from "./finder";
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
      {(leave) => <Actions {...{ leave, query, onQuery, more }} />}
    </BareDialog>
  );
}

function Actions({
  leave,
  query,
  onQuery,
  more,
}: {
  leave: Leave;
  query: string;
  onQuery: (query: string) => void;
  more: readonly Item[];
}) {
  const [actions] = useState<Action[]>(() => registry.now().filter((a) => a.id !== "palette.open"));
  const groups = useMemo(
    () => grouped<Item>([...find(actions, query, (a) => `${a.label} ${a.group}`), ...more]),
    [actions, query, more],
  );
  return (
    <Finder
      label={t("Find an action or a project")}
      placeholder={t("Find an action or a project")}
      list={t("What can be done")}
      query={query}
      onQuery={onQuery}
      groups={groups}
      idOf={(item) => item.id}
      onTake={(item) => leave(item.run)}
      none={t("Nothing is called that.")}
    >
      {(item) => (
        <>
          <span className={styles.label}>{item.label}</span>
          {item.keys === undefined ? null : <Keys keys={item.keys} />}
        </>
      )}
    </Finder>
  );
}
