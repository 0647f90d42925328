import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useActions } from "../../ui/action";
import { holdKeys } from "../../ui/ahead";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { say } from "../say";
import { useRoom } from "./context";
import { useFileActions } from "./fileactions";
import { terminals } from "./queries";
import { useRun } from "./run";
import { saveState } from "./statusline";

/** What can be done in a workspace, for the palette, the keys and their sheet. */
export function useWorkspaceActions({ find }: { find: () => void }) {
  const room = useRoom();
  const { workspace, project, running, may } = room;
  const { send } = useRun(project);
  const navigate = useNavigate();
  const cache = useQueryClient();
  const terminal = async () => {
    // The one that is open gets the focus; else the first of the project; else, and from there, a new one.
    const open = workspace.tabs.get().find((o) => o.tab.kind === "terminal");
    const inIt = workspace.active.get()?.id === open?.id && document.activeElement?.closest(".xterm");
    if (open?.tab.kind === "terminal" && !inIt) {
      workspace.openTerminal(open.tab.terminal, "");
      return;
    }
    const typed = holdKeys();
    const list = open ? [] : await cache.fetchQuery(terminals(project.id, running)).catch(() => []);
    const first = list.find((x) => !x.exited);
    if (first) workspace.openTerminal(first.id, first.name);
    else await say(workspace.newTerminal());
    typed.drop(); // where one was opened, what is typed waits for that
  };
  const group = t("Project");
  const tabs = t("Tabs");
  const active = () => workspace.active.get() !== undefined;
  const state = project.state;
  useFileActions();
  useActions([
    { id: "file.find", label: t("Go to a file"), group, keys: "Mod+P", run: find },
    { id: "file.save", label: t("Save"), group, keys: "Mod+S", run: () => saved(room) },
    { id: "side.people", label: t("Show the people"), group, run: () => goToSide(workspace, "people") },
    {
      id: "side.git",
      label: t("Show Git"),
      group,
      keys: "Mod+Shift+G",
      when: () => may("terminals.use"),
      run: () => goToSide(workspace, "git"),
    },
    {
      id: "side.terminals",
      label: t("Show the terminals"),
      group,
      when: () => may("terminals.use"),
      run: () => goToSide(workspace, "terminals"),
    },
    {
      id: "side.running",
      label: t("Show what runs"),
      group,
      when: () => may("terminals.use"),
      run: () => goToSide(workspace, "running"),
    },
    {
      id: "terminal.open",
      label: t("Go to the terminal"),
      group: t("Terminal"),
      keys: "Ctrl+`",
      when: () => running && may("terminals.use"),
      run: () => void terminal(),
    },
    {
      id: "terminal.new",
      label: t("New terminal"),
      group: t("Terminal"),
      when: () => running && may("terminals.use"),
      run: () => void say(workspace.newTerminal()),
    },
    {
      id: "tab.close",
      label: t("Close the tab"),
      group: tabs,
      keys: "Alt+W",
      when: active,
      run: () => workspace.closeActive(),
    },
    {
      id: "tab.next",
      label: t("Next tab"),
      group: tabs,
      keys: "Alt+PageDown",
      when: active,
      run: () => workspace.step(1),
    },
    {
      id: "tab.previous",
      label: t("Previous tab"),
      group: tabs,
      keys: "Alt+PageUp",
      when: active,
      run: () => workspace.step(-1),
    },
    {
      id: "tab.split",
      label: t("Next split"),
      group: tabs,
      keys: "F6",
      when: active,
      run: () => workspace.nextSplit(),
    },
    {
      id: "tab.right",
      label: t("Split to the right"),
      group: tabs,
      keys: "Mod+\\",
      when: active,
      run: () => workspace.split("right"),
    },
    {
      id: "tab.below",
      label: t("Split below"),
      group: tabs,
      when: active,
      run: () => workspace.split("below"),
    },
    {
      id: "project.start",
      label: t("Start the project"),
      group,
      when: () => may("project.run") && (state.wanted === "stopped" || state.phase === "failed"),
      run: () => send("start"),
    },
    {
      id: "project.restart",
      label: t("Restart the project"),
      group,
      when: () => may("project.stop") && running,
      run: () => send("restart"),
    },
    {
      id: "project.stop",
      label: t("Stop the project"),
      group,
      when: () => may("project.stop") && state.wanted === "running",
      run: () => send("stop"),
    },
    {
      id: "project.settings",
      label: t("Settings of the project"),
      group,
      run: () => void navigate({ to: "/projects/$project/settings", params: { project: project.id } }),
    },
  ]);
}

/** Shows a part at the side, and goes there: the next Tab is at its first control. */
function goToSide(workspace: ReturnType<typeof useRoom>["workspace"], side: string): void {
  workspace.show(side);
  requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-side]")?.focus());
}

/** Everything is saved as it is typed; whoever asks for it is told how it stands. */
function saved({ workspace }: ReturnType<typeof useRoom>): void {
  const document = workspace.active.get()?.status.get().document;
  const state = document ? saveState(document) : "saved";
  if (state === "saved" || state === "saving" || state === "opening") {
    toast({ text: t("Saved. Everything is saved as you type.") });
  } else if (state === "reading") toast({ text: t("You may read this file, not change it.") });
  else toast({ text: t("Not saved yet. It is saved as soon as the project is heard again."), kind: "bad" });
}
