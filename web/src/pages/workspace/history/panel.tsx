import { useEffect, useState } from "react";
import { size } from "../../../ui/ago";
import { EmptyState, Loaded } from "../../../ui/state";
import { t } from "../../../words";
import { useRoom, useStore } from "../context";
import page from "../workspace.module.css";
import styles from "./history.module.css";
import { useLooking, useVersions } from "./hooks";
import { useRows, VersionList } from "./list";
import { historyTitle, showHistory } from "./show";

/** The versions of the file that is open, beside the tabs. */
export default function HistoryPanel() {
  const path = useOpenPath();
  return (
    <>
      <div className={page.panelHead}>
        <h2>{path === "" ? t("History") : historyTitle(path)}</h2>
      </div>
      {path === "" ? (
        <EmptyState small title={t("No file is open")}>
          {t("The versions of the file that is open are listed here. Nothing is to be switched on.")}
        </EmptyState>
      ) : (
        <Versions key={path} path={path} />
      )}
    </>
  );
}

function Versions({ path }: { path: string }) {
  const { workspace, running, narrow } = useRoom();
  const { query, versions, head } = useVersions(path);
  const [looking, look] = useLooking(path);
  const rows = useRows(path, versions, looking.unfolded);
  const open = () => {
    showHistory(workspace, path);
    if (narrow) workspace.show("");
  };
  if (!running && head === undefined)
    return <p className={page.hint}>{t("The project does not run. Its history is there when it does.")}</p>;
  return (
    <Loaded
      query={{ data: head, error: query.error, refetch: query.refetch }}
      loading={t("Reading the history…")}
    >
      {(h) =>
        versions.length === 0 ? (
          <EmptyState small title={t("No history yet")}>
            {t("It begins by itself when the file is first opened here.")}
          </EmptyState>
        ) : (
          <>
            <VersionList {...{ path, rows, looking, look, open }} newest={h.newest ?? 0} read={query} />
            <p className={styles.foot}>
              {h.cleared ? t("What was before was cleared. ") : ""}
              {t("The history takes {size}.", { size: size(h.sizeBytes) })}
            </p>
          </>
        )
      }
    </Loaded>
  );
}

/** The file of the tab that keys go to; of one that shows no file, the file before it. */
function useOpenPath(): string {
  const { workspace } = useRoom();
  useStore(workspace.tabs); // what is in a tab changes when its file is renamed
  const tab = useStore(workspace.active)?.tab;
  const now = tab?.kind === "file" || (tab?.kind === "view" && tab.view === "history") ? tab.path : "";
  const [path, setPath] = useState(now);
  useEffect(() => {
    if (now !== "") setPath(now);
  }, [now]);
  return now || path;
}
