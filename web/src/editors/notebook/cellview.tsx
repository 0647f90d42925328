import {
  ArrowDown,
  ArrowUp,
  Copy,
  Ellipsis,
  GripVertical,
  Play,
  Scissors,
  Square,
  Trash2,
} from "lucide-react";
import { memo, type PointerEvent, useCallback, useEffect, useRef } from "react";
import { plain } from "../../sync/ipynb";
import { IconButton } from "../../ui/button";
import { classes } from "../../ui/classes";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../../ui/menu";
import { t } from "../../words";
import { pasteFiles } from "./attach";
import { type Cell, type CellType, record } from "./cell";
import { emptyCell } from "./cells";
import { Drops } from "./drops";
import { headingIn } from "./headings";
import { heightOfCell } from "./height";
import { useBook, useNear, usePart, useStore } from "./hooks";
import styles from "./notebook.module.css";
import { InputPrompt, Outputs } from "./outputs";
import { isHidden } from "./page";
import { PeopleIn } from "./presence";
import { ProseView } from "./proseview";
import { Source, type SourceHandle } from "./source";
import { Timing } from "./timing";

/** One cell: what it is, its text, its outputs. */
export const CellView = memo(function CellView({ cell }: { cell: Cell }) {
  const book = useBook();
  const { page } = book;
  const ref = useRef<HTMLElement>(null);
  const text = useRef<SourceHandle>(undefined);
  const near = useNear(ref);
  const { type, metadata } = useStore(cell.head);
  const folded = usePart(page.hidden, (h) => h.has(cell.key));
  const place = usePart(page.selection, (s) => placeOf(page, s.current, s.anchor, cell.key));
  const typing = usePart(page.selection, (s) => s.current === cell.key && s.mode === "edit");
  const editing = usePart(page.editing, (e) => e.has(cell.key));
  const state = useRunState(cell);
  const drop = usePart(drops.store, (d) => (d?.key === cell.key ? (d.below ? "below" : "above") : ""));
  const rendered = type === "markdown" && !editing;
  const current = place === "current";

  const offer = useCallback((handle: SourceHandle | undefined) => {
    text.current = handle;
    // What was to be typed into before there was an editor.
    if (handle && wanted.current !== undefined) {
      const at = wanted.current;
      wanted.current = undefined;
      handle.focus(at === "" ? undefined : at);
    }
  }, []);
  const wanted = useRef<"" | "start" | "end">(undefined);
  useEffect(
    () =>
      page.seat(cell.key, {
        focusCell: () => {
          ref.current?.focus({ preventScroll: true });
          ref.current?.scrollIntoView({ block: "nearest" });
        },
        focusText: (at) => {
          if (text.current) text.current.focus(at);
          else {
            wanted.current = at ?? "";
            ref.current?.scrollIntoView({ block: "nearest" });
          }
        },
        mark: (from, to) => text.current?.mark(from, to),
        cursors: () => text.current?.cuts(),
      }),
    [page, cell],
  );
  if (folded) return null;
  const live = !rendered && (near || typing);
  return (
    <section
      ref={ref}
      data-cell={cell.key}
      data-state={state}
      tabIndex={current ? 0 : -1}
      aria-label={labelOf(type, cell)}
      aria-current={current ? "true" : undefined}
      // What is far from the screen is not laid out.
      {...(!near && { style: { containIntrinsicBlockSize: `auto ${heightOfCell(cell)}px` } })}
      className={classes(
        styles.cell,
        !near && styles.far,
        styles[type],
        rendered && styles.rendered,
        place !== "" && styles.chosen,
        current && styles.current,
        typing && styles.typing,
        state !== "idle" && styles.busy,
        drop === "above" && styles.dropAbove,
        drop === "below" && styles.dropBelow,
      )}
      onFocus={(e) => {
        // Where it was chosen by a key already, others that are chosen stay so.
        const extend = page.selection.get().current === cell.key;
        if (e.target === e.currentTarget) page.choose(cell.key, { extend });
      }}
      onPointerDown={(e) => press(e, page, cell)}
      onDoubleClick={(e) => {
        if (rendered && e.target instanceof Element && e.target.closest(`.${styles.body}`))
          page.go(cell.key, "edit");
      }}
      {...drops.on(page, cell)}
      {...pasteFiles(book, cell)}
    >
      <Gutter cell={cell} type={type} state={state} near={near} rendered={rendered} />
      <div className={styles.main}>
        <div className={styles.body}>
          {isHidden(cell, "source_hidden") ? (
            <button
              type="button"
              className={styles.hiddenPart}
              onClick={() => page.toggleOutputs("source_hidden", [cell])}
            >
              {t("The text is hidden. Show")}
            </button>
          ) : rendered ? (
            <Rendered cell={cell} near={near} />
          ) : (
            <Source cell={cell} type={type} live={live} offer={offer} />
          )}
          {current && near ? <Tools cell={cell} /> : null}
        </div>
        {type === "code" ? (
          <>
            <Timing cell={cell} state={state} metadata={metadata} />
            <InputPrompt cell={cell} />
            <Outputs cell={cell} near={near} />
          </>
        ) : null}
        {type === "markdown" ? <Folded cell={cell} /> : null}
      </div>
      {near ? <Between cell={cell} /> : null}
    </section>
  );
});

