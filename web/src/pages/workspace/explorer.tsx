import { Ellipsis, FilePlus, FolderPlus, Upload as UploadIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { Entry } from "../../api/project";
import { IconButton } from "../../ui/button";
import { Menu, MenuItem } from "../../ui/menu";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import { type Editing, type Task, Tasks } from "./entrydialogs";
import type { Workspace } from "./model";
import { isFolder, parentOf } from "./tree";
import { TreeView } from "./treeview";
import { chosen } from "./upload";
import styles from "./workspace.module.css";

/** The files of the project. */
export function Explorer() {
  const { workspace, running, may } = useRoom();
  const { hidden } = useStore(workspace.arrangement);
  const [editing, setEditing] = useState<Editing>();
  const [task, setTask] = useState<Task>();
  const [at, setAt] = useState<Entry>();
  const picker = useUploadPicker();
  const write = may("files.write") && running;
  const folder = at === undefined ? "" : isFolder(at) ? at.path : parentOf(at.path);
  const make = (kind: "file" | "folder", parent = folder) => {
    if (parent !== "") void workspace.tree.expand(parent);
    setEditing({ kind, parent });
  };
  useWish(write, (wish) => {
    if (wish === "file" || wish === "folder") make(wish);
    else picker.pick(folder, wish === "upload-folder");
  });
  return (
    <>
      <div className={styles.panelHead}>
        <h2>{t("Files")}</h2>
        {write ? (
          <>
            <IconButton label={t("New file")} keys="Alt+N" onClick={() => make("file")}>
              <FilePlus size={16} strokeWidth={1.5} />
            </IconButton>
            <IconButton label={t("New folder")} onClick={() => make("folder")}>
              <FolderPlus size={16} strokeWidth={1.5} />
            </IconButton>
            <IconButton label={t("Upload files")} onClick={() => picker.pick(folder, false)}>
              <UploadIcon size={16} strokeWidth={1.5} />
            </IconButton>
          </>
        ) : null}
        <Menu
          trigger={
            <IconButton label={t("More for files")}>
              <Ellipsis size={16} strokeWidth={1.5} />
            </IconButton>
          }
        >
          {write ? (
            <MenuItem onSelect={() => picker.pick(folder, true)}>{t("Upload a folder")}</MenuItem>
          ) : null}
          {may("files.read-hidden") ? (
            <MenuItem onSelect={() => workspace.setHidden(!hidden)}>
              {hidden ? t("Leave out names with a dot") : t("Show names with a dot")}
            </MenuItem>
          ) : null}
          <MenuItem onSelect={() => void workspace.tree.refresh()}>{t("Read the files again")}</MenuItem>
        </Menu>
      </div>
      {picker.inputs}
      {running ? (
        <TreeView
          write={write}
          editing={editing}
          onEdit={setEditing}
          onMake={make}
          onTask={setTask}
          onUpload={(to, whole) => picker.pick(to, whole)}
          onAt={setAt}
        />
      ) : (
        <p className={styles.hint}>{t("The files are shown when the project runs.")}</p>
      )}
      <Tasks task={task} onClose={() => setTask(undefined)} />
    </>
  );
}

/** Begins what was asked for elsewhere: by a key, in the palette, on the empty page. */
function useWish(write: boolean, begin: (wish: NonNullable<Wish>) => void) {
  const { workspace } = useRoom();
  const wish = useStore(workspace.wish);
  const latest = useRef(begin);
  latest.current = begin;
  useEffect(() => {
    if (wish === undefined || !write) return;
    workspace.wish.set(undefined);
    latest.current(wish);
  }, [workspace, wish, write]);
}

type Wish = ReturnType<Workspace["wish"]["get"]>;

/** The browser's own pickers of files and folders. */
function useUploadPicker() {
  const { workspace } = useRoom();
  const files = useRef<HTMLInputElement>(null);
  const folders = useRef<HTMLInputElement>(null);
  const to = useRef("");
  const take = (input: HTMLInputElement) => {
    if (input.files) workspace.uploads.add(to.current, chosen(input.files));
    input.value = "";
  };
  const shared = { type: "file", multiple: true, hidden: true, tabIndex: -1 } as const;
  const inputs = (
    <>
      <input
        ref={files}
        {...shared}
        aria-label={t("Files to upload")}
        onChange={(e) => take(e.currentTarget)}
      />
      <input
        ref={folders}
        {...shared}
        {...{ webkitdirectory: "" }}
        aria-label={t("Folder to upload")}
        onChange={(e) => take(e.currentTarget)}
      />
    </>
  );
  const pick = (folder: string, whole: boolean) => {
    to.current = folder;
    (whole ? folders : files).current?.click();
  };
  return { inputs, pick };
}
