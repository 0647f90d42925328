// biome-ignore-all lint/a11y/useSemanticElements: a group of nothing to fill in is no <fieldset>
import { ChevronLeft, ChevronRight, Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { fetchRaw } from "../../api/fetch";
import { type Picture, pictureAddress, readPicture } from "../../api/previews";
import { fileAddress, listFolder } from "../../api/project";
import { size as sizeText } from "../../ui/ago";
import { Button, IconButton } from "../../ui/button";
import { Failure, Progress } from "../../ui/state";
import { t } from "../../words";
import { Bar, type ViewerProps } from "../bar";
import { download } from "../download/download";
import editor from "../editor.module.css";
import { extensionOf, kindOf } from "../kind";
import styles from "./picture.module.css";
import { fitScale, type View, zoomAt } from "./zoom";

/** Pixels above which a smaller picture is shown first, and how wide that is. */
const large = 24_000_000;
const scaledWidth = 2048;
/** The largest drawing (SVG) that is shown, in bytes. */
const mostSVG = 8 << 20;

/** A picture: fitted, zoomed, moved, and the next one of the folder. */
export default function PictureView(props: ViewerProps & { turn: (path: string) => void }) {
  const { project, path, version, way, turn } = props;
  const [full, setFull] = useState("");
  const read = useSource(project, path, version, full === path);
  const { step, position } = useNeighbours(project, path, turn);
  const about = [read.about, position].filter(Boolean).join(" · ");
  const arrows = position ? (
    <>
      <IconButton label={t("Picture before")} keys="ArrowLeft" onClick={() => step(-1)}>
        <ChevronLeft size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("Next picture")} keys="ArrowRight" onClick={() => step(1)}>
        <ChevronRight size={16} strokeWidth={1.5} />
      </IconButton>
    </>
  ) : null;
  if (read.source === undefined)
    return (
      <div
        className={editor.fill}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys go to the next picture
        tabIndex={0}
        role="group"
        aria-label={path}
        onKeyDown={(e) => {
          if (e.key === "ArrowLeft") step(-1);
          if (e.key === "ArrowRight") step(1);
        }}
      >
        <Bar project={project} path={path} way={way} about={about}>
          {arrows}
        </Bar>
        {read.error !== undefined ? (
          <Failure error={read.error} />
        ) : read.refused !== undefined ? (
          <div className={editor.centre}>
            <p>{read.refused}</p>
            <Button onClick={() => download(project, path)}>{t("Download")}</Button>
          </div>
        ) : (
          <Progress>{t("Reading the picture…")}</Progress>
        )}
      </div>
    );
  return (
    <Stage key={path} {...props} source={read.source} about={about} step={step} natural={read.natural}>
      {arrows}
      {read.scaled ? (
        <Button look="quiet" onClick={() => setFull(path)}>
          {t("Load full size")}
        </Button>
      ) : null}
    </Stage>
  );
}

type Source = {
  source?: string;
  about?: string;
  /** Its true size, when what is shown is smaller. */
  natural?: { width: number; height: number };
  scaled?: boolean;
  refused?: string;
  error?: unknown;
};

/** Where the picture comes from: the file itself, or from the server made smaller. */
function useSource(project: string, path: string, version: number, full: boolean): Source {
  const [read, setRead] = useState<Source & { path?: string }>({});
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is read again
  useEffect(() => {
    const stop = new AbortController();
    let made = "";
    const load = extensionOf(path) === "svg" ? loadSVG : loadPicture;
    load(project, path, full, stop.signal).then(
      (s) => {
        if (s.source?.startsWith("blob:")) made = s.source;
        if (stop.signal.aborted) URL.revokeObjectURL(made);
        else setRead({ ...s, path });
      },
      (error: unknown) => stop.signal.aborted || setRead({ error, path }),
    );
    return () => {
      stop.abort();
      if (made !== "") URL.revokeObjectURL(made);
    };
  }, [project, path, version, full]);
  return read.path === path ? read : {};
}

