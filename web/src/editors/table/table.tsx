// biome-ignore-all lint/a11y/useSemanticElements: a table of rows that are not drawn cannot be a <table>
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus, and names the cell it is on
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: its keys move in the cells
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid has the keys
import { ArrowDown, ArrowUp } from "lucide-react";
import { type KeyboardEvent, useCallback, useEffect, useId, useRef, useState } from "react";
import type { Table } from "../../api/previews";
import { messageOf } from "../../api/problem";
import { Button } from "../../ui/button";
import { classes } from "../../ui/classes";
import { Menu, MenuChoice } from "../../ui/menu";
import { useSettled } from "../../ui/search";
import { Failure, Progress } from "../../ui/state";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { Bar, type ViewerProps } from "../bar";
import editor from "../editor.module.css";
import { encodingChoices } from "../encodings";
import { useRows } from "../scroll";
import { block, blockAt, type Data, useTable } from "./data";
import { aboutTable, asTSV, type Choice, columnsAt, letters, type Range, rangeOf, widthsOf } from "./state";
import styles from "./table.module.css";

const rowHeight = 28;
const headHeight = 32;
const mostCopied = 200_000;

/** CSV and its relatives, and JSON Lines, by the page. */
export default function TableView(props: ViewerProps) {
  const { project, path, version, way } = props;
  const [choice, setChoice] = useState<Choice>({ filter: "" });
  const [typed, setTyped] = useState("");
  const filter = useSettled(typed, 300);
  const data = useTable(project, path, version, undefined, { ...choice, filter });
  const { head, error } = data;
  if (error !== undefined && head === undefined)
    return (
      <>
        <Bar project={project} path={path} way={way} />
        <Failure error={error} />
      </>
    );
  if (head === undefined) return <Progress>{t("Reading {path}…", { path })}</Progress>;
  return (
    <>
      <Bar project={project} path={path} way={way} about={aboutTable(head)}>
        <input
          type="search"
          className={editor.field}
          aria-label={t("Rows with this text")}
          placeholder={t("Filter rows")}
          size={14}
          value={typed}
          onChange={(e) => setTyped(e.target.value)}
        />
        <Reading head={head} choice={choice} change={(c) => setChoice({ ...choice, ...c })} />
      </Bar>
      {error === undefined ? null : <Failure error={error} />}
      {head.partial ? (
        <p className={editor.banner} role="status">
          {t("The table is long: only its first rows are sorted and filtered, {n} of them here.", {
            n: head.matches,
          })}
        </p>
      ) : null}
      {head.columnTotal === 0 && head.complete ? (
        <p className={editor.empty}>{t("The file is empty.")}</p>
      ) : (
        <Grid
          path={path}
          head={head}
          data={data}
          sort={choice.sort}
          setSort={(sort) => {
            const { sort: _, ...rest } = choice;
            setChoice(sort ? { ...rest, sort } : rest);
          }}
        />
      )}
    </>
  );
}

/** How the file is read: delimiter, encoding, header. */
function Reading({ head, change }: { head: Table; choice: Choice; change: (c: Partial<Choice>) => void }) {
  return (
    <Menu trigger={<Button look="quiet">{t("Format")}</Button>}>
      {head.format === "csv" ? (
        <>
          <MenuChoice
            label={t("First row")}
            value={head.header ? "yes" : "no"}
            choices={[
              { value: "yes", label: t("Names the columns") },
              { value: "no", label: t("Is a row") },
            ]}
            onChange={(v) => change({ header: v === "yes" ? "yes" : "no" })}
          />
          <MenuChoice
            label={t("Between cells")}
            value={head.delimiter ?? ","}
            choices={[
              { value: ",", label: t("Comma") },
              { value: ";", label: t("Semicolon") },
              { value: "\t", label: t("Tab") },
              { value: "|", label: t("Bar") },
            ]}
            onChange={(delimiter) => change({ delimiter })}
          />
        </>
      ) : null}
      <MenuChoice
        label={t("Encoding")}
        value={head.encoding}
        choices={encodingChoices(head.encoding)}
        onChange={(encoding) => change({ encoding })}
      />
    </Menu>
  );
}

