import { useState } from "react";
import { fileAddress } from "../../api/project";
import { t } from "../../words";
import { DownloadLink } from "../download/download";
import styles from "../editor.module.css";
import type { EditorProps } from "../host";

/** Sound or film, played as it is read. */
export function MediaView({
  host,
  path,
  kind,
}: Pick<EditorProps, "host" | "path"> & { kind: "audio" | "video" }) {
  const [failed, setFailed] = useState(false);
  const name = path.slice(path.lastIndexOf("/") + 1);
  const Player = kind;
  return (
    <div className={styles.centre}>
      <h2>{name}</h2>
      {failed ? (
        <p>{t("This browser cannot play the file.")}</p>
      ) : (
        // Captions would be another file of the project; there is no telling which.
        <Player
          className={styles.media}
          controls
          preload="metadata"
          src={fileAddress(host.project, path).href}
          aria-label={name}
          onError={() => setFailed(true)}
        />
      )}
      <div className={styles.buttons}>
        <DownloadLink project={host.project} path={path} />
      </div>
    </div>
  );
}
