import { useActions } from "../../ui/action";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import { useEntryWork } from "./entrywork";
import { reveal } from "./explorerhead";
import type { Wish } from "./model";

/** What can be done with the explorer, for the palette, the keys and their sheet. Its own keys are the tree's. */
export function useFileActions() {
  const { workspace, running, may } = useRoom();
  const { side, hidden } = useStore(workspace.arrangement);
  const { files, tree } = workspace;
  const work = useEntryWork();
  const group = t("Files");
  const write = () => running && may("files.write");
  const some = () => write() && files.selection.get().picked.size > 0;
  const want = (wish: Wish) => () => workspace.want(wish);
  const paths = () => work.picked().map((e) => e.path);
  const active = () => {
    const tab = workspace.active.get()?.tab;
    return tab?.kind === "file" ? tab.path : undefined;
  };
  useActions([
    {
      id: "side.files",
      label: t("Show or hide the files"),
      group: t("Project"),
      keys: "Mod+B",
      run: () => workspace.show(side === "files" ? "" : "files"),
    },
    {
      id: "side.focus",
      label: t("Go to the files"),
      group: t("Project"),
      keys: "Mod+Shift+E",
      run: () => (running ? workspace.want("focus") : workspace.show("files")),
    },
    { id: "file.new", label: t("New file"), group, keys: "Alt+N", when: write, run: want("file") },
    { id: "folder.new", label: t("New folder"), group, when: write, run: want("folder") },
    { id: "file.upload", label: t("Upload files"), group, when: write, run: want("upload") },
    { id: "folder.upload", label: t("Upload a folder"), group, when: write, run: want("upload-folder") },
    { id: "file.rename", label: t("Rename what is selected"), group, when: some, run: want("rename") },
    { id: "file.move", label: t("Move what is selected"), group, when: some, run: want("move") },
    {
      id: "file.duplicate",
      label: t("Duplicate what is selected"),
      group,
      when: some,
      run: () => void work.duplicate(paths()),
    },
    {
      id: "file.trash",
      label: t("Move what is selected to the trash"),
      group,
      when: some,
      run: () => void work.trash(paths()),
    },
    { id: "file.purge", label: t("Delete what is selected for good"), group, when: some, run: want("purge") },
    { id: "files.trash", label: t("Open the trash"), group, when: write, run: want("trash") },
    {
      id: "files.undo",
      label: t("Undo the last change of files"),
      group,
      when: () => write() && files.work.acts.canUndo,
      run: () => void work.undo(),
    },
    {
      id: "files.goto",
      label: t("Go to a folder"),
      group,
      when: () => running,
      run: want("goto"),
    },
    {
      id: "file.reveal",
      label: t("Show the open file among the files"),
      group,
      when: () => active() !== undefined,
      run: () => reveal(workspace, active() ?? ""),
    },
    {
      id: "files.filter",
      label: t("Filter the files by name"),
      group,
      when: () => running,
      run: want("filter"),
    },
    { id: "files.collapse", label: t("Close all folders"), group, run: () => tree.collapseAll() },
    {
      id: "files.hidden",
      label: hidden ? t("Leave out names with a dot") : t("Show names with a dot"),
      group,
      when: () => may("files.read-hidden"),
      run: () => workspace.setHidden(!hidden),
    },
  ]);
}
