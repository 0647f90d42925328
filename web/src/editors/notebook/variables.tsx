import { RefreshCw, X } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { IconButton } from "../../ui/button";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import { record } from "./cell";
import { useBook, usePart } from "./hooks";
import styles from "./notebook.module.css";

type Variable = { name: string; type: string; size: string; text: string };

/** The variables of the kernel, as it tells them; read again when it is idle. */
export function Variables({ close }: { close: () => void }) {
  const book = useBook();
  const [list, setList] = useState<Variable[]>();
  const [asked, setAsked] = useState(false);
  const state = usePart(book.link.state, (l) => (l.live ? l.state.kernel?.state : undefined));
  const read = useCallback(async () => {
    const answer = await book.link.ask("variables", {});
    setAsked(true);
    const found = answer && Array.isArray(answer.variables) ? answer.variables.map(record) : undefined;
    const text = (v: unknown) => (typeof v === "string" || typeof v === "number" ? String(v) : "");
    setList(
      found?.map((v) => ({
        name: text(v.name),
        type: text(v.type),
        size: text(v.shape ?? v.size),
        text: text(v.value ?? v.repr ?? v.text),
      })),
    );
  }, [book]);
  useEffect(() => {
    if (state === "idle") void read();
  }, [state, read]);
  return (
    <aside className={classes(styles.outline, styles.variables)} aria-label={t("Variables")}>
      <div className={styles.moreLine}>
        <h2 style={{ flex: 1 }}>{t("Variables")}</h2>
        <IconButton label={t("Read again")} onClick={() => void read()}>
          <RefreshCw size={14} strokeWidth={1.5} />
        </IconButton>
        <IconButton label={t("Close the variables")} onClick={close}>
          <X size={16} strokeWidth={1.5} />
        </IconButton>
      </div>
      {list && list.length > 0 ? (
        <table>
          <tbody>
            {list.map((v) => (
              <tr key={v.name}>
                <th scope="row" title={v.name}>
                  {v.name}
                </th>
                <td title={v.type}>{[v.type, v.size].filter(Boolean).join(" ")}</td>
                <td title={v.text}>{v.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="quiet">
          {state === undefined
            ? t("No kernel runs.")
            : list
              ? t("No variables yet.")
              : asked
                ? t("This kernel does not tell its variables.")
                : t("Asking the kernel…")}
        </p>
      )}
    </aside>
  );
}
