import { useRef, useState } from "react";
import { useConnection } from "../../api/connection";
import { holdKeys } from "../../ui/ahead";
import { Button } from "../../ui/button";
import { SearchField, useSettled } from "../../ui/search";
import { t } from "../../words";
import { told } from "../phase";
import { useRoom, useStore } from "./context";
import { type Editing, type Task, Tasks } from "./entrydialogs";
import { useEntryWork } from "./entrywork";
import { ExplorerHead, OrderBar, SelectingBar } from "./explorerhead";
import { focusFiles, useReveal, useUploadPicker, useWish } from "./explorerhooks";
import type { SetEditing } from "./naming";
import { useRun } from "./run";
import { TakenDialog } from "./taken";
import { TrashDialog } from "./trash";
import { TreeView } from "./treeview";
import styles from "./workspace.module.css";

/** The files of the project. */
export function Explorer() {
  const { workspace, running, may } = useRoom();
  const [editing, setEditing] = useEditing();
  const [task, setTask] = useTask();
  const [trash, setTrash] = useState(false);
  const [filtering, setFiltering] = useState(false);
  const picker = useUploadPicker();
  const work = useEntryWork();
  const write = may("files.write") && running;
  const make = (kind: "file" | "folder", parent = work.folder()) => {
    if (parent !== "") void workspace.tree.expand(parent);
    setEditing({ kind, parent });
  };
  useReveal();
  useWish(write, (wish) => {
    const entries = work.picked();
    const [first] = entries;
    if (wish === "file" || wish === "folder") make(wish);
    else if (wish === "upload" || wish === "upload-folder")
      picker.pick(work.folder(), wish === "upload-folder");
    else if (wish === "focus") focusFiles();
    else if (wish === "trash") setTrash(true);
    else if (wish === "goto") setTask({ kind: "goto" });
    else if (wish === "filter") setFiltering(true);
    else if (first === undefined) return;
    else if (wish === "rename") setEditing({ kind: "rename", path: first.path });
    else setTask({ kind: wish, entries });
  });
  return (
    <>
      <ExplorerHead
        write={write}
        filtering={filtering}
        onFilter={setFiltering}
        onMake={make}
        onUpload={(whole) => picker.pick(work.folder(), whole)}
        onTrash={() => setTrash(true)}
        onGoto={() => setTask({ kind: "goto" })}
      />
      {picker.inputs}
      {filtering ? <Filter onClose={() => setFiltering(false)} /> : null}
      {running ? (
        <>
          <Stale />
          <OrderBar />
          <SelectingBar write={write} work={work} onTask={setTask} />
          <TreeView
            work={work}
            write={write}
            editing={editing}
            onEdit={setEditing}
            onMake={make}
            onTask={setTask}
            onUpload={(to, whole) => picker.pick(to, whole)}
          />
        </>
      ) : (
        <Asleep />
      )}
      <Tasks task={task} work={work} onClose={() => setTask(undefined)} />
      <TakenDialog />
      <TrashDialog open={trash} onClose={() => setTrash(false)} />
    </>
  );
}

/** The name that is typed in a row; what is typed until its field is there is for it. */
function useEditing(): [Editing | undefined, SetEditing] {
  const [editing, set] = useState<Editing>();
  return [
    editing,
    (next) => {
      if (typeof next === "object") holdKeys("[data-naming]");
      set(next);
    },
  ];
}

/** What is asked in a dialog, and the same. */
function useTask(): [Task | undefined, (task: Task | undefined) => void] {
  const [task, set] = useState<Task>();
  return [
    task,
    (next) => {
      if (next) holdKeys("[role=dialog],[role=alertdialog]");
      set(next);
    },
  ];
}

/** The field that leaves out names which do not match. */
function Filter({ onClose }: { onClose: () => void }) {
  const { tree } = useRoom().workspace;
  const [text, setText] = useState(tree.filter);
  const settled = useSettled(text);
  const last = useRef(tree.filter);
  if (last.current !== settled) {
    last.current = settled;
    // Not while it is drawn: the tree tells its rows to what is on the screen.
    queueMicrotask(() => tree.setFilter(settled.trim()));
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the field in it
    <div
      className={styles.filter}
      data-filter
      onKeyDown={(e) => {
        if (e.key === "Escape" && text === "") {
          e.stopPropagation();
          tree.setFilter("");
          onClose();
          focusFiles();
        }
        if (e.key === "ArrowDown" || e.key === "Enter") {
          e.preventDefault();
          focusFiles();
        }
      }}
    >
      <SearchField
        label={t("Filter by name: part of it, or *.csv")}
        value={text}
        onChange={setText}
        autoFocus
      />
    </div>
  );
}

/** While the site is not heard, what is shown may be old. */
function Stale() {
  const connection = useConnection();
  const { tree } = useRoom().workspace;
  const rows = useStore(tree.rows);
  if (connection !== "lost" || rows.length === 0) return null;
  return (
    <p className={styles.stale} role="status">
      {t("Offline: this is how the files were.")}
    </p>
  );
}

/** What stands here while the project does not run. */
function Asleep() {
  const { project, may } = useRoom();
  const run = useRun(project);
  const { phase, wanted } = project.state;
  const { word, detail } = told(project.state);
  if (phase === "starting" || (phase === "stopped" && wanted === "running"))
    return (
      <p className={styles.hint} role="status">
        {t("The project is starting. Its files are shown in a moment.")}
      </p>
    );
  return (
    <div className={styles.hint}>
      <p>{phase === "stopped" ? t("The files are shown when the project runs.") : `${word}. ${detail}`}</p>
      {may("project.run") && phase !== "stopping" ? (
        <Button onClick={() => run.send("start")} busy={run.busy && t("Starting…")}>
          {t("Start the project")}
        </Button>
      ) : null}
    </div>
  );
}
