import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { messageOf } from "../../api/problem";
import { searchNames } from "../../api/search";
import { BareDialog } from "../../ui/dialog";
import { find } from "../../ui/match";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import { nameOf, parentOf } from "./path";
import styles from "./quickopen.module.css";
import { recentOf } from "./recent";

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
  const { workspace, running, narrow } = useRoom();
  const id = useId();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const { found, whole, error } = useFound(query);
  const list = useRef<HTMLDivElement>(null);
  const current = Math.min(chosen, Math.max(0, found.length - 1));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen row is to be seen
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const open = (path: string | undefined, beside: boolean) => {
    if (path === undefined) return;
    onClose();
    // After the dialog has given the focus back, so that the editor can take it.
    setTimeout(() => {
      workspace.openFile(path, { beside });
      if (narrow) workspace.show("");
    }, 0);
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
          {!running
            ? t("The project does not run.")
            : error !== undefined
              ? messageOf(error)
              : whole
                ? t("No file is called that.")
                : t("Looking…")}
        </p>
      )}
    </>
  );
}

/**
 * The paths for what was typed, the best first: the server's, and until they are
 * there those of open files and of the explorer.
 */
function useFound(query: string): { found: readonly string[]; whole: boolean; error?: unknown } {
  const { workspace, running, may } = useRoom();
  const { hidden } = useStore(workspace.arrangement);
  const [answer, setAnswer] = useState<{ query: string; found: readonly string[]; error?: unknown }>();
  const dots = may("files.read-hidden") && (hidden || query.trim().startsWith("."));
  useEffect(() => {
    if (!running) return;
    const stop = new AbortController();
    const ask = () =>
      searchNames(
        workspace.project,
        { text: query, hidden: dots, recent: recentOf(workspace), limit: most },
        stop.signal,
      ).then(
        (r) => stop.signal.aborted || setAnswer({ query, found: r.items.map((i) => i.path) }),
        (error: unknown) => stop.signal.aborted || setAnswer({ query, found: [], error }),
      );
    // Not for each letter of a word that is typed quickly.
    const timer = setTimeout(() => void ask(), query === "" ? 0 : 60);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [workspace, running, query, dots]);
  if (answer?.query === query) return { ...answer, whole: true };
  const known = answer?.found ?? recentOf(workspace);
  return { found: find(known, query, (p) => p), whole: false };
}
