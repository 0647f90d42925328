import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { BareDialog } from "../../ui/dialog";
import { find } from "../../ui/match";
import { t } from "../../words";
import { useRoom } from "./context";
import { crawl } from "./crawl";
import styles from "./quickopen.module.css";
import { nameOf, parentOf } from "./tree";

/** Most files that are shown at once. */
const most = 60;

/** Finds a file by a few letters of its path, and opens it. */
export function QuickOpen({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <BareDialog open={open} onClose={onClose} title={t("Go to a file")}>
      <Finder onClose={onClose} />
    </BareDialog>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const { workspace, running } = useRoom();
  const id = useId();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const { paths, whole } = usePaths();
  const list = useRef<HTMLDivElement>(null);
  const found = find(paths, query, (p) => p).slice(0, most);
  const current = Math.min(chosen, Math.max(0, found.length - 1));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen row is to be seen
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const open = (path: string | undefined, beside: boolean) => {
    if (path === undefined) return;
    onClose();
    // After the dialog has given the focus back, so that the editor can take it.
    setTimeout(() => workspace.openFile(path, { beside }), 0);
  };
  const keys = (e: KeyboardEvent) => {
    if (e.nativeEvent.isComposing) return;
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && found.length > 0) setChosen((current + step + found.length) % found.length);
    else if (e.key === "Enter") open(found[current], e.ctrlKey || e.metaKey);
    else return;
    e.preventDefault();
  };
  return (
    <>
      <input
        className={styles.input}
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${current}` : undefined}
        aria-label={t("Go to a file")}
        placeholder={t("Letters of its name or path")}
        autoComplete="off"
        spellCheck={false}
        value={query}
        onKeyDown={keys}
        onChange={(e) => {
          setQuery(e.target.value);
          setChosen(0);
        }}
      />
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={t("Files")} className={styles.list}>
        {found.map((path, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the combobox
          <div
            key={path}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === current}
            className={styles.item}
            onPointerMove={() => setChosen(i)}
            onClick={(e) => open(path, e.ctrlKey || e.metaKey)}
          >
            <span>{nameOf(path)}</span>
            <small>{parentOf(path)}</small>
          </div>
        ))}
      </div>
      {found.length > 0 ? null : (
        <p className={styles.none}>
          {running ? (whole ? t("No file is called that.") : t("Looking…")) : t("The project does not run.")}
        </p>
      )}
    </>
  );
}

/** The paths of the project's files, more of them as they are read. */
function usePaths(): { paths: string[]; whole: boolean } {
  const { workspace, running } = useRoom();
  const [read, setRead] = useState(() => ({
    paths: workspace.tree.files().map((e) => e.path),
    whole: false,
  }));
  useEffect(() => {
    if (!running) return;
    const stop = new AbortController();
    void crawl(workspace.project, stop.signal, (paths, whole) => {
      if (!stop.signal.aborted) setRead({ paths: [...paths], whole });
    });
    return () => stop.abort();
  }, [workspace, running]);
  return read;
}
