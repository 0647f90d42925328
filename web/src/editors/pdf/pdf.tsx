// biome-ignore-all lint/a11y/noStaticElementInteractions: the keys of the pages and of the outline are the same
import { ChevronDown, ChevronUp, Maximize, PanelLeft, ZoomIn, ZoomOut } from "lucide-react";
import type { PDFDocumentProxy } from "pdfjs-dist";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { messageOf } from "../../api/problem";
import { fileAddress, statFile } from "../../api/project";
import { size as sizeText } from "../../ui/ago";
import { Button, IconButton } from "../../ui/button";
import { classes } from "../../ui/classes";
import { ConfirmDialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Failure, Progress } from "../../ui/state";
import { t } from "../../words";
import { Bar, type ViewerProps } from "../bar";
import editor from "../editor.module.css";
import { openPDF, pdfjs } from "./engine";
import styles from "./pdf.module.css";
import { makeViewer, type Viewer } from "./viewer";

/** Where each file was left, while the page is open: it may be built again and again. */
const places = new Map<string, { page: number; top: number; scale: string }>();

type State = {
  document?: PDFDocumentProxy;
  size?: number;
  problem?: string;
  error?: unknown;
  /** A password is asked for. */
  ask?: { send: (password: string) => void; wrong: boolean };
};

/** A PDF: its pages as they are scrolled to, its text to select and to search. */
export default function PDFView(props: ViewerProps) {
  const { project, path, version, way } = props;
  const state = usePDF(project, path, version);
  const box = useRef<HTMLDivElement>(null);
  const [viewer, setViewer] = useState<Viewer>();
  const [now, setNow] = useState({ page: 1, scale: 1 });
  const [link, setLink] = useState("");
  const [outline, setOutline] = useState(false);
  const key = `${project}/${path}`;
  const { document } = state;
  useEffect(() => {
    if (!document || !box.current) return;
    const made = makeViewer(box.current, document, {
      place: places.get(key),
      moved: (place, scale) => {
        places.set(key, place);
        setNow({ page: place.page, scale });
      },
      link: setLink,
    });
    setViewer(made);
    return () => {
      made.end();
      setViewer(undefined);
    };
  }, [document, key]);

  const onKeyDown = (e: KeyboardEvent) => {
    if (!viewer || e.ctrlKey || e.metaKey || e.altKey || e.target instanceof HTMLInputElement) return;
    const keys = new Map<string, () => void>([
      ["+", () => viewer.zoom(1.2)],
      ["=", () => viewer.zoom(1.2)],
      ["-", () => viewer.zoom(1 / 1.2)],
      ["0", () => viewer.fit()],
      ["1", () => viewer.scale(1)],
      ["ArrowLeft", () => viewer.go(now.page - 1)],
      ["ArrowRight", () => viewer.go(now.page + 1)],
      ["Home", () => viewer.go(1)],
      ["End", () => viewer.go(document?.numPages ?? 1)],
    ]);
    const act = keys.get(e.key);
    if (!act) return;
    e.preventDefault();
    e.stopPropagation();
    act();
  };
  return (
    <>
      <Bar
        project={project}
        path={path}
        way={way}
        about={state.size === undefined ? "" : sizeText(state.size)}
        tight
      >
        {document && viewer ? (
          <>
            <Pages page={now.page} pages={document.numPages} go={viewer.go} />
            <IconButton label={t("Smaller")} keys="-" onClick={() => viewer.zoom(1 / 1.2)}>
              <ZoomOut size={16} strokeWidth={1.5} />
            </IconButton>
            <Button
              look="quiet"
              aria-label={t("{n} %: show at actual size", { n: Math.round(now.scale * 100) })}
              onClick={() => viewer.scale(1)}
            >
              {Math.round(now.scale * 100)} %
            </Button>
            <IconButton label={t("Larger")} keys="+" onClick={() => viewer.zoom(1.2)}>
              <ZoomIn size={16} strokeWidth={1.5} />
            </IconButton>
            <IconButton label={t("Fit the width")} keys="0" onClick={() => viewer.fit()}>
              <Maximize size={16} strokeWidth={1.5} />
            </IconButton>
            <Find viewer={viewer} />
            <IconButton label={t("Outline")} aria-pressed={outline} onClick={() => setOutline(!outline)}>
              <PanelLeft size={16} strokeWidth={1.5} />
            </IconButton>
          </>
        ) : null}
      </Bar>
      {state.ask ? <Password ask={state.ask} /> : null}
      {state.error !== undefined ? <Failure error={state.error} /> : null}
      {state.problem !== undefined ? (
        <p className={editor.banner} role="alert">
          {state.problem}
        </p>
      ) : null}
      {!document && !state.ask && state.error === undefined && state.problem === undefined ? (
        <Progress>{t("Reading {path}…", { path })}</Progress>
      ) : null}
      <div className={styles.both} hidden={state.ask !== undefined} onKeyDown={onKeyDown}>
        {outline && document && viewer ? (
          <Outline document={document} viewer={viewer} close={() => setOutline(false)} />
        ) : null}
        <div className={styles.place}>
          <div
            ref={box}
            className={styles.box}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it
            tabIndex={0}
            role="document"
            aria-label={t("Pages of {path}", { path })}
          >
            <div className="pdfViewer" />
          </div>
        </div>
      </div>
      <ConfirmDialog
        open={link !== ""}
        onClose={() => setLink("")}
        title={t("Open a link of this file?")}
        description={link}
        confirm={t("Open in a new window")}
        busy={t("Opening…")}
        onConfirm={async () => {
          window.open(link, "_blank", "noopener,noreferrer");
        }}
      />
    </>
  );
}

