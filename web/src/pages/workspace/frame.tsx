import { useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import {
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Phase, Project } from "../../api/types";
import type { Self } from "../../sync/document";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import { useWorkspaceActions } from "./actions";
import { sideWidth } from "./arrangement";
import { Banner } from "./banner";
import { type Room, RoomContext, useNarrow, useRoom, useStore } from "./context";
import { Dock } from "./dock";
import { useGitStates } from "./git/hooks";
import { Header } from "./header";
import { useHistoryActions } from "./history/actions";
import { Workspace } from "./model";
import { layout } from "./queries";
import { QuickOpen } from "./quickopen";
import { Rail } from "./rail";
import { useRun } from "./run";
import { useSearchActions } from "./searchactions";
import { sideParts } from "./sides";
import { StatusLine } from "./statusline";
import { UploadList } from "./uploads";
import styles from "./workspace.module.css";

/** The workspace of one project, while it is open. */
export function Frame({ project, kept, self }: { project: Project; kept: unknown; self: Self }) {
  const [workspace] = useState(() => new Workspace(project.id, self, kept));
  const { phase } = project.state;
  const running = useUp(phase);
  const narrow = useNarrow();
  useEffect(() => workspace.start(), [workspace]);
  useEffect(() => workspace.setPhase(phase), [workspace, phase]);
  useSheet(workspace, narrow);
  useKeptLayout(workspace);
  useStartOnce(project);
  useEffect(prefetch, []);
  useAddress(workspace);
  const room = useMemo<Room>(
    () => ({ workspace, project, running, narrow, may: (verb) => project.can.includes(verb) }),
    [workspace, project, running, narrow],
  );
  const writes = running && room.may("files.write");
  useEffect(() => {
    if (writes) void workspace.jobs.resume();
  }, [workspace, writes]);
  return (
    <RoomContext value={room}>
      <Page />
    </RoomContext>
  );
}

function Page() {
  const [finding, setFinding] = useState(false);
  useGitStates();
  useWorkspaceActions({ find: () => setFinding(true) });
  useSearchActions();
  useHistoryActions();
  return (
    <div className={styles.page}>
      <Header />
      <div className={styles.middle}>
        <Rail />
        <SidePanel />
        <main id="main" tabIndex={-1} className={styles.main}>
          <Banner />
          <Dock />
        </main>
      </div>
      <UploadList />
      <StatusLine />
      <QuickOpen open={finding} onClose={() => setFinding(false)} />
    </div>
  );
}

/** What stands beside the tabs; on a phone it lies over them. */
function SidePanel() {
  const { workspace, narrow, may } = useRoom();
  const { side, width } = useStore(workspace.arrangement);
  const panel = useRef<HTMLElement>(null);
  const part = sideParts().find((p) => p.id === side && (p.verb === undefined || may(p.verb)));
  if (part === undefined) return null;
  const Shown = part.show;
  return (
    <>
      {narrow ? (
        <button
          type="button"
          className={styles.cover}
          aria-label={t("Close")}
          onClick={() => workspace.show("")}
        />
      ) : null}
      <aside
        ref={panel}
        data-side
        tabIndex={-1}
        className={classes(styles.side, narrow && styles.sheet)}
        style={narrow ? undefined : { width }}
        aria-label={t("Project")}
        onKeyDown={(e) => {
          if (narrow && e.key === "Escape" && !e.defaultPrevented) workspace.show("");
        }}
      >
        <Shown />
      </aside>
      {narrow ? null : <Sash panel={panel} />}
    </>
  );
}

/** The edge that changes how wide the side is, by pointer or with the arrow keys. */
function Sash({ panel }: { panel: React.RefObject<HTMLElement | null> }) {
  const { workspace } = useRoom();
  const { width } = useStore(workspace.arrangement);
  const drag = (e: PointerEvent<HTMLElement>) => {
    const start = panel.current?.getBoundingClientRect().left ?? 0;
    const target = e.currentTarget;
    target.setPointerCapture(e.pointerId);
    const move = (m: globalThis.PointerEvent) => workspace.setWidth(m.clientX - start);
    target.addEventListener("pointermove", move);
    target.addEventListener("lostpointercapture", () => target.removeEventListener("pointermove", move), {
      once: true,
    });
  };
  const keys = (e: KeyboardEvent) => {
    const by = e.key === "ArrowLeft" ? -16 : e.key === "ArrowRight" ? 16 : 0;
    if (by === 0) return;
    e.preventDefault();
    workspace.setWidth(width + by);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an hr cannot be moved
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={t("Width of the side")}
      aria-valuenow={width}
      aria-valuemin={sideWidth.least}
      aria-valuemax={sideWidth.most}
      className={styles.sash}
      onPointerDown={drag}
      onKeyDown={keys}
      onDoubleClick={() => workspace.setWidth(sideWidth.usual)}
    />
  );
}

/** On a phone the side lies over the page: it begins open only where nothing else is to be seen. */
function useSheet(workspace: Workspace, narrow: boolean) {
  const { _splat } = useParams({ strict: false });
  const deep = useRef(_splat?.startsWith("files/") === true);
  useLayoutEffect(() => {
    const { dock } = workspace.arrangement.get();
    workspace.keeping.setNarrow(narrow, dock === undefined && !deep.current);
  }, [workspace, narrow]);
}

/** Should the workspace be shown again in this page, it begins as it was left, and not as it was read. */
function useKeptLayout(workspace: Workspace) {
  const cache = useQueryClient();
  useEffect(
    () => () => {
      const kept = { layout: { ...workspace.keeping.kept() } };
      cache.setQueryData(layout(workspace.project).queryKey, kept);
    },
    [cache, workspace],
  );
}

/** What is opened first is most often text: its editor is fetched while nothing else is. */
function prefetch() {
  // If it does not come, it is asked for again when it is needed.
  const timer = setTimeout(() => import("../../editors/text/text").catch(() => undefined), 1000);
  return () => clearTimeout(timer);
}

/**
 * Whether the project is up, as far as the page is concerned: it runs, or did a
 * moment ago and its server is being started again. Then what is open stays.
 */
function useUp(phase: Phase): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (phase !== "starting") setSeen(phase === "running");
  }, [phase]);
  return phase === "running" || (phase === "starting" && seen);
}

/** Whoever opens a stopped project wants it to run. Later stops are meant. */
function useStartOnce(project: Project) {
  const run = useRun(project);
  const asked = useRef(false);
  const { phase, wanted } = project.state;
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    if (phase === "stopped" && wanted === "stopped" && project.can.includes("project.run")) run.send("start");
  }, [phase, wanted, project, run]);
}

/** An address such as /projects/{id}/files/a/b.py opens that file. */
function useAddress(workspace: Workspace) {
  const { _splat } = useParams({ strict: false });
  const dock = useStore(workspace.docks);
  useEffect(() => {
    if (!dock || !_splat?.startsWith("files/")) return;
    workspace.openFile(_splat.slice("files/".length));
    workspace.keeping.uncover();
  }, [workspace, dock, _splat]);
}
