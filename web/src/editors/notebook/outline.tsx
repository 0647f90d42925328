import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "../../ui/button";
import { t } from "../../words";
import { type Heading, headingsOf } from "./headings";
import { useBook, usePart } from "./hooks";
import styles from "./notebook.module.css";

/** The headings of the notebook; a press goes there. */
export function Outline({ close }: { close: () => void }) {
  const book = useBook();
  const headings = useHeadings();
  const current = usePart(book.page.selection, (s) => s.current);
  return (
    <nav className={styles.outline} aria-label={t("Outline")}>
      <div className={styles.moreLine}>
        <h2 style={{ flex: 1 }}>{t("Outline")}</h2>
        <IconButton label={t("Close the outline")} onClick={close}>
          <X size={16} strokeWidth={1.5} />
        </IconButton>
      </div>
      {headings.length === 0 ? <p className="quiet">{t("Headings in markdown cells stand here.")}</p> : null}
      {headings.map(({ cell, level, text }) => (
        <button
          key={cell.key}
          type="button"
          aria-current={cell.key === current ? "true" : undefined}
          style={{ paddingLeft: `calc(var(--s2) + ${(level - 1) * 12}px)` }}
          onClick={() => book.page.reveal(cell.key)}
        >
          {text}
        </button>
      ))}
    </nav>
  );
}

/** The headings now; a change of text counts after a moment. */
function useHeadings(): Heading[] {
  const { nb } = useBook();
  const [headings, setHeadings] = useState(() => headingsOf(nb.list.get()));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(() => setHeadings(headingsOf(nb.list.get())), 250);
    };
    nb.doc.on("afterTransaction", later);
    return () => {
      clearTimeout(timer);
      nb.doc.off("afterTransaction", later);
    };
  }, [nb]);
  return headings;
}
