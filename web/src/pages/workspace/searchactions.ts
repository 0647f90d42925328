import { useActions } from "../../ui/action";
import { t } from "../../words";
import { useRoom } from "./context";
import { useRecent } from "./recent";

/** Searching the project and looking at what takes its disk, for the palette and the keys. */
export function useSearchActions() {
  const { workspace } = useRoom();
  useRecent();
  const group = t("Project");
  useActions([
    {
      id: "search.text",
      label: t("Search in all files"),
      group,
      keys: "Mod+Shift+F",
      run: () => {
        const focus = () => document.querySelector<HTMLInputElement>("#search-text")?.select();
        workspace.show("search");
        focus();
        setTimeout(focus, 50); // for when it was not there yet
      },
    },
    {
      id: "usage.show",
      label: t("What takes the space"),
      group,
      run: () => workspace.openView("usage", "", t("Disk use")),
    },
  ]);
}
