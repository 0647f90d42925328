import {
  ChartPie,
  ClipboardPaste,
  Copy,
  CopyPlus,
  CornerUpRight,
  Download,
  FilePlus,
  FolderInput,
  FolderPlus,
  History,
  Link,
  ListChecks,
  Pencil,
  Scissors,
  SplitSquareHorizontal,
  SquareTerminal,
  Trash2,
  Upload,
} from "lucide-react";
import type { ReactNode } from "react";
import type { Entry } from "../../api/project";
import { Menu, MenuItem, MenuLine } from "../../ui/menu";
import { t } from "../../words";
import { say } from "../say";
import { useRoom, useStore } from "./context";
import { download } from "./dragout";
import type { Editing, Task } from "./entrydialogs";
import type { EntryWork } from "./entrywork";
import { showHistory } from "./history/show";
import { isFolder } from "./path";
import styles from "./tree.module.css";
import { UnpackItem } from "./unpackitem";

/** Where on the screen a menu opens, and what it is for: that stays, whatever is selected meanwhile. */
export type MenuAt = { x: number; y: number; entries: readonly Entry[]; folder: string };

type Props = {
  write: boolean;
  work: EntryWork;
  onOpen: () => void;
  onEdit: (e: Editing) => void;
  onMake: (kind: "file" | "folder", parent: string) => void;
  onTask: (task: Task) => void;
  onUpload: (folder: string, whole: boolean) => void;
};

type For = Props & Pick<MenuAt, "entries" | "folder">;

/** What can be done to what is selected, or to the home when nothing is. */
export function EntryMenu({
  at,
  onClose,
  back,
  ...props
}: Props & { at: MenuAt | undefined; onClose: () => void; back: () => void }) {
  return (
    <Menu
      back={back}
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
      {at === undefined ? null : <EntryItems {...props} entries={at.entries} folder={at.folder} />}
    </Menu>
  );
}

function EntryItems(props: For) {
  const { write, entries } = props;
  const { may } = useRoom();
  const groups: ReactNode[] = [<Opening key="open" {...props} />];
  if (write && entries.length <= 1) groups.push(<Making key="make" {...props} />);
  else if (may("terminals.use") && entries.length <= 1) groups.push(<Terminal key="terminal" {...props} />);
  groups.push(<Clipping key="clip" {...props} />);
  if (write && entries.length > 0) groups.push(<Changing key="change" {...props} />);
  return (
    <>
      {groups.map((g, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the groups stand in one order
        <Group key={i} first={i === 0 && entries.length === 0}>
          {g}
        </Group>
      ))}
    </>
  );
}

function Group({ first, children }: { first: boolean; children: ReactNode }) {
  return (
    <div className={styles.group} data-first={first}>
      {children}
      <MenuLine />
    </div>
  );
}

function Opening({ entries, write, onOpen }: For) {
  const { workspace, narrow } = useRoom();
  const [first] = entries;
  if (first === undefined) return null;
  const measure = () => {
    workspace.openView("usage", first.path, t("Disk use"));
    if (narrow) workspace.show("");
  };
  const file = entries.length === 1 && !isFolder(first);
  return (
    <>
      {file ? (
        <>
          <MenuItem icon={CornerUpRight} keys="Enter" late onSelect={onOpen}>
            {t("Open")}
          </MenuItem>
          <MenuItem
            icon={SplitSquareHorizontal}
            keys="Mod+Enter"
            onSelect={() => workspace.openFile(first.path, { beside: true })}
          >
            {t("Open beside")}
          </MenuItem>
          <MenuItem
            icon={History}
            onSelect={() => {
              showHistory(workspace, first.path);
              if (narrow) workspace.show("");
            }}
          >
            {t("History")}
          </MenuItem>
        </>
      ) : null}
      <MenuItem icon={Download} onSelect={() => download(workspace.project, entries)}>
        {file ? t("Download") : t("Download as a zip")}
      </MenuItem>
      <UnpackItem entries={entries} write={write} />
      {entries.length === 1 && !file ? (
        <MenuItem icon={ChartPie} onSelect={measure}>
          {t("What takes the space")}
        </MenuItem>
      ) : null}
    </>
  );
}

