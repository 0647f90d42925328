import type { IDockviewPanelHeaderProps } from "dockview-react";
import { File, type LucideIcon, SquareTerminal, X } from "lucide-react";
import { useEffect, useState } from "react";
import { t } from "../../words";
import { readTab, type Tab } from "./arrangement";
import { useRoom, useStore } from "./context";
import type { OpenTab } from "./model";
import { views } from "./views";

/** The head of a tab: what it is, whether it waits to be saved, and how to close it. */
export function TabHead({ api, params }: IDockviewPanelHeaderProps) {
  const { workspace } = useRoom();
  const title = useTitle(api);
  const tab = readTab(params);
  const open = useStore(workspace.tabs).find((o) => o.id === api.id);
  const Icon = iconOf(tab);
  return (
    <div
      className="lyceum-tab"
      title={tab?.kind === "file" ? tab.path : title}
      onAuxClick={(e) => {
        if (e.button !== 1) return;
        e.preventDefault();
        api.close();
      }}
    >
      <Icon size={14} strokeWidth={1.5} aria-hidden />
      <span className="lyceum-tab-name">{title}</span>
      {open ? <Unsaved open={open} /> : null}
      {/* For the pointer only: a control inside of a tab would be none to screen readers. Keys: Alt+W. */}
      <span
        className="lyceum-tab-close"
        title={t("Close {title}", { title })}
        aria-hidden
        onPointerDown={(e) => e.stopPropagation()}
        onClick={(e) => {
          e.stopPropagation();
          api.close();
        }}
      >
        <X size={14} strokeWidth={1.5} />
      </span>
    </div>
  );
}

function iconOf(tab: Tab | undefined): LucideIcon {
  if (tab?.kind === "terminal") return SquareTerminal;
  return (tab?.kind === "view" && views.find((v) => v.id === tab.view)?.icon) || File;
}

/** A dot while edits wait, and the connection is gone. */
function Unsaved({ open }: { open: OpenTab }) {
  const { document } = useStore(open.status);
  if (!document || document.waiting === 0 || document.connection === "live") return null;
  return (
    <span
      className="lyceum-tab-dot"
      role="img"
      aria-label={t("{n, plural, one {# edit waits} other {# edits wait}}", { n: document.waiting })}
    />
  );
}

function useTitle(api: IDockviewPanelHeaderProps["api"]): string {
  const [title, setTitle] = useState(api.title ?? "");
  useEffect(() => {
    setTitle(api.title ?? "");
    const stop = api.onDidTitleChange((e) => setTitle(e.title));
    return () => stop.dispose();
  }, [api]);
  return title;
}