type Place = { row: number; column: number };

function Grid(p: {
  path: string;
  head: Table;
  data: Data;
  sort: Choice["sort"];
  setSort: (sort: Choice["sort"]) => void;
}) {
  const { head, data, path } = p;
  const id = useId();
  const count = head.numbers === undefined && !p.sort ? head.matches : head.matches;
  const rows = useRows(count, rowHeight, headHeight);
  const [left, setLeft] = useState(0);
  const [view, setView] = useState(800);
  const [own, setOwn] = useState<ReadonlyMap<number, number>>(new Map());
  const first = useRef<number[]>(undefined);
  first.current ??= widthsOf(head);
  const widths = useCallback((c: number) => own.get(c) ?? first.current?.[c] ?? 120, [own]);
  const [at, setAt] = useState<Place>({ row: 0, column: 0 });
  const [anchor, setAnchor] = useState<Place>();
  const range = rangeOf(at, anchor ?? at);
  const gutter = Math.max(48, String(head.total).length * 8 + 20);
  const columns = columnsAt(widths, head.columnTotal, left, view - gutter);

  useEffect(() => {
    const el = rows.box.current;
    if (!el) return;
    const watch = new ResizeObserver(() => setView(el.clientWidth));
    watch.observe(el);
    return () => watch.disconnect();
  }, [rows.box]);

  const startOf = (column: number) => {
    let x = 0;
    for (let c = 0; c < column; c++) x += widths(c);
    return x;
  };
  const go = (to: Place, extend = false) => {
    const next = {
      row: Math.max(0, Math.min(count - 1, to.row)),
      column: Math.max(0, Math.min(head.columnTotal - 1, to.column)),
    };
    setAnchor(extend ? (anchor ?? at) : undefined);
    setAt(next);
    rows.reveal(next.row);
    const el = rows.box.current;
    const x = startOf(next.column);
    if (!el) return;
    if (x < el.scrollLeft) el.scrollLeft = x;
    else if (x + widths(next.column) > el.scrollLeft + el.clientWidth - gutter)
      el.scrollLeft = x + widths(next.column) - el.clientWidth + gutter;
  };
  const onKeyDown = (e: KeyboardEvent) => {
    const mod = e.ctrlKey || e.metaKey;
    const { row, column } = at;
    const steps: Record<string, Place> = {
      ArrowUp: { row: mod ? 0 : row - 1, column },
      ArrowDown: { row: mod ? count - 1 : row + 1, column },
      ArrowLeft: { row, column: mod ? 0 : column - 1 },
      ArrowRight: { row, column: mod ? head.columnTotal - 1 : column + 1 },
      PageUp: { row: row - rows.page, column },
      PageDown: { row: row + rows.page, column },
      Home: { row: mod ? 0 : row, column: 0 },
      End: { row: mod ? count - 1 : row, column: head.columnTotal - 1 },
    };
    const step = steps[e.key];
    const key = e.key.toLowerCase();
    if (step && !e.altKey) go(step, e.shiftKey);
    else if (mod && key === "c") void copyRange(data, range);
    else if (mod && key === "a") {
      setAnchor({ row: 0, column: 0 });
      setAt({ row: count - 1, column: head.columnTotal - 1 });
    } else if (e.key === "Escape" && anchor) setAnchor(undefined);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const sortBy = (column: number) => {
    const now = p.sort?.column === column ? p.sort : undefined;
    if (!now) p.setSort({ column, descending: false });
    else p.setSort(now.descending ? undefined : { column, descending: true });
  };
  const shown = Array.from({ length: columns.shown }, (_, i) => columns.first + i);
  const cellAt = (row: number, column: number) => {
    const page = data.pages.get(blockAt(row, column));
    const i = row % block.rows;
    const line = page?.rows[i];
    return { page, i, line, text: line?.[column % block.columns] };
  };
  const now = cellAt(at.row, at.column);
  const cellId = (place: Place) => `${id}-${place.row}-${place.column}`;
  return (
    <>
      {data.pages.error === undefined ? null : <Failure error={data.pages.error} />}
      <div
        ref={rows.box}
        className={styles.box}
        role="grid"
        aria-label={t("Table {path}", { path })}
        aria-rowcount={count + 1}
        aria-colcount={head.columnTotal}
        aria-multiselectable
        aria-activedescendant={cellId(at)}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={(e) => {
          rows.onScroll();
          setLeft(e.currentTarget.scrollLeft);
        }}
      >
        <div
          style={{
            height: rows.tall + headHeight,
            width:
              gutter + startOf(Math.min(head.columnTotal, 2000)) + Math.max(0, head.columnTotal - 2000) * 120,
          }}
          role="presentation"
        >
          <div className={styles.view} style={{ width: view }} role="presentation">
            <div className={styles.head} role="row" aria-rowindex={1} style={{ height: headHeight }}>
              <span className={styles.gutter} style={{ width: gutter }} role="presentation" />
              <div className={styles.clip} role="presentation">
                <div style={{ transform: `translateX(${columns.start - left}px)` }} role="presentation">
                  {shown.map((c) => (
                    <ColumnHead
                      key={c}
                      column={c}
                      name={columnOf(head, data, c, at.row)?.name ?? ""}
                      numeric={columnOf(head, data, c, at.row)?.numeric ?? false}
                      width={widths(c)}
                      sort={p.sort?.column === c ? (p.sort.descending ? "descending" : "ascending") : "none"}
                      onSort={() => sortBy(c)}
                      onWidth={(w) => setOwn(new Map(own).set(c, Math.max(32, Math.min(2000, w))))}
                    />
                  ))}
                </div>
              </div>
            </div>
            <div className={styles.rows} role="presentation">
              <div style={{ transform: `translateY(${rows.offset}px)` }} role="presentation">
                {Array.from({ length: rows.shown }, (_, i) => rows.first + i).map((r) => {
                  const lead = cellAt(r, columns.first);
                  const bad = lead.page?.malformed?.includes(lead.i) || lead.page?.long?.includes(lead.i);
                  return (
                    <div
                      key={r}
                      className={styles.row}
                      role="row"
                      aria-rowindex={r + 2}
                      style={{ height: rowHeight }}
                    >
                      <span
                        className={classes(styles.gutter, bad && styles.bad)}
                        style={{ width: gutter }}
                        title={
                          bad ? t("This row is malformed, or longer than what is read of it.") : undefined
                        }
                        role="rowheader"
                      >
                        {(lead.page?.numbers?.[lead.i] ?? r) + 1}
                      </span>
                      <div className={styles.clip} role="presentation">
                        <div
                          style={{ transform: `translateX(${columns.start - left}px)` }}
                          role="presentation"
                        >
                          {shown.map((c) => {
                            const cell = cellAt(r, c);
                            const numeric = cell.page?.columns[c % block.columns]?.numeric;
                            return (
                              <div
                                key={c}
                                id={cellId({ row: r, column: c })}
                                role="gridcell"
                                aria-colindex={c + 1}
                                aria-selected={within(range, r, c)}
                                className={classes(
                                  styles.cell,
                                  numeric && styles.number,
                                  within(range, r, c) && styles.in,
                                  at.row === r && at.column === c && styles.at,
                                )}
                                style={{ width: widths(c) }}
                                onPointerDown={(e) => {
                                  if (e.button !== 0) return;
                                  if (e.shiftKey) go({ row: r, column: c }, true);
                                  else {
                                    setAt({ row: r, column: c });
                                    setAnchor(undefined);
                                  }
                                }}
                                onPointerEnter={(e) => {
                                  if (e.buttons !== 1 || e.pointerType === "touch") return;
                                  setAnchor(anchor ?? at);
                                  setAt({ row: r, column: c });
                                }}
                              >
                                {cell.text ?? (cell.page ? "" : "…")}
                              </div>
                            );
                          })}
                        </div>
                      </div>
                    </div>
                  );
                })}
              </div>
            </div>
          </div>
        </div>
      </div>
      <p className={styles.now}>
        <span>
          {letters(at.column)}
          {(now.page?.numbers?.[now.i] ?? at.row) + 1}
        </span>
        <span className={styles.value}>{now.text}</span>
        <Cut data={data} place={at} cut={isCut(now.page, now.i, at.column % block.columns)} />
      </p>
    </>
  );
}

function isCut(page: Table | undefined, row: number, column: number): boolean {
  return page?.cut?.some(([r, c]) => r === row && c === column) ?? false;
}

/** A cell that is longer than what is shown of it: as a whole on the clipboard. */
function Cut({ data, place, cut }: { data: Data; place: Place; cut: boolean }) {
  if (!cut) return null;
  return (
    <Button look="quiet" onClick={() => void copyRange(data, rangeOf(place, place), true)}>
      {t("Longer. Copy the whole")}
    </Button>
  );
}

function within(r: Range, row: number, column: number): boolean {
  return row >= r.row && row <= r.toRow && column >= r.column && column <= r.toColumn;
}

function columnOf(
  head: Table,
  data: Data,
  column: number,
  row: number,
): Table["columns"][number] | undefined {
  const page = data.pages.peek(blockAt(row, column)) ?? (column < block.columns ? head : undefined);
  return page?.columns[column - page.column];
}

function ColumnHead(p: {
  column: number;
  name: string;
  /** What is in it is a number, and stands at the right. */
  numeric: boolean;
  width: number;
  sort: "none" | "ascending" | "descending";
  onSort: () => void;
  onWidth: (width: number) => void;
}) {
  const name = p.name === "" ? letters(p.column) : p.name;
  return (
    <div
      className={classes(styles.name, p.numeric && styles.right)}
      role="columnheader"
      aria-colindex={p.column + 1}
      aria-sort={p.sort}
      style={{ width: p.width }}
    >
      <button type="button" tabIndex={-1} title={t("Sort by {name}", { name })} onClick={p.onSort}>
        <span>{name}</span>
        {p.sort === "ascending" ? <ArrowUp size={14} strokeWidth={1.5} aria-hidden /> : null}
        {p.sort === "descending" ? <ArrowDown size={14} strokeWidth={1.5} aria-hidden /> : null}
      </button>
      <span
        className={styles.edge}
        aria-hidden
        onDoubleClick={() => p.onWidth(Math.max(56, name.length * 8 + 28))}
        onPointerDown={(e) => {
          e.preventDefault();
          e.stopPropagation();
          const from = e.clientX;
          const el = e.currentTarget;
          el.setPointerCapture(e.pointerId);
          el.onpointermove = (m) => p.onWidth(p.width + m.clientX - from);
          el.onpointerup = () => {
            el.onpointermove = null;
          };
        }}
      />
    </div>
  );
}

/** Puts cells on the clipboard, in the form that spreadsheets paste. */
async function copyRange(data: Data, r: Range, whole = false): Promise<void> {
  const columns = r.toColumn - r.column + 1;
  const most = Math.max(1, Math.min(r.toRow - r.row + 1, Math.floor(mostCopied / columns)));
  const signal = AbortSignal.timeout(30_000);
  const out: string[][] = [];
  let cut = false;
  try {
    while (out.length < most) {
      const got = await data.query(
        {
          from: r.row + out.length,
          rows: Math.min(1000, most - out.length),
          column: r.column,
          columns: Math.min(1000, columns),
          cell: whole || (columns === 1 && most === 1),
        },
        signal,
      );
      if (got.rows.length === 0) break;
      cut ||= (got.cut?.length ?? 0) > 0;
      out.push(...got.rows);
    }
    await navigator.clipboard.writeText(columns === 1 && out.length === 1 ? (out[0]?.[0] ?? "") : asTSV(out));
    const left = most < r.toRow - r.row + 1 || columns > 1000 || cut;
    toast({
      text: left
        ? t("{n} rows are on the clipboard; what is longer was cut.", { n: out.length })
        : t("{n, plural, one {# row is} other {# rows are}} on the clipboard.", { n: out.length }),
    });
  } catch (e) {
    toast({ text: messageOf(e), kind: "bad" });
  }
}
