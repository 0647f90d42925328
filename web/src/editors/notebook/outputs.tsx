import { memo, type ReactNode, useMemo, useRef, useState } from "react";
import { linksIn, parseANSI, type Span } from "../../jupyter/ansi";
import { installLine, plainText, readError } from "../../jupyter/traceback";
import { Button } from "../../ui/button";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import type { Cell, Output } from "./cell";
import { emptyCell } from "./cells";
import { DataOutput } from "./data";
import { useBook, usePart, useStore } from "./hooks";
import styles from "./notebook.module.css";
import { foldedLines, guessHeight, lineCount, readOutput, type Shown } from "./output";
import { isHidden } from "./page";

/** The outputs of a cell. They are made when they come near to the screen, and stay. */
export function Outputs({ cell, near }: { cell: Cell; near: boolean }) {
  const { page } = useBook();
  const list = useStore(cell.outputs);
  const head = useStore(cell.head);
  const ever = useRef(false);
  if (near) ever.current = true;
  if (list.length === 0) return null;
  if (isHidden(cell)) {
    return (
      <button
        type="button"
        className={styles.hiddenPart}
        onClick={() => page.toggleOutputs("outputs_hidden", [cell])}
      >
        {t("{n, plural, one {# output is} other {# outputs are}} hidden. Show", { n: list.length })}
      </button>
    );
  }
  if (!ever.current) {
    const height = list.reduce((sum, o) => sum + guessHeight(o.map), 0);
    return <div className={styles.outputs} style={{ height }} />;
  }
  const scrolled = head.metadata.scrolled === true;
  return (
    <div
      className={classes(styles.outputs, scrolled && styles.scrolled)}
      {...(scrolled && { tabIndex: 0, role: "group", "aria-label": t("Outputs") })}
    >
      {list.map((o) => (
        <OutputView key={o.key} output={o} cell={cell} />
      ))}
    </div>
  );
}

const OutputView = memo(function OutputView({ output, cell }: { output: Output; cell: Cell }) {
  const shown = useMemo(() => readOutput(output.map), [output]);
  switch (shown.kind) {
    case "stream":
      return <Stream text={shown.text} name={shown.name} />;
    case "error":
      return <ErrorView shown={shown} cell={cell} />;
    default:
      return <DataOutput shown={shown} cell={cell} />;
  }
});

/** Text as a terminal shows it. The middle of a long one is folded away. */
export function Stream({ text, name }: { text: string; name?: "stdout" | "stderr" }) {
  const [open, setOpen] = useState(false);
  const lines = useMemo(() => lineCount(text), [text]);
  const long = lines > foldedLines + 10;
  const [start, end] = useMemo(() => (long && !open ? ends(text) : [text, ""]), [text, long, open]);
  return (
    <div className={classes(styles.output, name === "stderr" && styles.stderr)}>
      <pre className={styles.stream}>
        <Coloured text={start} />
      </pre>
      {long && !open ? (
        <>
          <div className={styles.moreLine}>
            <More onClick={() => setOpen(true)}>{t("Show {n} more lines", { n: lines - foldedLines })}</More>
          </div>
          <pre className={styles.stream}>
            <Coloured text={end} />
          </pre>
        </>
      ) : null}
      {long && open ? <More onClick={() => setOpen(false)}>{t("Show fewer lines")}</More> : null}
    </div>
  );
}

/** The first lines of a long text, and the last: the end is where it goes on. */
function ends(text: string): [string, string] {
  let to = 0;
  for (let i = 0; i < foldedLines / 4; i++) to = text.indexOf("\n", to) + 1;
  let from = text.endsWith("\n") ? text.length - 1 : text.length;
  for (let i = 0; i < (foldedLines * 3) / 4; i++) from = text.lastIndexOf("\n", from - 1);
  return [text.slice(0, to), text.slice(from + 1)];
}

export function More({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" className={styles.more} onClick={onClick}>
      {children}
    </button>
  );
}

/** Most characters of one text that are coloured: more is shown plain, which costs little. */
const mostColoured = 400_000;

export function Coloured({ text }: { text: string }) {
  const spans = useMemo(
    () => (text.length > mostColoured ? [{ text: plainText(text) }] : parseANSI(text)),
    [text],
  );
  return spans.map((s, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name, and only grow
    <Piece key={i} span={s} />
  ));
}

