import { type KeyboardEvent, useState } from "react";
import { size as sizeText } from "../../ui/ago";
import { Button } from "../../ui/button";
import { Menu, MenuChoice } from "../../ui/menu";
import { useSettled } from "../../ui/search";
import { Failure, Progress } from "../../ui/state";
import { t } from "../../words";
import { Bar, type ViewerProps } from "../bar";
import editor from "../editor.module.css";
import { encodingChoices, encodingName } from "../encodings";
import frame from "../rows.module.css";
import { useRows } from "../scroll";
import { block, blockAt, useTable } from "../table/data";
import { aboutTable } from "../table/state";
import styles from "./lines.module.css";

const rowHeight = 20;

/** Text of any size and encoding, to be read, a line a row. */
export default function LinesView(props: ViewerProps & { why?: string }) {
  const { project, path, version, way, why } = props;
  const [encoding, setEncoding] = useState("");
  const [typed, setTyped] = useState("");
  const filter = useSettled(typed, 300);
  const choice = { filter, ...(encoding && { encoding }) };
  const { head, error, pages } = useTable(project, path, version, "lines", choice);
  const rows = useRows(head?.matches ?? 0, rowHeight);
  if (error !== undefined && head === undefined) return <Failure error={error} />;
  if (head === undefined) return <Progress>{t("Reading {path}…", { path })}</Progress>;
  const gutter = Math.max(48, String(head.total).length * 8 + 20);
  const onKeyDown = (e: KeyboardEvent) => {
    const mod = e.ctrlKey || e.metaKey;
    const steps: Record<string, number> = {
      ArrowUp: rows.first - 1,
      ArrowDown: rows.first + 1,
      PageUp: rows.first - rows.page,
      PageDown: rows.first + rows.page,
      ...(mod ? { Home: 0, End: head.matches } : {}),
    };
    const step = steps[e.key];
    if (step === undefined || e.altKey || e.shiftKey) return;
    e.preventDefault();
    rows.top(step);
  };
  return (
    <>
      <Bar
        project={project}
        path={path}
        way={way}
        about={[why, sizeText(head.size), aboutTable(head)].filter(Boolean).join(" · ")}
      >
        <GoTo go={(line) => rows.top(line - 1)} />
        <input
          type="search"
          className={editor.field}
          aria-label={t("Lines with this text")}
          placeholder={t("Filter lines")}
          size={14}
          value={typed}
          onChange={(e) => setTyped(e.target.value)}
        />
        <Menu trigger={<Button look="quiet">{encodingName(head.encoding)}</Button>}>
          <MenuChoice
            label={t("Encoding")}
            value={head.encoding}
            choices={encodingChoices(head.encoding)}
            onChange={setEncoding}
          />
        </Menu>
      </Bar>
      {pages.error === undefined ? null : <Failure error={pages.error} />}
      {head.partial ? (
        <p className={editor.banner} role="status">
          {t("The text is long: only lines of its beginning are here.")}
        </p>
      ) : null}
      {head.total === 0 && head.complete ? <p className={editor.empty}>{t("The file is empty.")}</p> : null}
      <div
        ref={rows.box}
        className={frame.box}
        role="document"
        aria-label={t("Text of {path}", { path })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it
        tabIndex={0}
        onScroll={rows.onScroll}
        onKeyDown={onKeyDown}
      >
        <div style={{ height: rows.tall }}>
          <div className={frame.view} style={{ transform: `translateY(${rows.offset}px)` }}>
            {Array.from({ length: rows.shown }, (_, i) => rows.first + i).map((row) => {
              const page = pages.get(blockAt(row, 0));
              const i = row % block.rows;
              const cut = page?.cut?.some(([r]) => r === i);
              return (
                <div key={row} className={frame.row} style={{ height: rowHeight }}>
                  <span className={styles.gutter} style={{ width: gutter }}>
                    {(page?.numbers?.[i] ?? row) + 1}
                  </span>
                  <span className={styles.line}>
                    {page ? (page.rows[i]?.[0] ?? "") : "…"}
                    {cut ? <em>{t("… the line is longer")}</em> : null}
                    {"\n"}
                  </span>
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </>
  );
}

function GoTo({ go }: { go: (line: number) => void }) {
  const [text, setText] = useState("");
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        const line = Number(text.replaceAll(/[^\d]/g, ""));
        if (line > 0) go(line);
      }}
    >
      <input
        className={editor.field}
        aria-label={t("Go to line")}
        placeholder={t("Line")}
        inputMode="numeric"
        size={7}
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
    </form>
  );
}
