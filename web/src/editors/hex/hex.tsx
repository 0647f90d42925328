import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { readPart } from "../../api/previews";
import { size as sizeText } from "../../ui/ago";
import { Button } from "../../ui/button";
import { classes } from "../../ui/classes";
import { Failure, Progress } from "../../ui/state";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { Bar, type ViewerProps } from "../bar";
import editor from "../editor.module.css";
import { Pager } from "../pages";
import frame from "../rows.module.css";
import { useRows } from "../scroll";
import { hexOf, indexOf, letterOf, offsetOf, perRow, readNeedle, readOffset } from "./bytes";
import styles from "./hex.module.css";

const pageBytes = 64 << 10;
const rowHeight = 20;
const mostCopied = 1 << 20;

/** Any file as bytes. */
export default function HexView(props: ViewerProps & { why?: string }) {
  const { project, path, version, way, why } = props;
  const { pager, size, missing } = useBytes(project, path, version);
  const [at, setAt] = useState(0);
  const [anchor, setAnchor] = useState<number>();
  const rows = useRows(Math.ceil((size ?? 0) / perRow), rowHeight);
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  if (missing !== undefined) return <Failure error={missing} />;
  if (size === undefined) return <Progress>{t("Reading {path}…", { path })}</Progress>;

  const byte = (i: number) => pager.get(Math.floor(i / pageBytes))?.[i % pageBytes];
  const go = (to: number, extend = false) => {
    const next = Math.max(0, Math.min(size - 1, to));
    setAnchor(extend ? (anchor ?? at) : undefined);
    setAt(next);
    rows.reveal(Math.floor(next / perRow));
  };
  const from = Math.min(at, anchor ?? at);
  const to = Math.max(at, anchor ?? at);
  const copy = () => void copyBytes(project, path, from, to - from + 1);
  const onKeyDown = (e: KeyboardEvent) => {
    const mod = e.ctrlKey || e.metaKey;
    const steps: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - perRow,
      ArrowDown: at + perRow,
      PageUp: at - rows.page * perRow,
      PageDown: at + rows.page * perRow,
      Home: mod ? 0 : at - (at % perRow),
      End: mod ? size - 1 : at - (at % perRow) + perRow - 1,
    };
    const step = steps[e.key];
    if (step !== undefined && !e.altKey) go(step, e.shiftKey);
    else if (mod && e.key.toLowerCase() === "c") copy();
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const selected = to > from ? t("{n} selected", { n: to - from + 1 }) : "";
  const current = byte(at);
  return (
    <>
      <Bar
        project={project}
        path={path}
        way={way}
        about={[why, sizeText(size), selected].filter(Boolean).join(" · ")}
      >
        <GoTo go={go} />
        <Find
          find={async (needle, signal) => {
            const found = await search(project, path, needle, at + 1, size, signal);
            if (found < 0) toast({ text: t("Not found in the 64 MB from here on.") });
            else {
              setAnchor(found);
              setAt(found + needle.length - 1);
              rows.reveal(Math.floor(found / perRow));
            }
          }}
        />
        <Button look="quiet" onClick={copy} disabled={size === 0}>
          {t("Copy")}
        </Button>
      </Bar>
      {pager.error === undefined ? null : <Failure error={pager.error} />}
      {size === 0 ? <p className={editor.empty}>{t("The file is empty.")}</p> : null}
      <div
        ref={(el) => {
          rows.box.current = el;
          grid.current = el;
        }}
        className={classes(frame.box, styles.box)}
        onScroll={rows.onScroll}
        role="application"
        aria-roledescription={t("bytes")}
        aria-label={t("Bytes of {path}", { path })}
        aria-describedby={id}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys move in the bytes
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerDown={(e) => {
          const i = byteUnder(e.target);
          if (i === undefined || e.button !== 0) return;
          e.preventDefault();
          grid.current?.focus();
          go(i, e.shiftKey);
          if (!e.shiftKey) setAnchor(i);
        }}
        onPointerMove={(e) => {
          const i = byteUnder(e.target);
          if (e.buttons !== 1 || i === undefined || anchor === undefined) return;
          setAt(i);
        }}
      >
        <div style={{ height: Math.max(rows.tall, 1) }}>
          <div className={frame.view} style={{ transform: `translateY(${rows.offset}px)` }} aria-hidden>
            {Array.from({ length: rows.shown }, (_, i) => rows.first + i).map((row) => (
              <Row key={row} row={row} size={size} byte={byte} from={from} to={to} at={at} />
            ))}
          </div>
        </div>
      </div>
      <p id={id} className={frame.now} role="status">
        {size === 0
          ? ""
          : t("Offset {hex} ({at}): {byte}", {
              hex: offsetOf(at, size),
              at: String(at),
              byte: current === undefined ? "…" : `${hexOf(current)} · ${current} · ${letterOf(current)}`,
            })}
      </p>
    </>
  );
}