/** The document; the one before is kept until the next can be read, as when LaTeX is writing it. */
function usePDF(project: string, path: string, version: number): State {
  const [state, setState] = useState<State>({});
  const kept = useRef<State>({});
  kept.current = state;
  useEffect(() => {
    const stop = new AbortController();
    let task: ReturnType<typeof openPDF> | undefined;
    void (async () => {
      try {
        const { size } = await statFile(project, path, stop.signal);
        // Each version has an address of its own, so that no range of an older one is mixed in.
        const url = fileAddress(project, path, { v: String(version) }).href;
        task = openPDF(url);
        task.onPassword = (send: (password: string) => void, why: number) =>
          setState({ size, ask: { send, wrong: why === pdfjs.PasswordResponses.INCORRECT_PASSWORD } });
        const document = await task.promise;
        if (stop.signal.aborted) return;
        const old = kept.current.document;
        setState({ document, size });
        void old?.loadingTask.destroy();
      } catch (e) {
        if (!stop.signal.aborted)
          setState({ ...failure(e), ...(kept.current.document && { document: kept.current.document }) });
      }
    })();
    return () => {
      stop.abort();
      if (task && kept.current.document?.loadingTask !== task) void task.destroy();
    };
  }, [project, path, version]);
  useEffect(() => () => void kept.current.document?.loadingTask.destroy(), []);
  return state;
}

function failure(e: unknown): State {
  if (e instanceof pdfjs.InvalidPDFException)
    return { problem: t("This is no PDF, or it is damaged or not whole yet.") };
  if (e instanceof Error && e.name === "ResponseException")
    return { problem: t("The file was changed or deleted while it was read.") };
  if (e instanceof Error && e.name === "PasswordException")
    return { problem: t("The file needs a password.") };
  if (e instanceof Error && e.name === "RequestError") return { error: e };
  return { problem: t("The file cannot be shown: {why}", { why: messageOf(e) }) };
}

