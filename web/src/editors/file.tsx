import { FileQuestion } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { isKind } from "../api/problem";
import { useActions } from "../ui/action";
import { Button } from "../ui/button";
import { Failure, Progress } from "../ui/state";
import { t } from "../words";
import { Bar, type Way } from "./bar";
import styles from "./editor.module.css";
import { type Head, passes, readHead } from "./head";
import type { EditorProps } from "./host";
import { type FileKind, kindOf, wayName, waysOf } from "./kind";
import { useWay } from "./way";

const TextEditor = lazy(() => import("./text/text"));
const PictureView = lazy(() => import("./image/picture"));
const MediaView = lazy(() => import("./media/media"));
const PDFView = lazy(() => import("./pdf/pdf"));
const TableView = lazy(() => import("./table/table"));
const TreeView = lazy(() => import("./tree/tree"));
const LinesView = lazy(() => import("./lines/lines"));
const ArchiveView = lazy(() => import("./archive/archive"));
const NotebookEditor = lazy(() => import("./notebook/notebook"));
const HexView = lazy(() => import("./hex/hex"));

/** Whatever shows the file of a path. version changes when the file may have, on the disk. */
export function FileEditor(props: EditorProps & { version: number }) {
  const { host, path, running, canWrite, active } = props;
  const [kind, choose] = useWay(host.project, path);
  const way: Way = { kind, choose, canWrite };
  useActions(
    active
      ? waysOf(path).map((k) => ({
          id: `file.as.${k}`,
          label: t("Open as: {way}", { way: wayName(k) }),
          group: t("Files"),
          when: () => k !== kind,
          run: () => choose(k),
        }))
      : [],
  );
  if (kind === "notebook" || (kind === "text" && kindOf(path) === "notebook"))
    return <Notebook {...props} way={way} />;
  if (kind === "text") return <MaybeText {...props} way={way} />;
  if (!running) return <Waiting />;
  return <Viewed {...props} way={way} kind={kind} />;
}

/** A notebook; one that the project reads as text only is text. */
function Notebook(props: EditorProps & { version: number; way: Way }) {
  const { path } = props;
  const [text, setText] = useState(false);
  const asText = useCallback(() => setText(true), []);
  if (text) return <MaybeText {...props} />;
  return (
    <div className={styles.fill}>
      <Suspense fallback={<Progress>{t("Opening {path}…", { path })}</Progress>}>
        <NotebookEditor {...props} asText={asText} />
      </Suspense>
    </div>
  );
}

/** A file that is looked at. What cannot be shown in one way can still be in another. */
function Viewed(props: EditorProps & { version: number; way: Way; kind: FileKind; why?: string }) {
  const { host, path, version, way, kind, why } = props;
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    host.tell({
      document: undefined,
      position: undefined,
      kernel: undefined,
      language: undefined,
      crlf: undefined,
      peers: undefined,
    });
    host.offer({
      focus: () => focusIn(place.current, 'input[type="password"], [tabindex="0"], audio, video'),
    });
    return () => host.offer(undefined);
  }, [host]);
  const given = { project: host.project, path, version, way, ...(why && { why }) };
  const show = () => {
    switch (kind) {
      case "picture":
        return <PictureView {...given} turn={host.turn} />;
      case "audio":
      case "video":
        return <MediaView {...given} kind={kind} />;
      case "pdf":
        return <PDFView key={path} {...given} />;
      case "table":
        return <TableView key={path} {...given} />;
      case "tree":
        return <TreeView key={path} {...given} />;
      case "archive":
        return <ArchiveView key={path} {...given} />;
      case "lines":
        return <LinesView key={path} {...given} />;
      default:
        return <HexView key={path} {...given} />;
    }
  };
  return (
    <div ref={place} tabIndex={-1} className={styles.fill}>
      <Suspense fallback={<Progress>{t("Opening {path}…", { path })}</Progress>}>{show()}</Suspense>
    </div>
  );
}

/**
 * Gives the focus to the first of what a selector names; where there is none, to
 * the place itself. False while something is still read.
 */
function focusIn(place: HTMLElement | null, selector: string): boolean {
  const found = place?.querySelector<HTMLElement>(selector);
  if (!found && place?.querySelector("[data-progress]")) return false;
  const at = found ?? place;
  at?.focus();
  return at !== null && at === document.activeElement;
}

