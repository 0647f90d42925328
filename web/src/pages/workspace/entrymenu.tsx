import {
  Copy,
  Download,
  FilePlus,
  FolderInput,
  FolderPlus,
  Pencil,
  SplitSquareHorizontal,
  SquareTerminal,
  Trash2,
  Upload,
} from "lucide-react";
import type { Entry } from "../../api/project";
import { downloadAddress } from "../../editors/download/download";
import { Menu, MenuItem, MenuLine } from "../../ui/menu";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { say } from "../say";
import { useRoom } from "./context";
import type { Editing, Task } from "./entrydialogs";
import { isFolder, parentOf } from "./tree";
import styles from "./tree.module.css";

/** What can be done to an entry, or to the home when there is none. */
export function EntryMenu({
  at,
  write,
  onClose,
  onEdit,
  onMake,
  onTask,
  onUpload,
}: {
  at: { x: number; y: number; entry: Entry | undefined } | undefined;
  write: boolean;
  onClose: () => void;
  onEdit: (e: Editing) => void;
  onMake: (kind: "file" | "folder", parent: string) => void;
  onTask: (task: Task) => void;
  onUpload: (folder: string, whole: boolean) => void;
}) {
  const { workspace, may } = useRoom();
  const entry = at?.entry;
  const folder = entry === undefined ? "" : isFolder(entry) ? entry.path : parentOf(entry.path);
  const file = entry !== undefined && !isFolder(entry);
  // After the menu has given the focus back.
  const soon = (f: () => void) => () => setTimeout(f, 0);
  return (
    <Menu
      align="start"
      open={at !== undefined}
      onOpenChange={(o) => o || onClose()}
      trigger={
        <span
          className={styles.anchor}
          style={{ left: at?.x ?? 0, top: at?.y ?? 0 }}
          aria-hidden
          tabIndex={-1}
        />
      }
    >
      {file ? (
        <>
          <MenuItem
            icon={SplitSquareHorizontal}
            keys="Mod+Enter"
            onSelect={() => workspace.openFile(entry.path, { beside: true })}
          >
            {t("Open beside")}
          </MenuItem>
          <MenuItem icon={Download} onSelect={() => download(workspace.project, entry.path)}>
            {t("Download")}
          </MenuItem>
        </>
      ) : null}
      {write ? (
        <>
          <MenuItem icon={FilePlus} onSelect={soon(() => onMake("file", folder))}>
            {t("New file")}
          </MenuItem>
          <MenuItem icon={FolderPlus} onSelect={soon(() => onMake("folder", folder))}>
            {t("New folder")}
          </MenuItem>
          <MenuItem icon={Upload} onSelect={() => onUpload(folder, false)}>
            {t("Upload files here")}
          </MenuItem>
          <MenuItem icon={Upload} onSelect={() => onUpload(folder, true)}>
            {t("Upload a folder here")}
          </MenuItem>
        </>
      ) : null}
      {may("terminals.use") ? (
        <MenuItem icon={SquareTerminal} onSelect={() => void say(workspace.newTerminal(folder))}>
          {t("New terminal here")}
        </MenuItem>
      ) : null}
      {entry ? (
        <>
          <MenuLine />
          <MenuItem icon={Copy} onSelect={() => void copyPath(entry.path)}>
            {t("Copy the path")}
          </MenuItem>
          {write ? (
            <>
              <MenuItem
                icon={Pencil}
                keys="F2"
                onSelect={soon(() => onEdit({ kind: "rename", path: entry.path }))}
              >
                {t("Rename")}
              </MenuItem>
              <MenuItem icon={FolderInput} onSelect={soon(() => onTask({ kind: "move", entry }))}>
                {t("Move…")}
              </MenuItem>
              <MenuItem
                icon={Trash2}
                keys="Delete"
                danger
                onSelect={soon(() => onTask({ kind: "delete", entry }))}
              >
                {t("Delete…")}
              </MenuItem>
            </>
          ) : null}
        </>
      ) : null}
    </Menu>
  );
}

function download(project: string, path: string): void {
  const a = document.createElement("a");
  a.href = downloadAddress(project, path);
  a.download = "";
  a.click();
}

async function copyPath(path: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(path);
    toast({ text: t("The path is on the clipboard.") });
  } catch {
    toast({ text: path });
  }
}
