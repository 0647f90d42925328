import { useEffect, useState } from "react";
import { fetchRaw } from "../../api/fetch";
import { fileAddress } from "../../api/project";
import { size } from "../../ui/ago";
import { Button } from "../../ui/button";
import { Failure, Progress } from "../../ui/state";
import { t } from "../../words";
import { DownloadLink } from "../download/download";
import styles from "../editor.module.css";
import type { EditorProps } from "../host";

/** An image, whole or at its own size. version changes when the file did. */
export function ImageView({ host, path, version }: Pick<EditorProps, "host" | "path"> & { version: number }) {
  const read = useImage(host.project, path, version);
  const [actual, setActual] = useState(false);
  const [shape, setShape] = useState("");
  if (read.error !== undefined) return <Failure error={read.error} />;
  if (read.url === undefined) return <Progress>{t("Reading the image…")}</Progress>;
  const name = path.slice(path.lastIndexOf("/") + 1);
  return (
    <>
      <div className={styles.bar}>
        <span>
          {shape} · {size(read.bytes)}
        </span>
        <Button look="quiet" aria-pressed={actual} onClick={() => setActual(!actual)}>
          {t("Actual size")}
        </Button>
        <DownloadLink project={host.project} path={path} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it */}
      <section className={styles.image} tabIndex={0} aria-label={name}>
        <img
          src={read.url}
          alt={name}
          className={actual ? styles.actual : undefined}
          onLoad={(e) => setShape(`${e.currentTarget.naturalWidth} × ${e.currentTarget.naturalHeight}`)}
          onError={() => setShape(t("This image cannot be shown."))}
        />
      </section>
    </>
  );
}

function useImage(project: string, path: string, version: number) {
  const [read, setRead] = useState<{ url?: string; bytes: number; error?: unknown }>({ bytes: 0 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is read again
  useEffect(() => {
    const stop = new AbortController();
    let url = "";
    fetchRaw(fileAddress(project, path), { signal: stop.signal, cache: "no-cache" })
      .then((answer) => answer.blob())
      .then((blob) => {
        if (stop.signal.aborted) return;
        url = URL.createObjectURL(blob);
        setRead({ url, bytes: blob.size });
      })
      .catch((error: unknown) => {
        if (!stop.signal.aborted) setRead({ bytes: 0, error });
      });
    return () => {
      stop.abort();
      if (url !== "") URL.revokeObjectURL(url);
    };
  }, [project, path, version]);
  return read;
}
