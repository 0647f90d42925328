import { ChevronDown, ChevronRight } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { readPart } from "../../api/previews";
import { size as sizeText } from "../../ui/ago";
import { Button } from "../../ui/button";
import { classes } from "../../ui/classes";
import { Failure, Progress } from "../../ui/state";
import { toast } from "../../ui/toast";
import { treeStep } from "../../ui/treekeys";
import { t } from "../../words";
import { Bar, type ViewerProps } from "../bar";
import editor from "../editor.module.css";
import frame from "../rows.module.css";
import { useRows } from "../scroll";
import { check, NotJSON, pathText, placeOf, skipValue } from "./json";
import { rowsOf, type TreeRow, wayTo } from "./rows";
import styles from "./tree.module.css";

/** The largest file that is shown as a tree, in bytes. */
const most = 16 << 20;
const rowHeight = 24;

/** JSON as a tree that unfolds. */
export default function TreeView(props: ViewerProps) {
  const { project, path, version, way } = props;
  const read = useJSON(project, path, version);
  if (read.error !== undefined) return <Failure error={read.error} />;
  if (read.size === undefined) return <Progress>{t("Reading {path}…", { path })}</Progress>;
  if (read.problem !== undefined || read.text === undefined)
    return (
      <>
        <Bar project={project} path={path} way={way} about={sizeText(read.size)} />
        <p className={classes(editor.banner, editor.bad)} role="alert">
          {read.problem ?? ""}
        </p>
        <div className={editor.centre}>
          <div className={editor.buttons}>
            <Button onClick={() => way.choose(read.size && read.size > most ? "lines" : "text")}>
              {t("Open as text")}
            </Button>
          </div>
        </div>
      </>
    );
  return <Tree {...props} text={read.text} size={read.size} />;
}

type Read = { size?: number; text?: string; problem?: string; error?: unknown };

function useJSON(project: string, path: string, version: number): Read {
  const [read, setRead] = useState<Read>({});
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is read again
  useEffect(() => {
    const stop = new AbortController();
    readPart(project, path, 0, most + 1, stop.signal).then(
      (part) => {
        if (!stop.signal.aborted) setRead({ size: part.size, ...examine(part.bytes) });
      },
      (error: unknown) => stop.signal.aborted || setRead({ error }),
    );
    return () => stop.abort();
  }, [project, path, version]);
  return read;
}

function examine(bytes: Uint8Array): Pick<Read, "text" | "problem"> {
  if (bytes.length > most)
    return {
      problem: t("The file is too large to be shown as a tree: {size} at most.", { size: sizeText(most) }),
    };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { problem: t("This is no JSON: it is not UTF-8.") };
  }
  if (text.trim() === "") return { problem: t("The file is empty.") };
  try {
    check(text);
    return { text };
  } catch (e) {
    if (!(e instanceof NotJSON)) throw e;
    return {
      problem: t("This is no JSON. Line {line}, column {column}: {what}.", {
        ...placeOf(text, e.at),
        what: e.message,
      }),
    };
  }
}

