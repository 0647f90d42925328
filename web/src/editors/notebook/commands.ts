import type { KeyBinding } from "@codemirror/view";
import type { Action } from "../../ui/action";
import { t } from "../../words";
import type { Book } from "./book";
import { emptyCell } from "./cells";
import { headingIn } from "./headings";

/** What the page around the commands does. */
export type Around = {
  find: () => void;
  outline: () => void;
  /** Asks first: variables are lost. */
  restart: (run: boolean) => void;
  typing: [boolean, (on: boolean) => void];
  /** The focus is on a cell itself. */
  inCell: () => boolean;
  /** The focus is somewhere in the notebook. */
  inside: () => boolean;
  scrollBy: (screens: number) => void;
};

/** Runs what is chosen, and goes on. */
export function runAnd(book: Book, then: "next" | "stay" | "insert"): void {
  const { page, nb } = book;
  const cells = page.chosen;
  const last = cells.at(-1);
  if (!last) return;
  void book.run(cells);
  const at = nb.indexOf(last);
  const next = page.next(1, last.key);
  if (then === "insert") page.insertAt(at + 1, [emptyCell()], "edit");
  else if (then === "stay") page.go(last.key);
  else if (next) page.go(next.key);
  else if (page.writable.get()) page.insertAt(at + 1, [emptyCell()], "edit");
  else page.go(last.key);
}

/** Keys that count in a cell's text as well. */
export function textKeys(book: Book): readonly KeyBinding[] {
  const does = (f: () => void) => () => {
    f();
    return true;
  };
  return [
    { key: "Shift-Enter", run: does(() => runAnd(book, "next")) },
    { key: "Mod-Enter", run: does(() => runAnd(book, "stay")) },
    { key: "Ctrl-Enter", run: does(() => runAnd(book, "stay")) },
    { key: "Alt-Enter", run: does(() => runAnd(book, "insert")) },
    { key: "Ctrl-Shift--", run: does(() => book.page.split()) },
    { key: "Ctrl-Shift-_", run: does(() => book.page.split()) },
    { key: "Mod-z", run: does(() => book.page.undo()), preventDefault: true },
    { key: "Mod-Shift-z", run: does(() => book.page.redo()), preventDefault: true },
    { key: "Mod-y", run: does(() => book.page.redo()), preventDefault: true },
  ];
}

/** Everything that can be done in a notebook. */
export function commands(book: Book, around: Around): Action[] {
  return [
    ...running(book, around),
    ...moving(book, around),
    ...changing(book, around),
    ...showing(book, around),
  ];
}

function running(book: Book, around: Around): Action[] {
  const group = t("Run the notebook");
  const when = () => book.mayRun.get();
  const heard = around.inCell;
  const busy = () => (book.link.state.get().state.queue?.length ?? 0) > 0;
  const current = () => book.page.current;
  return [
    {
      id: "notebook.run",
      label: t("Run, and go to the next cell"),
      group,
      keys: "Shift+Enter",
      heard,
      run: () => runAnd(book, "next"),
    },
    {
      id: "notebook.run-stay",
      label: t("Run"),
      group,
      keys: "Mod+Enter",
      heard,
      run: () => runAnd(book, "stay"),
    },
    {
      id: "notebook.run-insert",
      label: t("Run, and insert a cell below"),
      group,
      keys: "Alt+Enter",
      heard,
      run: () => runAnd(book, "insert"),
    },
    {
      id: "notebook.run-all",
      label: t("Run all cells"),
      group,
      when,
      run: () => void book.runAll("run-all"),
    },
    {
      id: "notebook.run-above",
      label: t("Run all above"),
      group,
      when,
      run: () => {
        const c = current();
        if (c) void book.runFrom("run-above", c);
      },
    },
    {
      id: "notebook.run-below",
      label: t("Run this and all below"),
      group,
      when,
      run: () => {
        const c = current();
        if (c) void book.runFrom("run-below", c);
      },
    },
    {
      id: "notebook.stop",
      label: t("Stop what runs"),
      group,
      keys: "i i",
      heard,
      when: () => when() && busy(),
      run: () => void book.act({ action: "stop" }),
    },
    {
      id: "notebook.restart",
      label: t("Restart the kernel"),
      group,
      keys: "0 0",
      heard,
      when,
      run: () => around.restart(false),
    },
    {
      id: "notebook.restart-run-all",
      label: t("Restart the kernel and run all cells"),
      group,
      when,
      run: () => around.restart(true),
    },
    {
      id: "notebook.shutdown",
      label: t("Shut the kernel down"),
      group,
      when: () => when() && book.link.state.get().state.kernel !== undefined,
      run: () => void book.act({ action: "shutdown" }),
    },
  ];
}

