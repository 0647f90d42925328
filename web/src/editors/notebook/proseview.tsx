import { useEffect, useRef, useState } from "react";
import { fileAddress } from "../../api/project";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import { useBook } from "./hooks";
import styles from "./notebook.module.css";

/** Markdown or LaTeX as it is read. What was there before stays until the new is ready. */
export function ProseView({
  text,
  kind,
  attachments,
}: {
  text: string;
  kind: "markdown" | "latex";
  attachments?: Record<string, unknown>;
}) {
  const book = useBook();
  const place = useRef<HTMLDivElement>(null);
  const [plain, setPlain] = useState(true);
  const bundle = JSON.stringify(attachments ?? {});
  useEffect(() => {
    let gone = false;
    const show = async () => {
      const m = await import("./prose");
      const file = (path: string) => fileAddress(book.project, beside(book.path, path)).href;
      const fragment =
        kind === "latex"
          ? await m.latex(text)
          : await m.prose(text, { file, attachments: JSON.parse(bundle) });
      if (gone || !place.current) return;
      place.current.replaceChildren(fragment);
      setPlain(false);
    };
    // Without what draws it, the text itself is shown.
    show().catch(() => gone || setPlain(true));
    return () => {
      gone = true;
    };
  }, [text, kind, bundle, book]);
  if (text.trim() === "")
    return <p className={classes(styles.prose, styles.empty)}>{t("Empty. Press Enter to write.")}</p>;
  return (
    <>
      {plain ? <pre className={classes(styles.source, styles.wraps)}>{text}</pre> : null}
      <div ref={place} className={styles.prose} hidden={plain} />
    </>
  );
}

/** A path relative to the folder of a file, as one of the project. */
export function beside(path: string, relative: string): string {
  const parts = path.split("/").slice(0, -1);
  for (const p of (relative.split(/[?#]/)[0] ?? "").split("/")) {
    if (p === "..") parts.pop();
    else if (p !== "." && p !== "") parts.push(decoded(p));
  }
  return parts.join("/");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a name with a plain %
  }
}