function placeOf(
  page: { nb: { list: { get(): readonly Cell[] } } },
  current: string,
  anchor: string,
  key: string,
): string {
  if (key === current) return "current";
  if (current === anchor) return "";
  const list = page.nb.list.get();
  const at = (k: string) => list.findIndex((c) => c.key === k);
  const [a, b, me] = [at(current), at(anchor), at(key)];
  return me >= Math.min(a, b) && me <= Math.max(a, b) ? "chosen" : "";
}

function labelOf(type: CellType, cell: Cell): string {
  const { count } = cell.head.get();
  if (type === "code") return count === null ? t("Code cell") : t("Code cell, run {n}", { n: count });
  return type === "markdown" ? t("Markdown cell") : t("Raw cell");
}

/** A press chooses the cell; one that begins in nothing of its own gives it the keys. */
function press(e: PointerEvent<HTMLElement>, page: ReturnType<typeof useBook>["page"], cell: Cell): void {
  if (e.button !== 0 || !(e.target instanceof Element)) return;
  if (e.shiftKey && !e.target.closest(".cm-editor, button, a, input")) {
    e.preventDefault();
    page.choose(cell.key, { extend: true });
    e.currentTarget.focus({ preventScroll: true });
    return;
  }
  if (e.target.closest("button, a, input, select, textarea, summary, .cm-editor, audio, video, [role=menu]"))
    return;
  page.choose(cell.key);
  // After the browser has begun to select text, which a focus before would end.
  const { currentTarget } = e;
  requestAnimationFrame(() => {
    if (!currentTarget.contains(document.activeElement) || document.activeElement !== currentTarget)
      currentTarget.focus({ preventScroll: true });
  });
}

function Rendered({ cell, near }: { cell: Cell; near: boolean }) {
  useStore(cell.edits);
  const ever = useRef(false);
  if (near) ever.current = true;
  const text = cell.text;
  if (!ever.current) return <pre className={classes(styles.source, styles.wraps)}>{text}</pre>;
  return <ProseView text={text} kind="markdown" attachments={record(plain(cell.map.get("attachments")))} />;
}

/** What a run of a cell is doing, as far as anybody knows. */
export function useRunState(cell: Cell): "idle" | "queued" | "running" {
  const book = useBook();
  const state = usePart(cell.head, (h) => h.state);
  const asked = usePart(book.asked, (a) => a.has(cell.id));
  const queued = usePart(book.link.state, (l) => {
    if (!l.live) return "";
    const q = l.state.queue?.find((x) => x.cell === cell.id);
    return q ? (q.running ? "running" : "queued") : "idle";
  });
  // What the project tells now counts; a file may say that something ran when it was closed.
  if (queued === "running" || queued === "queued") return queued;
  if (asked) return "queued";
  return queued === "" ? state : "idle";
}

function Gutter({
  cell,
  type,
  state,
  near,
  rendered,
}: {
  cell: Cell;
  type: CellType;
  state: "idle" | "queued" | "running";
  near: boolean;
  rendered: boolean;
}) {
  const book = useBook();
  const mayRun = useStore(book.mayRun);
  const writable = useStore(book.page.writable);
  const count = usePart(cell.head, (h) => h.count ?? -1);
  const label =
    state === "running" ? t("[*]") : state === "queued" ? t("[…]") : count >= 0 ? `[${count}]` : "[ ]";
  return (
    <div className={styles.gutter}>
      {near && writable ? <Grip cell={cell} /> : null}
      <div className={styles.prompt}>
        {near && mayRun && type === "code" ? (
          state === "idle" ? (
            <IconButton
              light
              className={styles.run}
              label={t("Run the cell")}
              onClick={() => void book.run([cell])}
            >
              <Play size={14} strokeWidth={1.5} />
            </IconButton>
          ) : (
            <IconButton light label={t("Stop")} onClick={() => void book.act({ action: "stop" })}>
              <Square size={12} strokeWidth={1.5} fill="currentColor" />
            </IconButton>
          )
        ) : null}
        {type === "code" ? <span title={stateWord(state)}>{label}</span> : null}
        {rendered ? <FoldButton cell={cell} /> : null}
      </div>
      <PeopleIn cell={cell} />
    </div>
  );
}

function stateWord(state: "idle" | "queued" | "running"): string {
  if (state === "running") return t("Runs now");
  return state === "queued" ? t("Waits to be run") : "";
}

function FoldButton({ cell }: { cell: Cell }) {
  const { page } = useBook();
  useStore(cell.edits);
  const folded = usePart(page.folded, (f) => f.has(cell.key));
  const heading = headingIn(cell.text);
  if (!heading) return null;
  return (
    <button
      type="button"
      className={classes(styles.fold, styles.foldGrip)}
      aria-expanded={!folded}
      aria-label={
        folded ? t("Unfold “{name}”", { name: heading.text }) : t("Fold “{name}”", { name: heading.text })
      }
      onClick={() => page.fold(cell.key)}
    >
      {folded ? "›" : "⌄"}
    </button>
  );
}

