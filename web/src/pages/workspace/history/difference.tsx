import type { ReactNode, RefObject } from "react";
import { Failure, Progress } from "../../../ui/state";
import { t } from "../../../words";
import { Compare } from "./compare";
import styles from "./history.module.css";
import type { Compared, Looking, useCompared } from "./hooks";

/** What changed, or why that cannot be shown. */
export function Difference({
  path,
  query,
  inline,
  looking,
  first,
  at,
  step,
  cost,
}: {
  path: string;
  query: ReturnType<typeof useCompared>;
  inline: boolean;
  looking: Looking;
  /** It is the oldest that is kept. */
  first: boolean;
  at: (current: number, count: number) => void;
  step: RefObject<((by: 1 | -1) => void) | undefined>;
  cost: RefObject<number>;
}) {
  const { data, error } = query;
  const wrap = (children: ReactNode) => <div className={styles.difference}>{children}</div>;
  if (error !== null && !query.isFetching)
    return wrap(<Failure error={error} onRetry={() => void query.refetch()} />);
  if (data === undefined) return wrap(<Progress>{t("Reading the version…")}</Progress>);
  const labels =
    looking.with === "now"
      ? { old: t("This version"), new: t("Now") }
      : { old: t("Before"), new: t("This version") };
  return wrap(
    <>
      {noteOf(data, looking, first)}
      {data.old && !inline ? (
        <div className={styles.sides}>
          <span>{labels.old}</span>
          <span>{labels.new}</span>
        </div>
      ) : null}
      <Compare
        path={path}
        compared={data}
        inline={inline}
        labels={labels}
        busy={query.isFetching}
        at={at}
        step={step}
        cost={cost}
      />
    </>,
  );
}

/** What must be known of a comparison. */
function noteOf({ old, new: now, hunks }: Compared, looking: Looking, first: boolean): ReactNode {
  let text = "";
  if (looking.with === "before" && !old && first) text = t("This is the oldest version that is kept.");
  else if (old && old.text === now.text)
    text = looking.with === "now" ? t("It is as the file is now.") : t("Nothing of the text differs.");
  else if (hunks?.cut) text = t("So much changed that only the first changes are marked.");
  return text === "" ? null : <p className={styles.note}>{text}</p>;
}
