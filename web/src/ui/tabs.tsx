import { RadioGroup, Tabs as Radix } from "radix-ui";
import { type ReactNode, type RefObject, useEffect, useRef } from "react";
import styles from "./tabs.module.css";

/** The class of a link that stands in a row of tabs. */
export const tabClass = styles.tab;
/** The class of such a row. */
export const tabListClass = styles.list;

/** Brings the link of the page into sight, where a row of them is wider than the screen; at is the page. */
export function useTabInSight(at: string): RefObject<HTMLElement | null> {
  const row = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each page has its link
  useEffect(() => {
    row.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [at]);
  return row;
}

/** Views of the same thing, one at a time. */
export function Tabs({
  label,
  tabs,
  value,
  onChange,
}: {
  label: string;
  tabs: readonly { value: string; label: string; content: ReactNode }[];
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <Radix.Root value={value} onValueChange={onChange}>
      <Radix.List className={styles.list} aria-label={label}>
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.value} value={tab.value} className={styles.tab}>
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className={styles.panel}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

/** One of a few, side by side: a filter, a theme. */
export function Segments<T extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  label: string;
  choices: readonly { value: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
}) {
  return (
    <RadioGroup.Root
      className={styles.segments}
      aria-label={label}
      orientation="horizontal"
      value={value}
      onValueChange={(v) => {
        const chosen = choices.find((c) => c.value === v);
        if (chosen !== undefined) onChange(chosen.value);
      }}
    >
      {choices.map((c) => (
        <RadioGroup.Item key={c.value} value={c.value}>
          {c.label}
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  );
}
