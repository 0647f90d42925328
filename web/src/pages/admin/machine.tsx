import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { adminMachine } from "../../api/queries";
import type { Machine } from "../../api/types";
import { Loaded, Notice } from "../../ui/state";
import { t } from "../../words";
import { useTitle } from "../title";
import styles from "./admin.module.css";

/** What this machine is, and what it cannot do. */
export function MachinePage() {
  useTitle(t("Machine"));
  const query = useQuery(adminMachine());
  return (
    <Loaded query={query} loading={t("Reading about the machine…")}>
      {(m) => <Facts machine={m} />}
    </Loaded>
  );
}

function network(kind: string): string {
  switch (kind) {
    case "internet":
      return t("the internet, each project through a network of its own");
    case "none":
      return t("none");
    case "shared":
      return t("the machine's own");
    default:
      return kind;
  }
}

function Facts({ machine: m }: { machine: Machine }) {
  return (
    <div className={styles.narrow}>
      <div className={styles.facts}>
        <Link to="/admin/people" className={styles.fact}>
          <b>{t("{n, number}", { n: m.accounts })}</b>
          <span>{t("People")}</span>
        </Link>
        <Link to="/admin/projects" className={styles.fact}>
          <b>{t("{n, number}", { n: m.projects })}</b>
          <span>{t("Projects")}</span>
        </Link>
        <Link to="/admin/projects" search={{ phase: "running" }} className={styles.fact}>
          <b>{t("{n, number}", { n: m.running })}</b>
          <span>{t("Run now")}</span>
        </Link>
      </div>
      {m.problems.length === 0 ? (
        <Notice tone="green">
          {t("This machine keeps projects apart from each other and from the site.")}
        </Notice>
      ) : (
        <Notice tone="amber">
          <h2>
            {m.isolated
              ? t("What this machine cannot confine")
              : t("This machine cannot keep people's projects apart; sign-up cannot be open")}
          </h2>
          <ul className={styles.problems}>
            {m.problems.map((p) => (
              <li key={p}>{p}</li>
            ))}
          </ul>
        </Notice>
      )}
      <dl className={styles.list}>
        <dt>{t("Version")}</dt>
        <dd>{m.version}</dd>
        <dt>{t("Address")}</dt>
        <dd>{m.address}</dd>
        <dt>{t("Confinement")}</dt>
        <dd>{m.confinement}</dd>
        <dt>{t("Network of projects")}</dt>
        <dd>{network(m.network)}</dd>
        <dt>{t("Database")}</dt>
        <dd>{m.database}</dd>
      </dl>
    </div>
  );
}
