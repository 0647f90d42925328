import { useActions } from "../../../ui/action";
import { t } from "../../../words";
import { useRoom } from "../context";
import { showHistory } from "./show";

/** Going to the history, for the palette and the keys. */
export function useHistoryActions() {
  const { workspace } = useRoom();
  const group = t("Files");
  const path = () => {
    const tab = workspace.active.get()?.tab;
    return tab?.kind === "file" ? tab.path : "";
  };
  useActions([
    {
      id: "history.show",
      label: t("History of the file that is open"),
      group,
      keys: "Mod+Shift+H",
      when: () => path() !== "",
      run: () => showHistory(workspace, path()),
    },
    {
      id: "side.history",
      label: t("Show the list of versions"),
      group,
      run: () => workspace.show("history"),
    },
  ]);
}
