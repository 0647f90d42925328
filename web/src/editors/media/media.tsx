import { useEffect, useRef, useState } from "react";
import { readPart } from "../../api/previews";
import { messageOf } from "../../api/problem";
import { fileAddress } from "../../api/project";
import { size as sizeText } from "../../ui/ago";
import { Button } from "../../ui/button";
import { Menu, MenuChoice } from "../../ui/menu";
import { t } from "../../words";
import { Bar, type ViewerProps } from "../bar";
import styles from "../editor.module.css";

const speeds = ["0.5", "0.75", "1", "1.25", "1.5", "2"] as const;

/** Where each file was left, in seconds, while the page is open. */
const places = new Map<string, number>();

/** Sound or film, played as it is read. version changes when the file did. */
export default function MediaView({
  project,
  path,
  version,
  way,
  kind,
}: ViewerProps & { kind: "audio" | "video" }) {
  const [failed, setFailed] = useState("");
  const [about, setAbout] = useState("");
  const [speed, setSpeed] = useState<(typeof speeds)[number]>("1");
  const player = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  const name = path.slice(path.lastIndexOf("/") + 1);
  const Player = kind;
  const key = `${project}/${path}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version may be playable
  useEffect(() => {
    setFailed("");
    const stop = new AbortController();
    readPart(project, path, 0, 1, stop.signal).then(
      (p) => setAbout(p.size === 0 ? t("The file is empty.") : sizeText(p.size)),
      (e: unknown) => stop.signal.aborted || setFailed(messageOf(e)),
    );
    return () => stop.abort();
  }, [project, path, version]);
  useEffect(() => {
    if (player.current) player.current.playbackRate = Number(speed);
  });
  return (
    <>
      <Bar project={project} path={path} way={way} about={about}>
        <Menu trigger={<Button look="quiet">{t("Speed {n} ×", { n: speed })}</Button>}>
          <MenuChoice
            label={t("Speed")}
            value={speed}
            choices={speeds.map((value) => ({ value, label: `${value} ×` }))}
            onChange={setSpeed}
          />
        </Menu>
      </Bar>
      <div className={styles.centre}>
        {failed ? (
          <p role="alert">{failed}</p>
        ) : (
          // Captions would be another file of the project; there is no telling which.
          <Player
            ref={player}
            key={version}
            className={styles.media}
            controls
            preload="metadata"
            src={fileAddress(project, path).href}
            aria-label={name}
            onLoadedMetadata={(e) => {
              const at = places.get(key);
              if (at !== undefined && at < e.currentTarget.duration) e.currentTarget.currentTime = at;
            }}
            onTimeUpdate={(e) => places.set(key, e.currentTarget.currentTime)}
            onError={(e) => setFailed(reason(e.currentTarget.error))}
          />
        )}
      </div>
    </>
  );
}

function reason(error: MediaError | null): string {
  switch (error?.code) {
    case MediaError.MEDIA_ERR_NETWORK:
      return t("The connection broke off while the file was read. Open it again.");
    case MediaError.MEDIA_ERR_DECODE:
      return t("The file is damaged: it cannot be played further.");
    default:
      return t(
        "This browser cannot play the file: it does not know its format or codec. Download it to play it elsewhere.",
      );
  }
}
