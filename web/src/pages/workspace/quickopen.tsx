import { useEffect, useState } from "react";
import { messageOf } from "../../api/problem";
import { searchNames } from "../../api/search";
import { BareDialog, type Leave } from "../../ui/dialog";
import { Finder } from "../../ui/finder";
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
      {(leave) => <Files leave={leave} />}
    </BareDialog>
  );
}

function Files({ leave }: { leave: Leave }) {
  const { workspace, running, narrow } = useRoom();
  const [query, setQuery] = useState("");
  const { found, whole, error } = useFound(query);
  const none = !running
    ? t("The project does not run.")
    : error !== undefined
      ? messageOf(error)
      : whole
        ? t("No file is called that.")
        : t("Looking…");
  return (
    <Finder
      label={t("Go to a file")}
      placeholder={t("Letters of its name or path")}
      list={t("Files")}
      query={query}
      onQuery={setQuery}
      groups={[{ group: "", items: found }]}
      idOf={(path) => path}
      onTake={(path, beside) =>
        leave(() => {
          workspace.openFile(path, { beside });
          if (narrow) workspace.show("");
        })
      }
      early={running && !whole}
      none={none}
    >
      {(path) => (
        <>
          <span className={styles.name}>{nameOf(path)}</span>
          <small className={styles.folder}>{parentOf(path)}</small>
        </>
      )}
    </Finder>
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