function Piece({ span }: { span: Span }) {
  const links = linksIn(span.text);
  const content: ReactNode[] = [];
  let from = 0;
  for (const [a, b, href] of links) {
    content.push(span.text.slice(from, a));
    content.push(
      <a key={a} href={href} target="_blank" rel="noopener noreferrer">
        {href}
      </a>,
    );
    from = b;
  }
  content.push(span.text.slice(from));
  const { text: _, ...look } = span;
  if (Object.keys(look).length === 0) return <>{content}</>;
  return <span style={styleOf(look)}>{content}</span>;
}

function styleOf(s: Omit<Span, "text">): React.CSSProperties {
  const colour = (c: string | undefined) => (c?.startsWith("#") ? c : c && `var(--ansi-${c})`);
  let fore = colour(s.fore);
  let back = colour(s.back);
  if (s.inverse) [fore, back] = [back ?? "var(--surface)", fore ?? "var(--ink)"];
  // A ground of the sixteen colours is as dark as ink in one theme and as light in the other.
  else if (back && !s.back?.startsWith("#")) fore = "var(--surface)";
  const lines = [s.underline && "underline", s.strike && "line-through"].filter(Boolean).join(" ");
  return {
    ...(fore && { color: fore }),
    ...(back && { backgroundColor: back }),
    ...(s.bold && { fontWeight: 600 }),
    ...(s.faint && { color: "var(--quiet)" }),
    ...(s.italic && { fontStyle: "italic" }),
    ...(lines && { textDecoration: lines }),
  };
}

/** An error, folded to what it is and to the line of the cell where it happened. */
function ErrorView({ shown, cell }: { shown: Extract<Shown, { kind: "error" }>; cell: Cell }) {
  const { page } = useBook();
  const [open, setOpen] = useState(false);
  const trouble = useMemo(() => readError(shown.name, shown.value, shown.traceback), [shown]);
  const { line } = trouble;
  const more = shown.traceback.length > 0;
  return (
    <div className={classes(styles.output, styles.error)}>
      <div className={styles.errorHead}>
        <b>{trouble.what}</b>
        {more ? (
          <More onClick={() => setOpen(!open)}>
            {open ? t("Hide the traceback") : t("Show the traceback")}
          </More>
        ) : null}
      </div>
      {line && !open ? (
        <button type="button" className={styles.errorLine} onClick={() => page.go(cell.key, "edit")}>
          <span>{t("line {n}", { n: line.number })}</span> {line.text}
        </button>
      ) : null}
      {trouble.missing ? <Lacks cell={cell} missing={trouble.missing} /> : null}
      {open ? (
        <pre className={classes(styles.stream, styles.traceback)}>
          <Coloured text={shown.traceback.join("\n")} />
        </pre>
      ) : null}
    </div>
  );
}

/** A package that is not there, and how it comes there: as the project says, or as is usual. */
function Lacks({ cell, missing }: { cell: Cell; missing: string }) {
  const { page, nb, link } = useBook();
  const writable = useStore(page.writable);
  const { state } = useStore(link.state);
  const told = state.missing?.find((m) => m.cell === cell.id && m.module === missing);
  const line = told ? told.install : installLine(nb.language, missing);
  const name = told?.package ?? missing;
  return (
    <div className={styles.plainNote}>
      <p>
        {t("The environment lacks the package {name}.", { name })} {told?.note}
      </p>
      {line && writable && told?.where !== "terminal" ? (
        <Button onClick={() => page.insertAt(nb.indexOf(cell), [emptyCell("code", line)])}>
          {t("Insert a cell: {line}", { line })}
        </Button>
      ) : null}
      {line && told?.where === "terminal" ? (
        <p>
          {t("In a terminal:")} <code>{line}</code>
        </p>
      ) : null}
    </div>
  );
}

/** The line that a program of the cell waits for. */
export function InputPrompt({ cell }: { cell: Cell }) {
  const book = useBook();
  const link = useStore(book.link.state);
  const mayRun = usePart(book.mayRun, (m) => m);
  const [value, setValue] = useState("");
  const { input } = link.state;
  if (!input || input.cell !== cell.id) return null;
  const id = `input-${cell.key}`;
  const send = () => {
    void book.act({ action: "input", value });
    setValue("");
  };
  return (
    <form
      className={styles.input}
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
    >
      <label htmlFor={id}>{input.prompt || t("The program waits for a line")}</label>
      <input
        id={id}
        type={input.password ? "password" : "text"}
        autoComplete="off"
        spellCheck={false}
        disabled={!mayRun}
        // biome-ignore lint/a11y/noAutofocus: the cell that was run asks for it
        autoFocus={book.page.selection.get().current === cell.key}
        value={value}
        onChange={(e) => setValue(e.target.value)}
      />
      <Button type="submit" disabled={!mayRun}>
        {t("Send")}
      </Button>
    </form>
  );
}
