import { Flag } from "lucide-react";
import type { Version } from "../../../api/history";
import { Ago } from "../../../ui/time";
import { t } from "../../../words";
import styles from "./history.module.css";
import { Mark } from "./list";
import { useColours } from "./people";
import { sizeOf, timesOf, wayOf } from "./say";

/** What is known of the whole history: the sequences it reaches over, its bytes, and what is wrong with it. */
export type Facts = { newest: number; oldest: number; bytes: number; damaged: boolean; stale: boolean };

/** Who made the version, when, and how. */
export function About({
  version,
  facts,
  newest,
}: {
  version: Version | undefined;
  facts: Facts;
  newest: boolean;
}) {
  const colours = useColours();
  return (
    <div className={styles.about}>
      {version ? (
        <>
          <Mark version={version} colours={colours} />
          {version.name ? (
            <span className={styles.tag}>
              <Flag size={12} strokeWidth={1.5} aria-hidden />
              {version.name}
            </span>
          ) : null}
          <b>{wayOf(version)}</b>
          <span className={styles.when}>
            <Ago at={version.until} /> · {timesOf(version)}
          </span>
          {version.commit ? <code>{version.commit.id.slice(0, 8)}</code> : null}
          <span className={styles.counts}>{sizeOf(version)}</span>
          {newest ? <span className={styles.now}>{t("Now")}</span> : null}
        </>
      ) : null}
      <span className={styles.grow} />
      {facts.stale ? (
        <span className={styles.warn} role="status">
          {t("Not heard from the project: this may be old")}
        </span>
      ) : null}
      {facts.damaged ? (
        <span className={styles.warn}>{t("A part of the history cannot be read; the rest is shown")}</span>
      ) : null}
    </div>
  );
}
