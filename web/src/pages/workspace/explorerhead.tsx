import {
  ArrowDown,
  ArrowUp,
  ChartPie,
  ChevronsDownUp,
  Crosshair,
  Ellipsis,
  Eye,
  FilePlus,
  Filter,
  FolderPlus,
  FolderSearch,
  FolderUp,
  ListChecks,
  RefreshCw,
  Trash2,
  Undo2,
  Upload,
  X,
} from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button, IconButton } from "../../ui/button";
import { classes } from "../../ui/classes";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../../ui/menu";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import type { Task } from "./entrydialogs";
import { type EntryWork, useEntryWork } from "./entrywork";
import { type Order, pressed } from "./order";
import { only } from "./selection";
import tree from "./tree.module.css";
import styles from "./workspace.module.css";

type Props = {
  write: boolean;
  filtering: boolean;
  onFilter: (on: boolean) => void;
  onMake: (kind: "file" | "folder") => void;
  onUpload: (whole: boolean) => void;
  onTrash: () => void;
  onGoto: () => void;
};

/** The name of the panel, with what is done most, and a menu of the rest. */
export function ExplorerHead(props: Props) {
  const { write, filtering, onFilter, onMake, onUpload } = props;
  const { workspace } = useRoom();
  return (
    <div className={styles.panelHead}>
      <h2>{t("Files")}</h2>
      {write ? (
        <>
          <IconButton label={t("New file")} keys="Alt+N" onClick={() => onMake("file")}>
            <FilePlus size={16} strokeWidth={1.5} />
          </IconButton>
          <IconButton label={t("New folder")} onClick={() => onMake("folder")}>
            <FolderPlus size={16} strokeWidth={1.5} />
          </IconButton>
          <IconButton label={t("Upload files")} onClick={() => onUpload(false)}>
            <Upload size={16} strokeWidth={1.5} />
          </IconButton>
        </>
      ) : null}
      <IconButton
        label={t("Filter by name")}
        aria-pressed={filtering}
        onClick={() => {
          if (filtering) workspace.tree.setFilter("");
          onFilter(!filtering);
        }}
      >
        <Filter size={16} strokeWidth={1.5} />
      </IconButton>
      <More {...props} />
    </div>
  );
}

function More({ write, onUpload, onTrash, onGoto }: Props) {
  const { workspace, may } = useRoom();
  const { hidden, order } = useStore(workspace.arrangement);
  const work = useEntryWork();
  const active = useStore(workspace.active)?.tab;
  return (
    <Menu
      trigger={
        <IconButton label={t("More for files")}>
          <Ellipsis size={16} strokeWidth={1.5} />
        </IconButton>
      }
    >
      {write ? (
        <>
          <MenuItem icon={FolderUp} onSelect={() => onUpload(true)}>
            {t("Upload a folder")}
          </MenuItem>
          <MenuItem icon={Undo2} keys="Mod+Z" onSelect={() => void work.undo()}>
            {t("Undo the last change of files")}
          </MenuItem>
          <MenuItem icon={ListChecks} onSelect={() => workspace.files.selecting.set(true)}>
            {t("Select several")}
          </MenuItem>
          <MenuItem icon={Trash2} late onSelect={onTrash}>
            {t("Trash")}
          </MenuItem>
          <MenuLine />
        </>
      ) : null}
      <MenuItem icon={FolderSearch} late onSelect={onGoto}>
        {t("Go to a folder…")}
      </MenuItem>
      {active?.kind === "file" ? (
        <MenuItem icon={Crosshair} onSelect={() => reveal(workspace, active.path)}>
          {t("Show the open file")}
        </MenuItem>
      ) : null}
      <MenuItem icon={ChevronsDownUp} onSelect={() => workspace.tree.collapseAll()}>
        {t("Close all folders")}
      </MenuItem>
      {may("files.read-hidden") ? (
        <MenuItem icon={Eye} onSelect={() => workspace.setHidden(!hidden)}>
          {hidden ? t("Leave out names with a dot") : t("Show names with a dot")}
        </MenuItem>
      ) : null}
      <MenuItem icon={ChartPie} onSelect={() => workspace.openView("usage", "", t("Disk use"))}>
        {t("What takes the space")}
      </MenuItem>
      <MenuItem icon={RefreshCw} onSelect={() => void workspace.tree.refresh()}>
        {t("Read the files again")}
      </MenuItem>
      <MenuLine />
      <MenuChoice
        label={t("Sort by")}
        value={order.by}
        choices={[
          { value: "name", label: t("Name") },
          { value: "modified", label: t("Last change") },
          { value: "size", label: t("Size") },
          { value: "kind", label: t("Kind") },
        ]}
        onChange={(by) => workspace.setOrder(by === order.by ? order : pressed(order, by))}
      />
      <MenuItem
        icon={order.desc ? ArrowUp : ArrowDown}
        onSelect={() => workspace.setOrder({ ...order, desc: !order.desc })}
      >
        {t("Turn the order round")}
      </MenuItem>
    </Menu>
  );
}

