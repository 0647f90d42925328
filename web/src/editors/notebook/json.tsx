import { type ReactNode, useState } from "react";
import { t } from "../../words";
import styles from "./notebook.module.css";

/** Members of one object or list that are shown at first. */
const first = 100;

/** A value as a tree that opens. */
export function JSONTree({ value, name, open = true }: { value: unknown; name?: string; open?: boolean }) {
  const key = name === undefined ? null : <span className={styles.jsonKey}>{name}: </span>;
  if (typeof value !== "object" || value === null) {
    return (
      <div className={styles.json}>
        {key}
        {JSON.stringify(value) ?? "undefined"}
      </div>
    );
  }
  return <Branch value={value} label={key} open={open} />;
}

function Branch({ value, label, open }: { value: object; label: ReactNode; open: boolean }) {
  const [opened, setOpened] = useState(open);
  const [most, setMost] = useState(first);
  const members = Object.entries(value);
  const list = Array.isArray(value);
  return (
    <details className={styles.json} open={opened} onToggle={(e) => setOpened(e.currentTarget.open)}>
      <summary>
        {label}
        <span className="quiet">
          {list
            ? t("{n, plural, one {# item} other {# items}}", { n: members.length })
            : t("{n, plural, one {# member} other {# members}}", { n: members.length })}
        </span>
      </summary>
      {opened
        ? members.slice(0, most).map(([k, v]) => <JSONTree key={k} name={k} value={v} open={false} />)
        : null}
      {opened && members.length > most ? (
        <button type="button" className={styles.more} onClick={() => setMost(most + 1000)}>
          {t("Show more")}
        </button>
      ) : null}
    </details>
  );
}
