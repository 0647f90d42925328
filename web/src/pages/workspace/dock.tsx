import {
  type DockviewApi,
  DockviewReact,
  type DockviewReadyEvent,
  type SerializedDockview,
} from "dockview-react";
import "dockview-react/dist/styles/dockview.css";
import { useEffect, useRef } from "react";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import "./dock.css";
import { Body } from "./body";
import { TabHead } from "./tabhead";
import { pathType } from "./treeview";
import { Watermark } from "./watermark";

const components = { tab: Body };
const look = { name: "lyceum", className: "lyceum-dock", gap: 0, dndTabIndicator: "line" } as const;

/** Tabs and splits. */
export function Dock() {
  const { workspace, narrow } = useRoom();
  const dock = useStore(workspace.docks);
  const stops = useRef<{ dispose(): void }[]>([]);
  const ready = ({ api }: DockviewReadyEvent) => {
    const { dock: kept } = workspace.arrangement.get();
    if (kept) restore(api, kept);
    stops.current = [
      api.onDidLayoutChange(() => workspace.docked()),
      api.onDidActivePanelChange(() => workspace.activated(api.activePanel)),
      api.onDidRemovePanel((p) => workspace.closed(p.id)),
      api.onUnhandledDragOver((e) => {
        if (e.nativeEvent instanceof DragEvent && e.nativeEvent.dataTransfer?.types.includes(pathType))
          e.accept();
      }),
    ];
    workspace.docks.set(api);
    workspace.activated(api.activePanel);
  };
  useEffect(
    () => () => {
      for (const s of stops.current) s.dispose();
      workspace.docks.set(undefined);
    },
    [workspace],
  );
  useOneAtATime(dock, narrow);
  return (
    <DockviewReact
      components={components}
      defaultTabComponent={TabHead}
      watermarkComponent={Watermark}
      theme={look}
      defaultRenderer="always"
      disableFloatingGroups
      disableDnd={narrow}
      scrollbars="native"
      keyboardNavigation={{ keymap: { nextTab: "alt+pagedown", prevTab: "alt+pageup" } }}
      getTabContextMenuItems={() => ["close", "closeOthers", "closeAll"]}
      getAnnouncement={(e) => announcement(e.kind, e.panel.title ?? "")}
      onReady={ready}
      onDidDrop={(e) => {
        const path = e.nativeEvent instanceof DragEvent ? e.nativeEvent.dataTransfer?.getData(pathType) : "";
        if (path)
          workspace.openFile(path, { at: { ...(e.group && { group: e.group }), position: e.position } });
      }}
    />
  );
}

/** The tabs as they were kept; none when that is not to be read. */
function restore(api: DockviewApi, kept: Record<string, unknown>): void {
  try {
    // The dock checks what it is given, and throws.
    api.fromJSON(kept as unknown as SerializedDockview);
  } catch {
    api.clear();
  }
}

/** On a narrow screen one split fills the place; the others wait behind it. */
function useOneAtATime(dock: DockviewApi | undefined, narrow: boolean) {
  useEffect(() => {
    if (!dock) return;
    const fill = () => {
      const panel = dock.activePanel;
      if (narrow && panel && dock.groups.length > 1) dock.maximizeGroup(panel);
      if (!narrow && dock.hasMaximizedGroup()) dock.exitMaximizedGroup();
    };
    fill();
    if (!narrow) return;
    const stop = dock.onDidActiveGroupChange(fill);
    return () => stop.dispose();
  }, [dock, narrow]);
}

function announcement(kind: string, title: string): string | null {
  if (kind === "open") return t("{title} is open", { title });
  if (kind === "close") return t("{title} is closed", { title });
  return null;
}
