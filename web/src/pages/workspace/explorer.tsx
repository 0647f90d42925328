import { Ellipsis, FilePlus, FolderPlus, Upload as UploadIcon } from "lucide-react";
import { useRef, useState } from "react";
import type { Entry } from "../../api/project";
import { useActions } from "../../ui/action";
import { IconButton } from "../../ui/button";
import { Menu, MenuItem } from "../../ui/menu";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import { type Editing, type Task, Tasks } from "./entrydialogs";
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
  useActions([
    {
      id: "file.new",
      label: t("New file"),
      group: t("Files"),
      keys: "Alt+N",
      when: () => write,
      run: () => make("file"),
    },
    {
      id: "folder.new",
      label: t("New folder"),
      group: t("Files"),
      when: () => write,
      run: () => make("folder"),
    },
    {
      id: "file.upload",
      label: t("Upload files"),
      group: t("Files"),
      when: () => write,
      run: () => picker.pick(folder, false),
    },
    {
      id: "folder.upload",
      label: t("Upload a folder"),
      group: t("Files"),
      when: () => write,
      run: () => picker.pick(folder, true),
    },
    {
      id: "files.hidden",
      label: hidden ? t("Leave out names with a dot") : t("Show names with a dot"),
      group: t("Files"),
      when: () => may("files.read-hidden"),
      run: () => workspace.setHidden(!hidden),
    },
  ]);
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