async function loadPicture(
  project: string,
  path: string,
  full: boolean,
  signal: AbortSignal,
): Promise<Source> {
  const p = await readPicture(project, path, signal);
  const about = `${p.width} × ${p.height} · ${sizeText(p.size)}`;
  const pixels = p.width * p.height;
  if (p.tooLarge)
    return {
      about,
      refused: t("The picture has {n} million pixels, too many to be shown here. Download it.", {
        n: Math.round(pixels / 1e6),
      }),
    };
  const smaller = p.format === "tiff" || (pixels > large && !full);
  if (smaller && !p.scalable && p.format === "tiff")
    return { about, refused: t("The picture is too large in its form to be shown here. Download it.") };
  const scaled = smaller && p.scalable;
  const url = scaled ? pictureAddress(project, path, scaledWidth) : fileAddress(project, path);
  const answer = await fetchRaw(url, { signal, cache: "no-cache" });
  const source = URL.createObjectURL(await answer.blob());
  return { source, about, ...(scaled && { natural: sizeOf(p), scaled: p.format !== "tiff" }) };
}

function sizeOf(p: Picture) {
  return { width: p.width, height: p.height };
}

/**
 * A drawing as a picture: in <img>, nothing in it runs and nothing is loaded. By a
 * data: address it has no origin either, should somebody open it by itself.
 */
async function loadSVG(project: string, path: string, _: boolean, signal: AbortSignal): Promise<Source> {
  const answer = await fetchRaw(fileAddress(project, path), { signal, cache: "no-cache" });
  const size = Number(answer.headers.get("Content-Length") ?? 0);
  if (size > mostSVG)
    return { about: sizeText(size), refused: t("The drawing is too large to be shown here.") };
  const bytes = await answer.blob();
  const source = await new Promise<string>((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(new Blob([bytes], { type: "image/svg+xml" }));
  });
  return { source, about: sizeText(bytes.size) };
}

/** The other pictures of the folder. */
function useNeighbours(project: string, path: string, turn: (path: string) => void) {
  const dir = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const [names, setNames] = useState<string[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    listFolder(project, dir, { signal: stop.signal }).then(
      (l) =>
        setNames(l.items.filter((e) => e.kind !== "dir" && kindOf(e.path) === "picture").map((e) => e.path)),
      () => undefined, // the picture is shown all the same
    );
    return () => stop.abort();
  }, [project, dir]);
  const at = names.indexOf(path);
  return {
    position: at >= 0 && names.length > 1 ? t("{n} of {total}", { n: at + 1, total: names.length }) : "",
    step: (by: number) => {
      const next = names[(at + by + names.length) % names.length];
      if (at >= 0 && next !== undefined && next !== path) turn(next);
    },
  };
}