function Tree({ project, path, way, text, size }: ViewerProps & { text: string; size: number }) {
  const id = useId();
  const start = useMemo(() => check(text), [text]);
  const end = useMemo(() => skipValue(text, start), [text, start]);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(["$"]));
  const list = useMemo(() => rowsOf(text, start, end, open, new Map()), [text, start, end, open]);
  const [current, setCurrent] = useState("$");
  const at = Math.max(
    0,
    list.findIndex((r) => r.id === current),
  );
  const rows = useRows(list.length, rowHeight);
  const [find, setFind] = useState("");
  const found = useRef(-1);
  const row = list[at];

  const go = (i: number) => {
    const next = list[Math.max(0, Math.min(list.length - 1, i))];
    if (!next) return;
    setCurrent(next.id);
    rows.reveal(list.indexOf(next));
  };
  const fold = (r: TreeRow, to: boolean) => {
    const next = new Set(open);
    if (to) next.add(r.id);
    else next.delete(r.id);
    setOpen(next);
    setCurrent(r.id);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was looked for comes onto the screen once it is unfolded
  useEffect(() => {
    const i = list.findIndex((r) => r.id === current);
    if (i >= 0) rows.reveal(i);
  }, [current]);
  const search = () => {
    if (find === "") return;
    const hay = text.toLowerCase();
    let i = hay.indexOf(find.toLowerCase(), found.current + 1);
    if (i < 0) i = hay.indexOf(find.toLowerCase(), start);
    if (i < 0) {
      toast({ text: t("{text} is not in it.", { text: find }) });
      return;
    }
    found.current = i;
    const names = wayTo(text, start, end, i);
    setOpen(new Set([...open, ...names.slice(0, -1)]));
    setCurrent(names.at(-1) ?? "$");
  };
  const onKeyDown = (e: KeyboardEvent) => {
    if (!row || e.altKey) return;
    const mod = e.ctrlKey || e.metaKey;
    const folds = row.kind === "object" || row.kind === "list" || row.kind === "group";
    const known = { open: folds ? row.open : undefined, parent: () => row.parent };
    const step = treeStep(e.key, at, list.length, known, rows.page);
    if (step.go !== undefined) go(step.go);
    else if (step.open !== undefined) fold(row, step.open);
    else if ((e.key === "Enter" || e.key === " ") && folds) fold(row, !row.open);
    else if (mod && e.key.toLowerCase() === "c") void copyText(text.slice(row.start, row.end));
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <>
      <Bar project={project} path={path} way={way} about={sizeText(size)}>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            search();
          }}
        >
          <input
            type="search"
            className={editor.field}
            aria-label={t("Find in keys and values")}
            placeholder={t("Find")}
            size={14}
            value={find}
            onChange={(e) => {
              setFind(e.target.value);
              found.current = -1;
            }}
          />
        </form>
        <Button look="quiet" onClick={() => void copyText(row ? pathOf(list, row) : "")}>
          {t("Copy path")}
        </Button>
        <Button look="quiet" onClick={() => void copyText(row ? text.slice(row.start, row.end) : "")}>
          {t("Copy value")}
        </Button>
      </Bar>
      <div
        ref={rows.box}
        className={frame.box}
        role="tree"
        aria-label={t("JSON of {path}", { path })}
        aria-activedescendant={`${id}-${current}`}
        tabIndex={0}
        onScroll={rows.onScroll}
        onKeyDown={onKeyDown}
      >
        <div style={{ height: rows.tall }} role="presentation">
          <div
            className={frame.view}
            style={{ transform: `translateY(${rows.offset}px)` }}
            role="presentation"
          >
            {list.slice(rows.first, rows.first + rows.shown).map((r) => (
              <Item
                key={r.id}
                id={`${id}-${r.id}`}
                row={r}
                text={text}
                current={r.id === current}
                onSelect={() => setCurrent(r.id)}
                onFold={() => fold(r, !r.open)}
              />
            ))}
          </div>
        </div>
      </div>
      <p className={frame.now}>{row ? pathOf(list, row) : ""}</p>
    </>
  );
}

function Item(p: {
  id: string;
  row: TreeRow;
  text: string;
  current: boolean;
  onSelect: () => void;
  onFold: () => void;
}) {
  const { row } = p;
  const folds = row.kind === "object" || row.kind === "list" || row.kind === "group";
  const Icon = row.open ? ChevronDown : ChevronRight;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the tree has the keys and the focus
    <div
      id={p.id}
      className={classes(frame.row, styles.row, p.current && styles.current)}
      style={{ height: rowHeight, paddingLeft: 8 + (Math.min(row.level, 40) - 1) * 16 }}
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={p.current}
      {...(folds && { "aria-expanded": row.open })}
      onClick={() => (folds && p.current ? p.onFold() : p.onSelect())}
      onDoubleClick={() => folds && !p.current && p.onFold()}
    >
      <span
        className={styles.twist}
        aria-hidden
        onClick={(e) => {
          e.stopPropagation();
          if (folds) p.onFold();
        }}
      >
        {folds ? <Icon size={14} strokeWidth={1.5} /> : null}
      </span>
      <span className={row.list ? styles.index : styles.key}>{row.key}</span>
      <span className={styles[row.kind]}>{valueText(row, p.text)}</span>
    </div>
  );
}

function valueText(row: TreeRow, text: string): string {
  if (row.kind === "group") return "";
  if (row.kind === "object" || row.kind === "list") {
    const [left, right] = row.kind === "object" ? "{}" : "[]";
    if (row.count !== undefined) return `${left}${row.count}${right}`;
    const inside = text.slice(row.start, Math.min(row.end, row.start + 80)).replaceAll(/\s+/g, " ");
    return row.end - row.start > 80 ? `${inside} …` : inside;
  }
  const value = text.slice(row.start, Math.min(row.end, row.start + 2000));
  return row.end - row.start > 2000 ? `${value}…` : value;
}

function pathOf(list: readonly TreeRow[], row: TreeRow): string {
  const keys: { key: string; list: boolean }[] = [];
  for (let r: TreeRow | undefined = row; r && r.parent >= 0; r = list[r.parent]) {
    if (r.kind !== "group") keys.unshift({ key: r.key, list: r.list });
  }
  return pathText(keys);
}

async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast({ text: t("It is on the clipboard.") });
  } catch {
    toast({ text: t("That could not be copied."), kind: "bad" });
  }
}
