import { Button } from "../../ui/button";
import { t } from "../../words";
import styles from "./admin.module.css";

/** Reads the next page of a list. */
export function More({
  query,
}: {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
}) {
  if (!query.hasNextPage) return null;
  return (
    <div className={styles.more}>
      <Button
        busy={query.isFetchingNextPage && t("Reading more…")}
        onClick={() => void query.fetchNextPage()}
      >
        {t("Show more")}
      </Button>
    </div>
  );
}