type Read = { head?: Head; error?: unknown };

/** Reads the beginning of the file, and then knows what it is. */
function MaybeText(props: EditorProps & { version: number; way: Way }) {
  const { host, path, running, way } = props;
  const [read, again] = useHead(props);
  const edits = useCopy(props);
  const loading = <Progress>{t("Opening {path}…", { path })}</Progress>;
  const { head, error } = read;
  // What this browser kept is shown at once, and whatever became of the file while edits of it wait.
  const kept = edits !== undefined && (edits > 0 || (head === undefined && error === undefined));
  if (!kept && error !== undefined && running)
    return <Unreadable host={host} error={error} path={path} again={again} />;
  if (!kept && head === undefined)
    return running ? <div className={styles.fill}>{loading}</div> : <Waiting />;
  if (!kept && head?.kind === "binary") return <Viewed {...props} kind="hex" why={t("Not text")} />;
  if (!kept && head?.kind === "large") return <Viewed {...props} kind="lines" why={t("Too large to edit")} />;
  if (!kept && head?.kind === "foreign")
    return <Viewed {...props} kind="lines" why={t("Not UTF-8, so not edited here")} />;
  const editor = (
    <Suspense fallback={<div className={styles.fill}>{loading}</div>}>
      <TextEditor {...props} text={head?.kind === "text" ? head.text : ""} />
    </Suspense>
  );
  const own = kindOf(path);
  if (own === "text" || own === "notebook") return editor;
  return (
    <div className={styles.fill}>
      <Bar project={host.project} path={path} way={way}>
        <Button look="quiet" onClick={() => way.choose(own)}>
          {t("Show as: {way}", { way: wayName(own) })}
        </Button>
      </Bar>
      <div className={styles.text}>{editor}</div>
    </div>
  );
}

/** How many edits wait in what this browser keeps of the file; undefined when it keeps nothing of it. */
function useCopy({ host, path }: EditorProps): number | undefined {
  const [edits, setEdits] = useState<number>();
  const [first] = useState(path);
  useEffect(() => {
    let gone = false;
    host.documents.copyOf(first).then(
      (n) => gone || setEdits(n),
      () => undefined, // without a copy it is read from the project
    );
    return () => {
      gone = true;
    };
  }, [host, first]);
  return edits;
}

/**
 * The beginning of the file, read once: later changes come with the live document.
 * What could not be read is read again when something happened to it on the disk.
 */
function useHead({ host, path, running, version }: EditorProps & { version: number }): [Read, () => void] {
  const [read, setRead] = useState<Read>({});
  const [tries, setTries] = useState(0);
  const [first] = useState(path); // a file that is renamed while it is open is not read again
  const known = read.head !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each try and each change reads again
  useEffect(() => {
    if (!running || known) return;
    const stop = new AbortController();
    let later: ReturnType<typeof setTimeout> | undefined;
    readHead(host.project, first, stop.signal).then(
      (head) => stop.signal.aborted || setRead({ head }),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        if (passes(error)) later = setTimeout(() => setTries((n) => n + 1), 1000);
        else setRead({ error });
      },
    );
    return () => {
      stop.abort();
      clearTimeout(later);
    };
  }, [host, first, running, known, tries, known ? 0 : version]);
  const again = () => {
    setRead({});
    setTries((n) => n + 1);
  };
  return [read, again];
}

function Waiting() {
  return (
    <div className={styles.centre}>
      <p>{t("The project does not run. Its files are there when it does.")}</p>
    </div>
  );
}

function Unreadable({
  host,
  error,
  path,
  again,
}: Pick<EditorProps, "host" | "path"> & { error: unknown; again: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    host.offer({ focus: () => focusIn(place.current, "button") });
    return () => host.offer(undefined);
  }, [host]);
  return (
    <div ref={place} tabIndex={-1} className={styles.fill}>
      {isKind(error, "not-found") ? (
        <div className={styles.centre}>
          <FileQuestion size={28} strokeWidth={1.25} aria-hidden />
          <h2>{t("There is no such file")}</h2>
          <p>{t("{path} was moved, renamed or deleted.", { path })}</p>
        </div>
      ) : (
        <Failure error={error} onRetry={again} />
      )}
    </div>
  );
}
