import type { PDFDocumentProxy } from "pdfjs-dist";
import { useEffect, useRef, useState } from "react";
import { messageOf } from "../../api/problem";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import { openPDF } from "../pdf/engine";
import { makeViewer } from "../pdf/viewer";
import styles from "./notebook.module.css";

/** The pages of a PDF that a program put out, by its address or its bytes. */
export default function PDFPages({ from, label }: { from: string | Uint8Array; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [document, setDocument] = useState<PDFDocumentProxy>();
  const [failed, setFailed] = useState<unknown>();
  useEffect(() => {
    let gone = false;
    // What pdf.js is given it takes away.
    const task = openPDF(typeof from === "string" ? from : from.slice());
    task.promise.then(
      (d) => gone || setDocument(d),
      (e: unknown) => gone || setFailed(e),
    );
    return () => {
      gone = true;
      void task.destroy();
    };
  }, [from]);
  useEffect(() => {
    if (!document || !box.current) return;
    const viewer = makeViewer(box.current, document, {
      place: undefined,
      moved: () => {},
      link: (url) => window.open(url, "_blank", "noopener,noreferrer"),
    });
    return () => viewer.end();
  }, [document]);
  if (failed !== undefined)
    return (
      <p className={classes(styles.output, styles.plainNote)}>
        {t("The PDF cannot be shown: {why}", { why: messageOf(failed) })}
      </p>
    );
  return (
    <div className={styles.pdf}>
      <div
        ref={box}
        className={styles.pdfBox}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it
        tabIndex={0}
        role="document"
        aria-label={label}
      >
        <div className="pdfViewer" />
      </div>
    </div>
  );
}