/** How much a folded heading hides. */
function Folded({ cell }: { cell: Cell }) {
  const { page, nb } = useBook();
  const n = usePart(page.hidden, (hidden) => {
    if (!page.folded.get().has(cell.key)) return 0;
    const list = nb.list.get();
    let end = list.indexOf(cell);
    while (hidden.has(list[end + 1]?.key ?? "")) end++;
    return end - list.indexOf(cell);
  });
  if (n === 0) return null;
  return (
    <button type="button" className={styles.fold} onClick={() => page.fold(cell.key, false)}>
      {t("{n, plural, one {# cell is} other {# cells are}} folded. Unfold", { n })}
    </button>
  );
}

/** What is done with the cell that is chosen. */
function Tools({ cell }: { cell: Cell }) {
  const book = useBook();
  const { page } = book;
  const writable = useStore(page.writable);
  const mayRun = useStore(book.mayRun);
  const type = usePart(cell.head, (h) => h.type);
  if (!writable) return null;
  return (
    <div className={styles.tools} role="toolbar" aria-label={t("What can be done with the cell")}>
      <IconButton label={t("Move up")} keys="Alt+ArrowUp" onClick={() => page.move(-1)}>
        <ArrowUp size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("Move down")} keys="Alt+ArrowDown" onClick={() => page.move(1)}>
        <ArrowDown size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("Delete the cell")} keys="d d" onClick={() => page.delete()}>
        <Trash2 size={16} strokeWidth={1.5} />
      </IconButton>
      <Menu
        back={() => page.focus()}
        trigger={
          <IconButton label={t("More for this cell")}>
            <Ellipsis size={16} strokeWidth={1.5} />
          </IconButton>
        }
      >
        <MenuChoice
          label={t("The cell is")}
          value={type}
          choices={[
            { value: "code" as const, label: t("Code") },
            { value: "markdown" as const, label: t("Markdown") },
            { value: "raw" as const, label: t("Raw text") },
          ]}
          onChange={(v) => page.setType(v)}
        />
        <MenuLine />
        <MenuItem icon={Scissors} keys="x" onSelect={() => page.cut()}>
          {t("Cut")}
        </MenuItem>
        <MenuItem icon={Copy} keys="c" onSelect={() => page.copy()}>
          {t("Copy")}
        </MenuItem>
        <MenuItem keys="v" disabled={!page.canPaste} onSelect={() => page.paste("below")}>
          {t("Paste below")}
        </MenuItem>
        <MenuItem keys="Shift+M" onSelect={() => page.merge()}>
          {t("Merge with the next cell")}
        </MenuItem>
        {type === "code" && mayRun ? (
          <>
            <MenuLine />
            <MenuItem onSelect={() => void book.runFrom("run-above", cell)}>{t("Run all above")}</MenuItem>
            <MenuItem onSelect={() => void book.runFrom("run-below", cell)}>
              {t("Run this and all below")}
            </MenuItem>
            <MenuLine />
            <MenuItem keys="o" onSelect={() => page.toggleOutputs()}>
              {t("Hide or show the outputs")}
            </MenuItem>
            <MenuItem keys="Shift+O" onSelect={() => page.toggleScroll()}>
              {t("Let the outputs scroll, or not")}
            </MenuItem>
            <MenuItem onSelect={() => page.clear()}>{t("Clear the outputs")}</MenuItem>
          </>
        ) : null}
      </Menu>
    </div>
  );
}

/** Between two cells: adds one there. */
function Between({ cell }: { cell: Cell }) {
  const { page, nb } = useBook();
  const writable = useStore(page.writable);
  if (!writable) return null;
  const add = (type: CellType) => page.insertAt(nb.indexOf(cell) + 1, [emptyCell(type)], "edit");
  return (
    <div className={styles.between}>
      <button type="button" tabIndex={-1} onClick={() => add("code")}>
        {t("+ Code")}
      </button>
      <button type="button" tabIndex={-1} onClick={() => add("markdown")}>
        {t("+ Text")}
      </button>
    </div>
  );
}

function Grip({ cell }: { cell: Cell }) {
  const { page } = useBook();
  return (
    <span
      className={styles.grip}
      draggable
      title={t("Drag to move the cell")}
      aria-hidden
      onDragStart={(e) => {
        if (!page.chosen.includes(cell)) page.choose(cell.key);
        e.dataTransfer.effectAllowed = "move";
        e.dataTransfer.setData(cellType, cell.key);
        const section = e.currentTarget.closest("section");
        if (section) e.dataTransfer.setDragImage(section, 20, 20);
      }}
      onDragEnd={() => drops.store.set(undefined)}
    >
      <GripVertical size={14} strokeWidth={1.5} />
    </span>
  );
}

/** What is dragged when a cell is; nothing outside of the page knows it. */
const cellType = "application/x-lyceum-cell";

/** Where a cell that is dragged would go. */
const drops = new Drops(cellType);
