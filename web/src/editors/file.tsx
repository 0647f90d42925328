import { FileQuestion } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { isKind } from "../api/problem";
import { size } from "../ui/ago";
import { Failure, Progress } from "../ui/state";
import { t } from "../words";
import { DownloadLink, DownloadView } from "./download/download";
import styles from "./editor.module.css";
import { type Head, passes, readHead } from "./head";
import type { EditorProps } from "./host";
import { ImageView } from "./image/image";
import { kindOf } from "./kind";
import { MediaView } from "./media/media";

const TextEditor = lazy(() => import("./text/text"));
const Reading = lazy(() => import("./text/reading"));

/** Whatever shows the file of a path. version changes when the file may have, on the disk. */
export function FileEditor(props: EditorProps & { version: number }) {
  const { host, path, running, version } = props;
  const kind = kindOf(path);
  if (kind === "text") return <MaybeText {...props} />;
  if (!running) return <Waiting />;
  return (
    <div className={styles.fill}>
      {kind === "image" ? (
        <ImageView host={host} path={path} version={version} />
      ) : (
        <MediaView host={host} path={path} kind={kind} />
      )}
    </div>
  );
}

type Read = { head?: Head; error?: unknown };

/** Reads the beginning of the file, and then knows what it is. */
function MaybeText(props: EditorProps & { version: number }) {
  const { host, path, running } = props;
  const [read, again] = useHead(props);
  const loading = <Progress>{t("Opening {path}…", { path })}</Progress>;
  if (read.error !== undefined && running) return <Unreadable error={read.error} path={path} again={again} />;
  if (read.head === undefined) return running ? <div className={styles.fill}>{loading}</div> : <Waiting />;
  const { head } = read;
  return (
    <Suspense fallback={<div className={styles.fill}>{loading}</div>}>
      {head.kind === "text" ? (
        <TextEditor {...props} text={head.text} />
      ) : (
        <div className={styles.fill}>
          {head.kind === "binary" ? (
            <DownloadView project={host.project} path={path} bytes={head.bytes} total={head.size} />
          ) : (
            <>
              <div className={styles.banner}>
                <p>
                  {t("This file has {size}, too much to be edited here. This is how it begins.", {
                    size: size(head.size),
                  })}
                </p>
                <DownloadLink project={host.project} path={path} />
              </div>
              <Reading host={host} path={path} text={head.text} />
            </>
          )}
        </div>
      )}
    </Suspense>
  );
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

function Unreadable({ error, path, again }: { error: unknown; path: string; again: () => void }) {
  if (!isKind(error, "not-found")) return <Failure error={error} onRetry={again} />;
  return (
    <div className={styles.centre}>
      <FileQuestion size={28} strokeWidth={1.25} aria-hidden />
      <h2>{t("There is no such file")}</h2>
      <p>{t("{path} was moved, renamed or deleted.", { path })}</p>
    </div>
  );
}
