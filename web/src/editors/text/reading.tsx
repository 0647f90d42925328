import { useEffect, useRef } from "react";
import { t } from "../../words";
import styles from "../editor.module.css";
import type { EditorHost } from "../host";
import { TextView } from "./view";

/** Text that is only read: the beginning of a file that is too large to be edited. */
export default function Reading({ host, path, text }: { host: EditorHost; path: string; text: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const view = new TextView({
      parent: place.current,
      path,
      text,
      vim: false,
      label: t("How {path} begins", { path }),
      phrases: {},
      moved: (position) => host.tell({ position }),
      language: (language) => host.tell({ language }),
    });
    host.offer({ focus: () => view.focus(), goTo: (line, column) => view.goTo(line, column) });
    return () => {
      host.offer(undefined);
      view.destroy();
    };
  }, [host, path, text]);
  return <div ref={place} className={styles.text} />;
}
