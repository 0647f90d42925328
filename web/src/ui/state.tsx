// What stands where there is nothing, nothing yet, or nothing any more.
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { t } from "../words";
import { Button } from "./button";
import { classes } from "./classes";
import styles from "./state.module.css";

/** Nothing there yet: what it is for, and how to begin. */
export function EmptyState({
  icon: Icon,
  title,
  children,
  actions,
  small,
}: {
  icon?: LucideIcon;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  small?: boolean;
}) {
  return (
    <div className={classes(styles.empty, small && styles.small)}>
      {Icon === undefined ? null : <Icon size={28} strokeWidth={1.25} aria-hidden />}
      <h2>{title}</h2>
      {children === undefined ? null : <p>{children}</p>}
      {actions === undefined ? null : <div>{actions}</div>}
    </div>
  );
}

/** Work that goes on, in words, with a thin line. It shows after 0.4 s only. */
export function Progress({ children, now }: { children: ReactNode; now?: boolean }) {
  return (
    <div className={classes(styles.progress, !now && styles.late)} role="status" data-progress>
      <span>{children}</span>
      <span className={styles.line} aria-hidden />
    </div>
  );
}

/** Something could not be read: what happened, and the next step. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const message = error instanceof Error ? error.message : t("Something went wrong in this page.");
  const request = error instanceof Error && "request" in error ? error.request : "";
  return (
    <div className={styles.failure} role="alert">
      <p>
        {message}
        {typeof request === "string" && request !== "" && !message.includes(request) ? (
          <small>{t("Request {id}", { id: request })}</small>
        ) : null}
      </p>
      {onRetry === undefined ? null : <Button onClick={onRetry}>{t("Try again")}</Button>}
    </div>
  );
}

/** Something to know before going on. */
export function Notice({
  tone = "plain",
  children,
}: {
  tone?: "plain" | "amber" | "green";
  children: ReactNode;
}) {
  return <div className={classes(styles.notice, styles[tone])}>{children}</div>;
}

interface Read<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => unknown;
}

/** A thing that is read: while it comes, when it fails, and when it is there. */
export function Loaded<T>({
  query,
  loading,
  children,
}: {
  query: Read<T>;
  loading: string;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Progress>{loading}</Progress>;
}