function Making(props: For) {
  const { folder, onMake, onUpload } = props;
  const { may } = useRoom();
  return (
    <>
      <MenuItem icon={FilePlus} late onSelect={() => onMake("file", folder)}>
        {t("New file")}
      </MenuItem>
      <MenuItem icon={FolderPlus} late onSelect={() => onMake("folder", folder)}>
        {t("New folder")}
      </MenuItem>
      <MenuItem icon={Upload} onSelect={() => onUpload(folder, false)}>
        {t("Upload files here")}
      </MenuItem>
      <MenuItem icon={Upload} onSelect={() => onUpload(folder, true)}>
        {t("Upload a folder here")}
      </MenuItem>
      {may("terminals.use") ? <Terminal {...props} /> : null}
    </>
  );
}

function Terminal({ folder }: For) {
  const { workspace } = useRoom();
  return (
    <MenuItem icon={SquareTerminal} onSelect={() => void say(workspace.newTerminal(folder))}>
      {t("New terminal here")}
    </MenuItem>
  );
}

function Clipping({ write, work, entries, folder }: For) {
  const { workspace } = useRoom();
  const clip = useStore(workspace.files.clipboard.clip);
  const tab = useStore(workspace.active)?.tab;
  const paths = entries.map((e) => e.path);
  const some = paths.length > 0;
  return (
    <>
      {some && write ? (
        <MenuItem icon={Scissors} keys="Mod+X" onSelect={() => void work.clip(paths, true)}>
          {t("Cut")}
        </MenuItem>
      ) : null}
      {some ? (
        <MenuItem icon={Copy} keys="Mod+C" onSelect={() => void work.clip(paths, false)}>
          {t("Copy")}
        </MenuItem>
      ) : null}
      {write ? (
        <MenuItem
          icon={ClipboardPaste}
          keys="Mod+V"
          disabled={clip === undefined}
          onSelect={() => void work.paste(folder)}
        >
          {t("Paste")}
        </MenuItem>
      ) : null}
      {some && write ? (
        <MenuItem icon={CopyPlus} keys="Mod+D" onSelect={() => void work.duplicate(paths)}>
          {t("Duplicate")}
        </MenuItem>
      ) : null}
      {some ? (
        <MenuItem icon={Link} onSelect={() => void work.copyPaths(paths)}>
          {t("Copy the path")}
        </MenuItem>
      ) : null}
      {some && tab?.kind === "file" ? (
        <MenuItem icon={Link} onSelect={() => void work.copyWay(paths)}>
          {t("Copy the path from the open file")}
        </MenuItem>
      ) : null}
    </>
  );
}

function Changing({ work, entries, onEdit, onTask }: For) {
  const { files } = useRoom().workspace;
  const selecting = useStore(files.selecting);
  const [first] = entries;
  return (
    <>
      {first !== undefined && entries.length === 1 ? (
        <MenuItem icon={Pencil} keys="F2" late onSelect={() => onEdit({ kind: "rename", path: first.path })}>
          {t("Rename")}
        </MenuItem>
      ) : null}
      <MenuItem icon={FolderInput} late onSelect={() => onTask({ kind: "move", entries })}>
        {t("Move…")}
      </MenuItem>
      {selecting ? null : (
        <MenuItem icon={ListChecks} onSelect={() => files.selecting.set(true)}>
          {t("Select several")}
        </MenuItem>
      )}
      <MenuItem icon={Trash2} keys="Delete" onSelect={() => void work.trash(entries.map((e) => e.path))}>
        {t("Move to the trash")}
      </MenuItem>
      <MenuItem
        icon={Trash2}
        keys="Shift+Delete"
        danger
        late
        onSelect={() => onTask({ kind: "purge", entries })}
      >
        {t("Delete for good…")}
      </MenuItem>
    </>
  );
}
