import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { fetchRaw } from "../../api/fetch";
import { blobAddress } from "../../api/notebooks";
import { messageOf } from "../../api/problem";
import { hasScripts, textOf } from "../../jupyter/mime";
import { Button } from "../../ui/button";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import type { Cell } from "./cell";
import { record } from "./cell";
import { Frame, type FrameContent } from "./frame";
import { useBook, usePart, useStore } from "./hooks";
import { JSONTree } from "./json";
import styles from "./notebook.module.css";
import { type Choice, choiceOf, type Shown } from "./output";
import { Stream } from "./outputs";
import { ProseView } from "./proseview";

type Data = Extract<Shown, { kind: "data" }>;

/** An output that is data of some media types: the best of them is shown. */
export function DataOutput({ shown, cell }: { shown: Data; cell: Cell }) {
  const choice = useMemo(() => choiceOf(shown.data, shown.metadata), [shown]);
  if (!choice) {
    const types = Object.keys(shown.data).join(", ");
    return (
      <p className={classes(styles.output, styles.plainNote)}>
        {types === ""
          ? t("This output is empty.")
          : t("Outputs of the type {types} cannot be shown here.", { types })}
      </p>
    );
  }
  if (choice.blob) return <Aside shown={shown} choice={choice} cell={cell} />;
  return <Rendered shown={shown} choice={choice} value={shown.data[choice.type]} cell={cell} />;
}

/** Bytes of an output that are read without being asked for. */
const readAtOnce = 20 << 20;

/** An output that lies beside the document: it is read when it is seen. */
function Aside({ shown, choice, cell }: { shown: Data; choice: Choice; cell: Cell }) {
  const { project } = useBook();
  const { type, renderer, blob } = choice;
  const address = blob ? blobAddress(project, blob.hash, type).href : "";
  const direct = renderer === "image" || renderer === "audio" || renderer === "video";
  const [wanted, setWanted] = useState((blob?.size ?? 0) <= readAtOnce);
  const [read, setRead] = useState<{ value?: unknown; error?: unknown }>({});
  useEffect(() => {
    if (direct || !wanted) return;
    const stop = new AbortController();
    const get = async () => {
      const answer = await fetchRaw(new URL(address), { signal: stop.signal });
      if (renderer === "pdf") return address;
      const text = await answer.text();
      return renderer === "vega" || renderer === "plotly" || renderer === "json" ? JSON.parse(text) : text;
    };
    get().then(
      (value: unknown) => stop.signal.aborted || setRead({ value }),
      (error: unknown) => stop.signal.aborted || setRead({ error }),
    );
    return () => stop.abort();
  }, [address, direct, renderer, wanted]);
  if (direct)
    return <Rendered shown={shown} choice={choice} value={undefined} address={address} cell={cell} />;
  if (read.value !== undefined)
    return <Rendered shown={shown} choice={choice} value={read.value} address={address} cell={cell} />;
  const preview = shown.data[type] ?? shown.data["text/plain"];
  return (
    <>
      {preview === undefined ? null : <Stream text={textOf(preview)} />}
      <p className={classes(styles.output, styles.plainNote)}>
        {read.error !== undefined
          ? t("The whole output could not be read: {why}", { why: messageOf(read.error) })
          : wanted
            ? t("Reading the whole output…")
            : t("The whole output has {size} MB.", { size: Math.round((blob?.size ?? 0) / 1e6) })}
        {wanted ? null : <Button onClick={() => setWanted(true)}>{t("Read it")}</Button>}
      </p>
    </>
  );
}

type RenderedProps = { shown: Data; choice: Choice; value: unknown; address?: string; cell: Cell };

