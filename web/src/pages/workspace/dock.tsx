import { type DockviewApi, DockviewReact, type SerializedDockview } from "dockview-react";
import "dockview-react/dist/styles/dockview.css";
import { useEffect, useState } from "react";
import { t } from "../../words";
import { readClip } from "./clip";
import { useRoom } from "./context";
import "./dock.css";
import { Body } from "./body";
import { isFolder } from "./path";
import { TabHead } from "./tabhead";
import { pathType } from "./treedrag";
import { Watermark } from "./watermark";

const components = { tab: Body };
const look = { name: "lyceum", className: "lyceum-dock", gap: 0, dndTabIndicator: "line" } as const;

/** Tabs and splits. */
export function Dock() {
  const { workspace, narrow } = useRoom();
  const [dock, setDock] = useState<DockviewApi>();
  useEffect(() => {
    if (!dock) return;
    const stops = [
      dock.onDidLayoutChange(() => workspace.docked()),
      dock.onDidActivePanelChange(() => workspace.activated(dock.activePanel)),
      dock.onDidRemovePanel((p) => workspace.closed(p.id)),
      dock.onUnhandledDragOver((e) => {
        const types = e.nativeEvent instanceof DragEvent ? e.nativeEvent.dataTransfer?.types : undefined;
        if (types?.includes(pathType)) e.accept();
      }),
    ];
    workspace.docks.set(dock);
    workspace.activated(dock.activePanel);
    return () => {
      for (const s of stops) s.dispose();
      workspace.docks.set(undefined);
    };
  }, [dock, workspace]);
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
      getTabContextMenuItems={({ panel, group }) => {
        const close = (which: typeof group.panels) => {
          for (const p of [...which]) p.api.close();
        };
        return [
          { label: t("Close"), action: () => panel.api.close() },
          {
            label: t("Close the others"),
            disabled: group.panels.length < 2,
            action: () => close(group.panels.filter((p) => p.id !== panel.id)),
          },
          { label: t("Close all"), action: () => close(group.panels) },
        ];
      }}
      getAnnouncement={(e) => announcement(e.kind, e.panel.title ?? "")}
      onReady={({ api }) => {
        const { dock: kept } = workspace.arrangement.get();
        if (kept) restore(api, kept);
        setDock(api);
      }}
      onDidDrop={(e) => {
        const data = e.nativeEvent instanceof DragEvent ? e.nativeEvent.dataTransfer : undefined;
        const clip = readClip(data?.getData(pathType) ?? "");
        if (clip?.project !== workspace.project) return;
        for (const path of clip.paths) {
          const entry = workspace.tree.find(path);
          if (entry && isFolder(entry)) continue;
          workspace.openFile(path, { at: { ...(e.group && { group: e.group }), position: e.position } });
        }
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
