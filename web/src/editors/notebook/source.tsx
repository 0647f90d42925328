import { useLayoutEffect, useRef, useSyncExternalStore } from "react";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import type { Cell, CellType } from "./cell";
import { CellText } from "./celltext";
import { useBook, useStore } from "./hooks";
import styles from "./notebook.module.css";
import { useOptions } from "./options";

/** What the editor of a cell does for the cell around it. */
export type SourceHandle = {
  focus(at?: "start" | "end"): void;
  cuts(): number[];
  mark(from: number, to: number): void;
};

/** The text of a cell: plain while it is far from the screen, an editor when it is near. */
export function Source({
  cell,
  type,
  live,
  offer,
}: {
  cell: Cell;
  type: CellType;
  live: boolean;
  offer: (handle: SourceHandle | undefined) => void;
}) {
  if (!live) return <Still cell={cell} type={type} />;
  return <Editor key={cell.serial} cell={cell} type={type} offer={offer} />;
}

function Still({ cell, type }: { cell: Cell; type: CellType }) {
  useSyncExternalStore(cell.edits.subscribe, cell.edits.get);
  // An empty text has one line too.
  return <pre className={classes(styles.source, type !== "code" && styles.wraps)}>{cell.text || " "}</pre>;
}

function Editor({
  cell,
  type,
  offer,
}: {
  cell: Cell;
  type: CellType;
  offer: (handle: SourceHandle | undefined) => void;
}) {
  const book = useBook();
  const { page, nb } = book;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<CellText>(undefined);
  const writable = useStore(page.writable);
  const numbers = useStore(page.lineNumbers);
  const { typing, vim, keys, tell } = useOptions();
  const language = nb.language;
  const first = useRef({ type, keys, tell, vim });
  first.current = { type, keys, tell, vim };

  useLayoutEffect(() => {
    if (!place.current) return;
    const kind = first.current.type;
    const v = new CellText({
      parent: place.current,
      text: cell.source,
      awareness: book.session.awareness,
      undo: nb.undo,
      label: kind === "code" ? t("Code of the cell") : t("Text of the cell"),
      hint: kind === "raw" ? t("Raw text, left as it is") : "",
      tipLabel: t("What the kernel knows of it"),
      ask: (what, content, signal) => book.link.ask(what, content, signal),
      keys: first.current.keys(),
      leave: () => page.go(cell.key),
      out: (by) => page.leaveText(by),
      focused: () => page.choose(cell.key, { mode: "edit" }),
      moved: (state) => first.current.tell(state),
    });
    view.current = v;
    if (first.current.vim) void v.setVim(true);
    offer({ focus: (at) => v.focus(at), cuts: () => v.cuts(), mark: (from, to) => v.mark(from, to) });
    return () => {
      offer(undefined);
      view.current = undefined;
      v.destroy();
    };
  }, [cell, book, nb, page, offer]);
  useLayoutEffect(() => {
    void view.current?.setKind(type, language, typing);
  }, [type, language, typing]);
  useLayoutEffect(() => view.current?.setWritable(writable), [writable]);
  useLayoutEffect(() => view.current?.setNumbers(numbers), [numbers]);
  return <div ref={place} />;
}
