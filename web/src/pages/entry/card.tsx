import type { ReactNode } from "react";
import { useSite } from "../../api/session";
import { Mark } from "../../ui/mark";
import { useTitle } from "../title";
import styles from "./card.module.css";

/** One narrow card on an empty page: sign-in and its kin. */
export function Card({
  title,
  lead,
  below,
  children,
}: {
  title: string;
  lead?: ReactNode;
  below?: ReactNode;
  children: ReactNode;
}) {
  const site = useSite();
  useTitle(title);
  return (
    <main id="main" tabIndex={-1} className={styles.page}>
      <div className={styles.site}>
        <Mark size={24} />
        {site.name}
      </div>
      <section className={styles.card}>
        <div className={styles.head}>
          <h1>{title}</h1>
          {lead === undefined ? null : <p>{lead}</p>}
        </div>
        {children}
      </section>
      {below === undefined ? null : <p className={styles.below}>{below}</p>}
    </main>
  );
}