/** Opens the folders above a file and goes to its row. */
export function reveal(workspace: ReturnType<typeof useRoom>["workspace"], path: string): void {
  workspace.show("files");
  void workspace.tree.reveal(path, 50).then((found) => {
    if (found) workspace.files.selection.set(only(path));
  });
}

/** The names of the columns, where there is room for them: pressed, they sort. */
export function OrderBar() {
  const { workspace } = useRoom();
  const { order } = useStore(workspace.arrangement);
  const bar = useRef<HTMLDivElement>(null);
  const [wide, setWide] = useState(false);
  useEffect(() => {
    const el = bar.current;
    if (!el) return;
    const sizes = new ResizeObserver(() => setWide(el.clientWidth >= 420));
    sizes.observe(el);
    return () => sizes.disconnect();
  }, []);
  const column = (by: Order["by"], label: string, className: string | undefined) => (
    <button
      type="button"
      className={className}
      aria-pressed={order.by === by}
      onClick={() => workspace.setOrder(pressed(order, by))}
    >
      {label}
      {order.by !== by ? null : order.desc ? (
        <ArrowDown size={12} strokeWidth={1.5} aria-label={t("the largest first")} />
      ) : (
        <ArrowUp size={12} strokeWidth={1.5} aria-label={t("the smallest first")} />
      )}
    </button>
  );
  return (
    <div ref={bar} className={classes(tree.columns, !wide && tree.none)}>
      {wide ? (
        <>
          {column("name", t("Name"), tree.nameColumn)}
          {column("size", t("Size"), tree.size)}
          {column("modified", t("Changed"), tree.when)}
        </>
      ) : null}
    </div>
  );
}

/** While presses select: how many there are, and what to do with them. For fingers, which have no Ctrl. */
export function SelectingBar({
  write,
  work,
  onTask,
}: {
  write: boolean;
  work: EntryWork;
  onTask: (task: Task) => void;
}) {
  const { files } = useRoom().workspace;
  const on = useStore(files.selecting);
  const n = useStore(files.selection).picked.size;
  if (!on || !write) return null;
  return (
    <div className={styles.selecting}>
      <span role="status">{t("{n} selected", { n })}</span>
      <Button
        look="quiet"
        disabled={n === 0}
        onClick={() => onTask({ kind: "move", entries: work.picked() })}
      >
        {t("Move")}
      </Button>
      <Button
        look="quiet"
        disabled={n === 0}
        onClick={() => void work.trash(work.picked().map((e) => e.path))}
      >
        {t("Trash")}
      </Button>
      <IconButton label={t("Select no more")} onClick={() => files.selecting.set(false)}>
        <X size={16} strokeWidth={1.5} />
      </IconButton>
    </div>
  );
}