function byteUnder(target: EventTarget): number | undefined {
  const at = target instanceof HTMLElement ? target.dataset.at : undefined;
  return at === undefined ? undefined : Number(at);
}

function Row(p: {
  row: number;
  size: number;
  byte: (i: number) => number | undefined;
  from: number;
  to: number;
  at: number;
}) {
  const start = p.row * perRow;
  const cells = Array.from({ length: Math.min(perRow, p.size - start) }, (_, i) => start + i);
  const look = (i: number) => (i === p.at ? styles.at : i >= p.from && i <= p.to ? styles.in : undefined);
  return (
    <div className={classes(frame.row, styles.row)} style={{ height: rowHeight }}>
      <span className={styles.offset}>{offsetOf(start, p.size)}</span>
      <span className={styles.bytes}>
        {cells.map((i) => {
          const b = p.byte(i);
          return (
            <span key={i} data-at={i} className={look(i)}>
              {b === undefined ? "··" : hexOf(b)}
            </span>
          );
        })}
      </span>
      <span className={styles.letters}>
        {cells.map((i) => {
          const b = p.byte(i);
          return (
            <span key={i} data-at={i} className={look(i)}>
              {b === undefined ? " " : letterOf(b)}
            </span>
          );
        })}
      </span>
    </div>
  );
}

/** The bytes of a file, read as they are looked at; read again when it changes. */
function useBytes(project: string, path: string, version: number) {
  const [size, setSize] = useState<number>();
  const [missing, setMissing] = useState<unknown>();
  const [, draw] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is read again
  const pager = useMemo(
    () =>
      new Pager<Uint8Array>(
        async (page, signal) => {
          const part = await readPart(project, path, page * pageBytes, pageBytes, signal);
          if (part.size >= 0) setSize(part.size); // it may have grown or shrunk
          return part.bytes;
        },
        () => draw((n) => n + 1),
      ),
    [project, path, version],
  );
  useEffect(() => () => pager.end(), [pager]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is read again
  useEffect(() => {
    const stop = new AbortController();
    readPart(project, path, 0, 1, stop.signal).then(
      (part) => {
        setSize(part.size);
        setMissing(undefined);
      },
      (e: unknown) => stop.signal.aborted || setMissing(e),
    );
    return () => stop.abort();
  }, [project, path, version]);
  return { pager, size, missing };
}

/** Looks for bytes in the 64 MB from a place on. */
async function search(
  project: string,
  path: string,
  needle: Uint8Array,
  from: number,
  size: number,
  signal: AbortSignal,
): Promise<number> {
  const step = 4 << 20;
  for (let at = from; at < Math.min(size, from + (64 << 20)); at += step) {
    const part = await readPart(project, path, at, step + needle.length - 1, signal);
    const found = indexOf(part.bytes, needle, 0);
    if (found >= 0) return at + found;
  }
  return -1;
}

async function copyBytes(project: string, path: string, from: number, n: number): Promise<void> {
  try {
    const part = await readPart(project, path, from, Math.min(n, mostCopied), AbortSignal.timeout(20_000));
    await navigator.clipboard.writeText([...part.bytes].map(hexOf).join(" "));
    if (n > mostCopied) toast({ text: t("The first megabyte is on the clipboard.") });
    else toast({ text: t("{n, plural, one {# byte is} other {# bytes are}} on the clipboard.", { n }) });
  } catch (e) {
    toast({ text: e instanceof Error ? e.message : t("That could not be copied."), kind: "bad" });
  }
}

function GoTo({ go }: { go: (at: number) => void }) {
  const [text, setText] = useState("");
  const [bad, setBad] = useState(false);
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        const at = readOffset(text);
        setBad(at === undefined);
        if (at !== undefined) go(at);
      }}
    >
      <input
        className={editor.field}
        aria-label={t("Go to an offset, hexadecimal")}
        placeholder={t("Offset")}
        aria-invalid={bad || undefined}
        size={9}
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
    </form>
  );
}

function Find({ find }: { find: (needle: Uint8Array, signal: AbortSignal) => Promise<void> }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState<AbortController>();
  useEffect(() => () => busy?.abort(), [busy]);
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        const needle = readNeedle(text);
        if (needle.length === 0 || busy) return;
        const stop = new AbortController();
        setBusy(stop);
        find(needle, stop.signal)
          .catch((e: unknown) => toast({ text: e instanceof Error ? e.message : "", kind: "bad" }))
          .finally(() => setBusy(undefined));
      }}
    >
      <input
        className={editor.field}
        aria-label={t("Find bytes or text")}
        placeholder={busy ? t("Searching…") : t("Find: de ad or text")}
        size={16}
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
    </form>
  );
}
