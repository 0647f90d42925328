import { Download, FileDigit } from "lucide-react";
import { fileAddress } from "../../api/project";
import { size } from "../../ui/ago";
import { buttonClass } from "../../ui/button";
import { t } from "../../words";
import styles from "../editor.module.css";
import { hexDump } from "./hex";

/** The address that downloads a file. */
export function downloadAddress(project: string, path: string): string {
  return fileAddress(project, path, { download: "1" }).href;
}

export function DownloadLink({ project, path }: { project: string; path: string }) {
  return (
    <a className={buttonClass()} href={downloadAddress(project, path)} download>
      <Download size={16} strokeWidth={1.5} aria-hidden />
      {t("Download")}
    </a>
  );
}

/** A file that is not text: how large it is, how it begins, and its download. */
export function DownloadView({
  project,
  path,
  bytes,
  total,
}: {
  project: string;
  path: string;
  /** How it begins. */
  bytes: Uint8Array;
  /** Its size in bytes. */
  total: number;
}) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return (
    <div className={styles.centre}>
      <FileDigit size={28} strokeWidth={1.25} aria-hidden />
      <h2>{name}</h2>
      <p>{t("This file is not text, so it is not edited here. It has {size}.", { size: size(total) })}</p>
      <div className={styles.buttons}>
        <DownloadLink project={project} path={path} />
      </div>
      {bytes.length === 0 ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it
        <section className={styles.hex} tabIndex={0} aria-label={t("How the file begins, in hexadecimal")}>
          <pre>{hexDump(bytes.subarray(0, 512))}</pre>
        </section>
      )}
    </div>
  );
}
