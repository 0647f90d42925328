import { useActions } from "../../ui/action";
import { holdKeys } from "../../ui/ahead";
import { t } from "../../words";
import { useRoom } from "./context";
import { useRecent } from "./recent";

/** Searching the project and looking at what takes its disk, for the palette and the keys. */
export function useSearchActions() {
  const { workspace, narrow } = useRoom();
  useRecent();
  const group = t("Project");
  useActions([
    {
      id: "search.text",
      label: t("Search in all files"),
      group,
      keys: "Mod+Shift+F",
      run: () => {
        holdKeys("#search-text");
        workspace.show("search");
        focusSearch();
      },
    },
    {
      id: "usage.show",
      label: t("What takes the space"),
      group,
      run: () => {
        workspace.openView("usage", "", t("Disk use"));
        if (narrow) workspace.show("");
      },
    },
  ]);
}

/** Goes to what is looked for; the panel itself does when it is shown anew. */
export function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>("#search-text");
  field?.focus();
  field?.select();
}

/** Goes to the list of what was found. */
export function focusFound(): void {
  document.querySelector<HTMLElement>("[data-search-list]")?.focus();
}

/**
 * Replacing by keys, while the panel shows what could be. From anywhere else than the
 * panel the key goes to the list first, so that nothing is replaced unseen.
 */
export function useReplaceActions({ on, row, all }: { on: boolean; row: () => void; all: () => void }) {
  const group = t("Search");
  const inPanel = (f: () => void) => () =>
    document.activeElement?.closest("[data-search-list], search") ? f() : focusFound();
  const actions = [
    {
      id: "search.replace",
      label: t("Replace the match or the file in the list"),
      group,
      keys: "Alt+Enter",
      run: inPanel(row),
    },
    {
      id: "search.replace-all",
      label: t("Replace all that is found"),
      group,
      keys: "Mod+Alt+Enter",
      run: inPanel(all),
    },
  ];
  useActions(on ? actions : []);
}