/** Where the picture is looked at. */
function Stage(
  p: ViewerProps & {
    source: string;
    about: string;
    natural: { width: number; height: number } | undefined;
    step: (by: number) => void;
    children: React.ReactNode;
  },
) {
  const stage = useRef<HTMLDivElement>(null);
  const [own, setOwn] = useState<{ width: number; height: number }>();
  const [view, setView] = useState<View>();
  // Another version of the file is tried anew.
  const [failed, setFailed] = useState("");
  const fingers = useRef(new Map<number, { x: number; y: number }>());
  const natural = p.natural ?? own;
  const box = () => ({ width: stage.current?.clientWidth ?? 1, height: stage.current?.clientHeight ?? 1 });
  const fit = natural ? fitScale(natural, box()) : 1;
  const shown: View = view ?? { scale: fit, x: 0, y: 0 };
  /** From what it is then: two fingers may tell of themselves before anything is drawn. */
  const change = (next: (v: View) => View) => setView((v) => next(v ?? { scale: fit, x: 0, y: 0 }));
  const zoom = (by: number, x = 0, y = 0) => change((v) => zoomAt(v, by, x, y, fit));
  const move = (x: number, y: number) => change((v) => ({ ...v, x: v.x + x, y: v.y + y }));
  const toFit = () => setView(undefined);
  const [, resized] = useState(0);
  useEffect(() => {
    const el = stage.current;
    if (!el) return;
    const watch = new ResizeObserver(() => resized((n) => n + 1));
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  const wheel = useRef<(e: WheelEvent) => void>(undefined);
  wheel.current = (e) => {
    e.preventDefault();
    const r = stage.current?.getBoundingClientRect();
    if (!r) return;
    zoom(
      Math.exp(-e.deltaY / (e.ctrlKey ? 100 : 400)),
      e.clientX - r.left - r.width / 2,
      e.clientY - r.top - r.height / 2,
    );
  };
  useEffect(() => {
    const el = stage.current;
    const onWheel = (e: WheelEvent) => wheel.current?.(e);
    el?.addEventListener("wheel", onWheel, { passive: false }); // or the page would zoom with it
    return () => el?.removeEventListener("wheel", onWheel);
  }, []);
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const moved = shown.scale > fit * 1.01;
    const by = 60;
    const pan: Record<string, [number, number]> = {
      ArrowLeft: [by, 0],
      ArrowRight: [-by, 0],
      ArrowUp: [0, by],
      ArrowDown: [0, -by],
    };
    const way = pan[e.key];
    if (e.key === "+" || e.key === "=") zoom(1.25);
    else if (e.key === "-") zoom(0.8);
    else if (e.key === "0") toFit();
    else if (e.key === "1") setView({ scale: 1, x: 0, y: 0 });
    else if (way && (moved || e.shiftKey)) move(way[0], way[1]);
    else if (e.key === "ArrowLeft" || e.key === "PageUp") p.step(-1);
    else if (e.key === "ArrowRight" || e.key === "PageDown") p.step(1);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const drag = (e: React.PointerEvent) => {
    const before = fingers.current.get(e.pointerId);
    if (!before) return;
    const now = { x: e.clientX, y: e.clientY };
    const other = [...fingers.current].find(([id]) => id !== e.pointerId)?.[1];
    fingers.current.set(e.pointerId, now);
    if (other) {
      const far =
        Math.hypot(now.x - other.x, now.y - other.y) /
        Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      const r = e.currentTarget.getBoundingClientRect();
      // Around the point between the fingers, which stays where it is.
      const [x, y] = [(now.x + other.x) / 2, (now.y + other.y) / 2];
      zoom(far, x - r.left - r.width / 2, y - r.top - r.height / 2);
    } else move(now.x - before.x, now.y - before.y);
  };
  const name = p.path.slice(p.path.lastIndexOf("/") + 1);
  const shape =
    own && p.about.includes("×")
      ? p.about
      : [own && `${own.width} × ${own.height}`, p.about].filter(Boolean).join(" · ");
  return (
    <>
      <Bar project={p.project} path={p.path} way={p.way} about={shape}>
        {p.children}
        <IconButton label={t("Smaller")} keys="-" onClick={() => zoom(0.8)}>
          <ZoomOut size={16} strokeWidth={1.5} />
        </IconButton>
        <Button
          look="quiet"
          aria-label={t("{n} %: show at actual size", { n: Math.round(shown.scale * 100) })}
          aria-pressed={shown.scale === 1}
          onClick={() => setView({ scale: 1, x: 0, y: 0 })}
        >
          {Math.round(shown.scale * 100)} %
        </Button>
        <IconButton label={t("Larger")} keys="+" onClick={() => zoom(1.25)}>
          <ZoomIn size={16} strokeWidth={1.5} />
        </IconButton>
        <IconButton label={t("Fit")} keys="0" onClick={toFit}>
          <Maximize size={16} strokeWidth={1.5} />
        </IconButton>
      </Bar>
      <div
        ref={stage}
        className={styles.stage}
        role="group"
        aria-label={t("Picture {name}", { name })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys zoom and move
        tabIndex={0}
        onKeyDown={onKeyDown}
        onDoubleClick={() => (view ? toFit() : setView({ scale: 1, x: 0, y: 0 }))}
        onPointerDown={(e) => {
          if (e.target instanceof Element && e.target.closest("button")) return;
          e.currentTarget.setPointerCapture(e.pointerId);
          fingers.current.set(e.pointerId, { x: e.clientX, y: e.clientY });
        }}
        onPointerMove={drag}
        onPointerUp={(e) => fingers.current.delete(e.pointerId)}
        onPointerCancel={(e) => fingers.current.delete(e.pointerId)}
      >
        {failed === p.source ? (
          <div className={editor.centre}>
            <p>
              {t("This browser cannot show the picture: it is damaged, or of a kind that it does not know.")}
            </p>
            <Button onClick={() => download(p.project, p.path)}>{t("Download")}</Button>
          </div>
        ) : (
          <img
            src={p.source}
            alt={name}
            draggable={false}
            style={{
              width: natural ? natural.width * shown.scale : undefined,
              transform: `translate(calc(-50% + ${shown.x}px), calc(-50% + ${shown.y}px))`,
              imageRendering: shown.scale >= 3 ? "pixelated" : "auto",
            }}
            onLoad={(e) => {
              // A drawing may have no size of its own.
              setOwn({
                width: e.currentTarget.naturalWidth || 300,
                height: e.currentTarget.naturalHeight || 150,
              });
            }}
            onError={() => setFailed(p.source)}
          />
        )}
      </div>
    </>
  );
}