function Rendered({ shown, choice, value, address, cell }: RenderedProps) {
  const { type, renderer } = choice;
  switch (renderer) {
    case "image":
    case "svg":
      return <Picture shown={shown} type={type} value={value} {...(address && { address })} />;
    case "html":
    case "script":
    case "vega":
    case "plotly":
      return <Active shown={shown} choice={choice} value={value} cell={cell} />;
    case "markdown":
      return (
        <div className={styles.output}>
          <ProseView text={textOf(value)} kind="markdown" />
        </div>
      );
    case "latex":
      return (
        <div className={styles.output}>
          <ProseView text={textOf(value)} kind="latex" />
        </div>
      );
    case "json":
      return (
        <div className={styles.output}>
          <JSONTree
            value={typeof value === "string" ? parsed(value) : value}
            open={record(shown.metadata[type]).expanded === true}
          />
        </div>
      );
    case "pdf":
      return <PDF type={type} value={value} {...(address && { address })} />;
    case "audio":
    case "video":
      return <Sound kind={renderer} src={address ?? dataURL(type, value)} />;
    case "widget":
      return <Widget shown={shown} cell={cell} id={String(record(value).model_id ?? "")} />;
    default:
      return <Stream text={textOf(value)} />;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function dataURL(type: string, value: unknown): string {
  return `data:${type};base64,${textOf(value).replace(/\s/g, "")}`;
}

function Picture({
  shown,
  type,
  value,
  address,
}: {
  shown: Data;
  type: string;
  value: unknown;
  address?: string;
}) {
  const about = record(shown.metadata[type]);
  const number = (v: unknown) => (typeof v === "number" && v > 0 && v < 20_000 ? v : undefined);
  const src = useMemo(
    () =>
      address ??
      (type === "image/svg+xml"
        ? `data:image/svg+xml,${encodeURIComponent(textOf(value))}`
        : dataURL(type, value)),
    [address, type, value],
  );
  const plain = textOf(shown.data["text/plain"]);
  const alt = typeof about.alt === "string" ? about.alt : plain || t("Picture of the output");
  return (
    <div className={styles.output}>
      <img
        className={classes(
          styles.image,
          (about.needs_background === "light" || type === "image/svg+xml") && styles.onWhite,
        )}
        src={src}
        alt={alt}
        width={number(about.width)}
        height={number(about.width) ? undefined : number(about.height)}
        decoding="async"
      />
    </div>
  );
}

function Sound({ kind, src }: { kind: "audio" | "video"; src: string }) {
  return (
    <div className={styles.output}>
      {kind === "audio" ? (
        // biome-ignore lint/a11y/useMediaCaption: what a program made has no captions
        <audio controls src={src} />
      ) : (
        // biome-ignore lint/a11y/useMediaCaption: as above
        <video controls src={src} className={styles.image} />
      )}
    </div>
  );
}

const PDFPages = lazy(() => import("./pdfoutput"));

/** A PDF: its pages, and the file to be taken along. */
function PDF({ type, value, address }: { type: string; value: unknown; address?: string }) {
  const from = useMemo(() => address ?? bytesOf(textOf(value)), [address, value]);
  return (
    <div className={styles.output}>
      <Suspense fallback={<p className={styles.plainNote}>{t("Reading the PDF…")}</p>}>
        <PDFPages from={from} label={t("Pages of the PDF")} />
      </Suspense>
      <p className={styles.plainNote}>
        <a href={address ?? dataURL(type, value)} download="output.pdf">
          {t("Download the PDF")}
        </a>
      </p>
    </div>
  );
}

/** The bytes of a text in base64; none when it is not. */
function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replace(/\s/g, "")), (c) => c.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** HTML, scripts and plots: in a frame of their own; scripts that came with the file ask first. */
function Active({ shown, choice, value, cell }: { shown: Data; choice: Choice; value: unknown; cell: Cell }) {
  const book = useBook();
  const { renderer, type } = choice;
  const produced = usePart(cell.produced, (p) => p);
  const told = usePart(book.link.state, (l) => l.state.produced?.includes(cell.id) ?? false);
  const trusted = useStore(book.trusted) || produced || told;
  const html = renderer === "html" ? textOf(value) : "";
  const scripts = renderer === "script" || (renderer === "html" && hasScripts(html));
  const quiet = useQuiet(html, scripts && !trusted);
  const content = useMemo((): FrameContent | undefined => {
    if (scripts && !trusted) return quiet === undefined ? undefined : { t: "html", html: quiet };
    switch (renderer) {
      case "vega":
        return { t: "vega", spec: value, kind: type.includes("vegalite") ? "vega-lite" : "vega" };
      case "plotly":
        return { t: "plotly", spec: value };
      case "script":
        return { t: "script", text: textOf(value) };
      default:
        return { t: "html", html };
    }
  }, [renderer, type, value, html, scripts, trusted, quiet]);
  const plain = textOf(shown.data["text/plain"]).split("\n")[0]?.slice(0, 100);
  return (
    <div className={styles.output}>
      {scripts && !trusted ? (
        <p className={styles.plainNote}>
          {t("This output came with the file and has scripts. They have not run.")}
          <Button onClick={() => book.trust()}>{t("Trust this notebook")}</Button>
        </p>
      ) : null}
      {content && !(content.t === "html" && content.html.trim() === "") ? (
        <Frame
          content={content}
          label={plain ? t("Output: {text}", { text: plain }) : t("Output")}
          guess={renderer === "html" ? 160 : 400}
          leave={() => book.page.go(cell.key)}
        />
      ) : null}
    </div>
  );
}

/** HTML whose scripts are taken out; undefined until that is done. */
function useQuiet(html: string, wanted: boolean): string | undefined {
  const [quiet, setQuiet] = useState<string>();
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    void import("./prose").then(
      (m) => gone || setQuiet(m.withoutScripts(html)),
      () => gone || setQuiet(""),
    );
    return () => {
      gone = true;
    };
  }, [html, wanted]);
  return quiet;
}

/** A widget of Jupyter: in a frame, with the kernel at its other end, or as the file knows it. */
function Widget({ shown, cell, id }: { shown: Data; cell: Cell; id: string }) {
  const book = useBook();
  const { comms } = book;
  const there = usePart(comms.version, () => comms.has(id));
  const content = useMemo(
    (): FrameContent | undefined =>
      there ? { t: "widget", model: id, opens: () => comms.openings() } : undefined,
    [there, id, comms],
  );
  const plain = textOf(shown.data["text/plain"]);
  if (!content) {
    return (
      <>
        {plain === "" ? null : <Stream text={plain} />}
        <p className={classes(styles.output, styles.plainNote)}>
          {t("This widget is not there any more. Run the cell to have it again.")}
        </p>
      </>
    );
  }
  return (
    <div className={styles.output}>
      <Frame
        content={content}
        label={t("Widget")}
        guess={40}
        leave={() => book.page.go(cell.key)}
        wire={comms}
      />
    </div>
  );
}
