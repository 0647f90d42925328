import type { IDockviewPanelProps } from "dockview-react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { usePreferences } from "../../api/session";
import { FileEditor } from "../../editors/file";
import { Progress } from "../../ui/state";
import { t } from "../../words";
import { readTab } from "./arrangement";
import { useRoom, useStore } from "./context";
import { views } from "./views";

const TerminalEditor = lazy(() => import("../../editors/terminal/terminal"));

/** What is in a tab. It is made when it is seen first, and kept from then on. */
export function Body({ api, params }: IDockviewPanelProps) {
  const { workspace, running, may } = useRoom();
  const [{ editorKeys }] = usePreferences();
  const shown = useShown(api);
  const active = useStore(workspace.active)?.id === api.id;
  const versions = useStore(workspace.versions);
  const attempt = useStore(workspace.attempts);
  const named = useCallback((name: string) => api.setTitle(name), [api]);
  const tab = readTab(params);
  if (tab === undefined) return <p>{t("This tab is of a newer version of the page. Close it.")}</p>;
  if (!shown.ever) return null;
  const { host } = workspace.tabOf(api, tab);
  if (tab.kind === "terminal") {
    return (
      <Suspense fallback={<Progress>{t("Opening the terminal…")}</Progress>}>
        <TerminalEditor
          host={host}
          terminal={tab.terminal}
          self={workspace.self.account}
          running={running}
          attempt={attempt}
          visible={shown.now}
          active={active}
          named={named}
          close={() => api.close()}
        />
      </Suspense>
    );
  }
  if (tab.kind === "view") {
    const found = views.find((v) => v.id === tab.view);
    if (found === undefined) return <p>{t("This tab is of a newer version of the page. Close it.")}</p>;
    const View = found.show;
    return (
      <Suspense fallback={<Progress>{t("Opening…")}</Progress>}>
        <View host={host} path={tab.path} visible={shown.now} close={() => api.close()} />
      </Suspense>
    );
  }
  return (
    <FileEditor
      host={host}
      path={tab.path}
      running={running}
      canWrite={may("files.write")}
      canRun={may("terminals.use")}
      vim={editorKeys === "vim"}
      visible={shown.now}
      active={active}
      version={versions.get(tab.path) ?? 0}
    />
  );
}

/** Whether a panel is on the screen, and whether it ever was. */
function useShown(api: IDockviewPanelProps["api"]): { now: boolean; ever: boolean } {
  const [shown, setShown] = useState({ now: api.isVisible, ever: api.isVisible });
  useEffect(() => {
    const look = () => setShown((s) => ({ now: api.isVisible, ever: s.ever || api.isVisible }));
    look();
    const stop = api.onDidVisibilityChange(look);
    return () => stop.dispose();
  }, [api]);
  return shown;
}
