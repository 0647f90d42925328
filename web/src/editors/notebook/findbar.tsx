import { ArrowDown, ArrowUp, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { Button, IconButton } from "../../ui/button";
import { t } from "../../words";
import { findAll, type Match, patternOf, type Query, replaceAll } from "./find";
import { useBook, useStore } from "./hooks";
import styles from "./notebook.module.css";

/** Finds and replaces over the texts of all cells. */
export function FindBar({ close, asked }: { close: () => void; asked: number }) {
  const book = useBook();
  const { page, nb } = book;
  const writable = useStore(page.writable);
  const list = useStore(nb.list);
  const [query, setQuery] = useState<Query>({ text: "", cased: false, pattern: false });
  const [by, setBy] = useState("");
  const [at, setAt] = useState(-1);
  const [version, setVersion] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: being asked for again takes the focus again
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, [asked]);
  useEffect(() => {
    const changed = () => setVersion((v) => v + 1);
    nb.doc.on("afterTransaction", changed);
    return () => nb.doc.off("afterTransaction", changed);
  }, [nb]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the notebook may have others
  const matches = useMemo(() => findAll(list, query), [list, query, version]);
  const bad = query.text !== "" && patternOf(query) === undefined;
  const go = (by: 1 | -1) => {
    if (matches.length === 0) return;
    const next = (at + by + matches.length) % matches.length;
    setAt(next);
    show(matches[next]);
  };
  const show = (m: Match | undefined) => {
    if (!m) return;
    page.reveal(m.cell.key);
    page.show(m.cell.key, m.cell.head.get().type === "markdown");
    // The field keeps the focus; the place is marked in the cell.
    requestAnimationFrame(() => {
      page.mark(m.cell.key, m.from, m.to);
      field.current?.focus();
    });
  };
  const replaceOne = () => {
    const m = matches[Math.max(0, at)];
    if (!m) return;
    nb.edit(() => replaceAll([m], query, by));
    setAt(Math.max(0, at) - 1);
  };
  const everything = () => nb.edit(() => replaceAll(matches, query, by));
  const keys = (e: KeyboardEvent) => {
    if (e.key === "Escape") {
      close();
      page.focus();
    } else if (e.key === "Enter" && e.target === field.current) go(e.shiftKey ? -1 : 1);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: it is a search in the page, and Biome does not know <search>
    <div className={styles.find} role="search" onKeyDown={keys}>
      <input
        ref={field}
        type="text"
        aria-label={t("Find")}
        placeholder={t("Find")}
        aria-invalid={bad}
        value={query.text}
        onChange={(e) => {
          setQuery({ ...query, text: e.target.value });
          setAt(-1);
        }}
      />
      <IconButton label={t("Previous")} onClick={() => go(-1)}>
        <ArrowUp size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("Next")} onClick={() => go(1)}>
        <ArrowDown size={16} strokeWidth={1.5} />
      </IconButton>
      <label>
        <input
          type="checkbox"
          checked={query.cased}
          onChange={(e) => setQuery({ ...query, cased: e.target.checked })}
        />{" "}
        {t("Match case")}
      </label>
      <label>
        <input
          type="checkbox"
          checked={query.pattern}
          onChange={(e) => setQuery({ ...query, pattern: e.target.checked })}
        />{" "}
        {t("Pattern")}
      </label>
      <output className="quiet">
        {bad
          ? t("This is no pattern.")
          : query.text === ""
            ? ""
            : matches.length === 0
              ? t("Nothing found")
              : at < 0
                ? t("{n, plural, one {# place} other {# places}}", { n: matches.length })
                : t("{at} of {n}", { at: Math.min(at, matches.length - 1) + 1, n: matches.length })}
      </output>
      {writable ? (
        <>
          <input
            type="text"
            aria-label={t("Replace")}
            placeholder={t("Replace")}
            value={by}
            onChange={(e) => setBy(e.target.value)}
          />
          <Button disabled={matches.length === 0} onClick={replaceOne}>
            {t("Replace")}
          </Button>
          <Button disabled={matches.length === 0} onClick={everything}>
            {t("Replace all")}
          </Button>
        </>
      ) : null}
      <IconButton label={t("Close")} onClick={close}>
        <X size={16} strokeWidth={1.5} />
      </IconButton>
    </div>
  );
}
