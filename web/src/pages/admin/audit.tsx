import { useInfiniteQuery } from "@tanstack/react-query";
import { adminAudit } from "../../api/queries";
import type { AuditEntry } from "../../api/types";
import { moment } from "../../ui/ago";
import { EmptyState, Loaded } from "../../ui/state";
import { type Column, Table } from "../../ui/table";
import { t } from "../../words";
import { useTitle } from "../title";
import styles from "./admin.module.css";
import { detailText, objectText } from "./detail";
import { More } from "./more";

/** What was done, by whom and from where; the newest first. */
export function AuditPage() {
  useTitle(t("Audit log"));
  const query = useInfiniteQuery(adminAudit());
  const columns: Column<AuditEntry>[] = [
    {
      head: t("When"),
      cell: (e) => (
        <time className={styles.when} dateTime={e.at}>
          {moment(e.at)}
        </time>
      ),
    },
    {
      head: t("Who"),
      cell: (e) =>
        e.actor === undefined ? t("the site") : <span className={styles.when}>{e.actor.name}</span>,
    },
    { head: t("Did"), cell: (e) => <code className={styles.verb}>{e.verb}</code> },
    {
      head: t("To"),
      cell: (e) => (
        <span className={styles.detail} title={e.object}>
          {objectText(e.object)}
        </span>
      ),
      minor: true,
    },
    {
      head: t("Detail"),
      cell: (e) => {
        const text = detailText(e.detail);
        return text === "" ? null : <span className={styles.detail}>{text}</span>;
      },
      minor: true,
    },
    { head: t("From"), cell: (e) => e.address ?? "", minor: true },
  ];
  return (
    <>
      <Loaded query={query} loading={t("Reading the log…")}>
        {(data) => {
          const rows = data.pages.flatMap((p) => p.items);
          if (rows.length === 0) return <EmptyState small title={t("Nothing was done yet")} />;
          return <Table label={t("Audit log")} columns={columns} rows={rows} rowKey={(e) => e.id} cards />;
        }}
      </Loaded>
      <More query={query} />
    </>
  );
}
