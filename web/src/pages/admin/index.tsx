import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { tabClass, tabListClass, useTabInSight } from "../../ui/tabs";
import { t } from "../../words";
import styles from "./admin.module.css";

export { AuditPage } from "./audit";
export { MachinePage } from "./machine";
export { PeoplePage } from "./people";
export { RunningPage } from "./running";
export { SiteSettingsPage } from "./site";

/** The frame of the administrator's pages. */
export function AdminPage() {
  const row = useTabInSight(useLocation().pathname);
  return (
    <div className={styles.page}>
      <h1>{t("Administration")}</h1>
      <nav ref={row} className={tabListClass} aria-label={t("Administration")}>
        <Link to="/admin/people" className={tabClass}>
          {t("People")}
        </Link>
        <Link to="/admin/projects" className={tabClass}>
          {t("Projects")}
        </Link>
        <Link to="/admin/site" className={tabClass}>
          {t("Site")}
        </Link>
        <Link to="/admin/machine" className={tabClass}>
          {t("Machine")}
        </Link>
        <Link to="/admin/audit" className={tabClass}>
          {t("Audit log")}
        </Link>
      </nav>
      <Outlet />
    </div>
  );
}