function moving(book: Book, around: Around): Action[] {
  const group = t("Cells");
  const { page } = book;
  const heard = around.inCell;
  const step = (id: string, label: string, keys: string, run: () => void): Action => ({
    id: `cell.${id}`,
    label,
    group,
    keys,
    heard,
    run,
  });
  return [
    step("edit", t("Write in the cell"), "Enter", () => page.edit()),
    step("down", t("Next cell"), "j", () => page.step(1)),
    step("up", t("Cell before"), "k", () => page.step(-1)),
    step("down-arrow", t("Next cell"), "ArrowDown", () => page.step(1)),
    step("up-arrow", t("Cell before"), "ArrowUp", () => page.step(-1)),
    step("extend-down", t("Choose the next cell too"), "Shift+J", () => page.step(1, true)),
    step("extend-up", t("Choose the cell before too"), "Shift+K", () => page.step(-1, true)),
    step("extend-down-arrow", t("Choose the next cell too"), "Shift+ArrowDown", () => page.step(1, true)),
    step("extend-up-arrow", t("Choose the cell before too"), "Shift+ArrowUp", () => page.step(-1, true)),
    step("all", t("Choose all cells"), "Mod+A", () => page.selectAll()),
    step("first", t("First cell"), "Home", () => page.go(book.nb.list.get()[0]?.key ?? "")),
    step("last", t("Last cell"), "End", () => page.go(book.nb.list.get().at(-1)?.key ?? "")),
    step("screen-down", t("Scroll down"), "Space", () => around.scrollBy(0.9)),
    step("screen-up", t("Scroll up"), "Shift+Space", () => around.scrollBy(-0.9)),
    step("fold", t("Fold the heading"), "ArrowLeft", () => foldHere(book, true)),
    step("unfold", t("Unfold the heading"), "ArrowRight", () => foldHere(book, false)),
    { id: "cell.fold-all", label: t("Fold all headings"), group, run: () => page.foldAll(true) },
    { id: "cell.unfold-all", label: t("Unfold all headings"), group, run: () => page.foldAll(false) },
  ];
}

/** Folds the part that the cell in focus begins, or is in. */
function foldHere(book: Book, fold: boolean): void {
  const list = book.nb.list.get();
  const cell = book.page.current;
  let at = cell ? book.nb.indexOf(cell) : -1;
  const heading = (i: number) => {
    const c = list[i];
    return c?.head.get().type === "markdown" && headingIn(c.text) !== undefined;
  };
  if (fold) while (at > 0 && !heading(at)) at--;
  const found = list[at];
  if (!found || !heading(at)) return;
  book.page.fold(found.key, fold);
  book.page.go(found.key);
}

function changing(book: Book, around: Around): Action[] {
  const group = t("Change cells");
  const { page } = book;
  const when = () => page.writable.get();
  const heard = around.inCell;
  const change = (id: string, label: string, keys: string | undefined, run: () => void): Action => ({
    id: `cell.${id}`,
    label,
    group,
    ...(keys && { keys }),
    heard,
    when,
    run,
  });
  return [
    change("above", t("Insert a cell above"), "a", () => page.insert("above")),
    change("below", t("Insert a cell below"), "b", () => page.insert("below")),
    change("delete", t("Delete the cells"), "d d", () => page.delete()),
    change("cut", t("Cut the cells"), "x", () => page.cut()),
    change("copy", t("Copy the cells"), "c", () => page.copy()),
    change("paste", t("Paste below"), "v", () => page.paste("below")),
    change("paste-above", t("Paste above"), "Shift+V", () => page.paste("above")),
    change("undo", t("Undo"), "z", () => page.undo()),
    change("redo", t("Redo"), "Shift+Z", () => page.redo()),
    change("undo-mod", t("Undo"), "Mod+Z", () => page.undo()),
    change("redo-mod", t("Redo"), "Mod+Shift+Z", () => page.redo()),
    change("code", t("Make it code"), "y", () => page.setType("code")),
    change("markdown", t("Make it markdown"), "m", () => page.setType("markdown")),
    change("raw", t("Make it raw text"), "r", () => page.setType("raw")),
    ...[1, 2, 3, 4, 5, 6].map((n) =>
      change(`heading-${n}`, t("Make it a heading of level {n}", { n }), String(n), () => page.heading(n)),
    ),
    change("merge", t("Merge cells"), "Shift+M", () => page.merge()),
    change("split", t("Split the cell at the cursor"), "Ctrl+Shift+-", () => page.split()),
    change("move-up", t("Move up"), "Alt+ArrowUp", () => page.move(-1)),
    change("move-down", t("Move down"), "Alt+ArrowDown", () => page.move(1)),
    change("clear", t("Clear the outputs of the cells"), undefined, () => page.clear()),
    change("clear-all", t("Clear all outputs"), undefined, () => page.clear(true)),
  ];
}

function showing(book: Book, around: Around): Action[] {
  const group = t("Show the notebook");
  const { page } = book;
  const heard = around.inCell;
  const [typing, setTyping] = around.typing;
  return [
    {
      id: "notebook.find",
      label: t("Find and replace in the notebook"),
      group,
      keys: "Mod+F",
      heard: around.inside,
      run: around.find,
    },
    {
      id: "notebook.find-f",
      label: t("Find and replace in the notebook"),
      group,
      keys: "f",
      heard,
      run: around.find,
    },
    { id: "notebook.outline", label: t("Outline"), group, run: around.outline },
    {
      id: "notebook.outputs",
      label: t("Hide or show the outputs"),
      group,
      keys: "o",
      heard,
      when: () => page.writable.get(),
      run: () => page.toggleOutputs(),
    },
    {
      id: "notebook.scroll",
      label: t("Let the outputs scroll, or not"),
      group,
      keys: "Shift+O",
      heard,
      when: () => page.writable.get(),
      run: () => page.toggleScroll(),
    },
    {
      id: "notebook.source",
      label: t("Hide or show the text of the cells"),
      group,
      when: () => page.writable.get(),
      run: () => page.toggleOutputs("source_hidden"),
    },
    {
      id: "notebook.numbers",
      label: t("Line numbers"),
      group,
      keys: "Shift+L",
      heard,
      run: () => page.lineNumbers.set(!page.lineNumbers.get()),
    },
    {
      id: "notebook.typing",
      label: typing ? t("Complete by Tab only") : t("Complete as I type"),
      group,
      run: () => setTyping(!typing),
    },
    {
      id: "notebook.leave",
      label: t("From the text to the cell"),
      group,
      keys: "Escape",
      heard: () => false,
      run: () => page.command(),
    },
  ];
}