function Pages({ page, pages, go }: { page: number; pages: number; go: (page: number) => void }) {
  const [text, setText] = useState<string>();
  return (
    <form
      className={styles.pages}
      onSubmit={(e) => {
        e.preventDefault();
        if (text !== undefined && Number(text) >= 1) go(Number(text));
        setText(undefined);
      }}
    >
      <IconButton label={t("Page before")} keys="ArrowLeft" onClick={() => go(page - 1)}>
        <ChevronUp size={16} strokeWidth={1.5} />
      </IconButton>
      <input
        className={editor.field}
        aria-label={t("Page")}
        inputMode="numeric"
        size={4}
        value={text ?? String(page)}
        onChange={(e) => setText(e.target.value)}
        onBlur={() => setText(undefined)}
      />
      <span className="numbers">{t("of {n}", { n: pages })}</span>
      <IconButton label={t("Next page")} keys="ArrowRight" onClick={() => go(page + 1)}>
        <ChevronDown size={16} strokeWidth={1.5} />
      </IconButton>
    </form>
  );
}

function Find({ viewer }: { viewer: Viewer }) {
  const [text, setText] = useState("");
  const [told, setTold] = useState("");
  useEffect(() => viewer.onFound((n, total) => setTold(total === 0 ? t("none") : `${n}/${total}`)), [viewer]);
  return (
    <form
      className={classes(styles.pages, styles.find)}
      onSubmit={(e) => {
        e.preventDefault();
        if (text !== "") viewer.find(text, true);
      }}
    >
      <input
        type="search"
        className={editor.field}
        aria-label={t("Find in the pages")}
        placeholder={t("Find")}
        size={12}
        value={text}
        onChange={(e) => {
          setText(e.target.value);
          setTold("");
          viewer.find(e.target.value, false);
        }}
      />
      <span className="numbers" role="status">
        {text === "" ? "" : told}
      </span>
    </form>
  );
}

type Chapter = Awaited<ReturnType<PDFDocumentProxy["getOutline"]>>[number];

function Outline({
  document,
  viewer,
  close,
}: {
  document: PDFDocumentProxy;
  viewer: Viewer;
  close: () => void;
}) {
  const place = useRef<HTMLElement>(null);
  const go = (to: Chapter["dest"]) => {
    if (to) void viewer.destination(to);
    // On a narrow screen it lies over the pages.
    if (place.current && getComputedStyle(place.current).position === "absolute") close();
  };
  const [list, setList] = useState<readonly Chapter[]>();
  useEffect(() => {
    document.getOutline().then(
      (o) => setList(o ?? []),
      () => setList([]),
    );
  }, [document]);
  return (
    <nav ref={place} className={styles.outline} aria-label={t("Outline")}>
      {list?.length === 0 ? <p className="quiet">{t("The file has no outline.")}</p> : null}
      <Chapters list={list ?? []} go={go} level={0} />
    </nav>
  );
}

function Chapters({
  list,
  go,
  level,
}: {
  list: readonly Chapter[];
  go: (to: Chapter["dest"]) => void;
  level: number;
}) {
  if (level > 6 || list.length === 0) return null;
  return (
    <ul>
      {list.slice(0, 2000).map((c, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an outline does not change
        <li key={i}>
          <button type="button" style={{ paddingLeft: 8 + level * 12 }} onClick={() => go(c.dest)}>
            {c.title}
          </button>
          <Chapters list={c.items ?? []} go={go} level={level + 1} />
        </li>
      ))}
    </ul>
  );
}

function Password({ ask }: { ask: NonNullable<State["ask"]> }) {
  const [text, setText] = useState("");
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    // Who opened the file by keys goes on by keys; nobody else is disturbed.
    const here = form.current?.parentElement?.contains(document.activeElement);
    if (here) form.current?.querySelector("input")?.focus();
  }, []);
  return (
    <form
      ref={form}
      className={editor.centre}
      onSubmit={(e) => {
        e.preventDefault();
        ask.send(text);
        setText("");
      }}
    >
      <h2>{t("The file is encrypted")}</h2>
      <Field
        label={t("Its password")}
        type="password"
        autoComplete="off"
        value={text}
        error={ask.wrong ? t("This is not its password.") : undefined}
        onChange={(e) => setText(e.target.value)}
      />
      <Button type="submit" look="primary">
        {t("Open")}
      </Button>
    </form>
  );
}
