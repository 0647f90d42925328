import { useQuery } from "@tanstack/react-query";
import {
  ChevronDown,
  Ellipsis,
  ListTree,
  Play,
  Plus,
  RotateCw,
  Search,
  Square,
  StepForward,
} from "lucide-react";
import { useEffect, useState } from "react";
import { type KernelState, readKernels } from "../../api/kernels";
import { keys as queryKeys } from "../../api/keys";
import { readConversions } from "../../api/notebooks";
import { Button, IconButton } from "../../ui/button";
import { classes } from "../../ui/classes";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "../../ui/menu";
import { t } from "../../words";
import type { Way } from "../bar";
import { OpenAs } from "../bar";
import { runAnd } from "./commands";
import { saveConverted, saveNotebook, saveScript } from "./download";
import { useBook, usePart, useStore } from "./hooks";
import styles from "./notebook.module.css";
import { duration } from "./timing";

/** The line above the cells: run, stop, add; the kernel; the rest in a menu. */
export function NotebookBar({
  way,
  restart,
  find,
  outline,
  variables,
}: {
  way: Way;
  restart: (run: boolean) => void;
  find: () => void;
  outline: () => void;
  variables: () => void;
}) {
  const book = useBook();
  const { page } = book;
  const mayRun = useStore(book.mayRun);
  const writable = useStore(page.writable);
  const busy = usePart(book.link.state, (l) => (l.state.queue?.length ?? 0) > 0);
  return (
    <div className={styles.bar} role="toolbar" aria-label={t("What can be done with the notebook")}>
      {mayRun ? (
        <>
          <IconButton
            label={t("Run, and go to the next cell")}
            keys="Shift+Enter"
            onClick={() => runAnd(book, "next")}
          >
            <StepForward size={16} strokeWidth={1.5} />
          </IconButton>
          <IconButton label={t("Run all cells")} onClick={() => void book.runAll("run-all")}>
            <Play size={16} strokeWidth={1.5} />
          </IconButton>
          <IconButton
            label={t("Stop what runs")}
            keys="i i"
            disabled={!busy}
            onClick={() => void book.act({ action: "stop" })}
          >
            <Square size={14} strokeWidth={1.5} />
          </IconButton>
          <IconButton label={t("Restart the kernel")} keys="0 0" onClick={() => restart(false)}>
            <RotateCw size={16} strokeWidth={1.5} />
          </IconButton>
          <span className={styles.divider} />
        </>
      ) : null}
      {writable ? (
        <IconButton
          label={t("Insert a cell below")}
          keys="b"
          onClick={() => page.insert("below", "code", "edit")}
        >
          <Plus size={16} strokeWidth={1.5} />
        </IconButton>
      ) : null}
      <span className={styles.gap} />
      <KernelMenu mayRun={mayRun} restart={restart} />
      <span className={classes(styles.divider, styles.wide)} />
      <IconButton
        className={styles.wide}
        label={t("Find and replace in the notebook")}
        keys="Mod+F"
        onClick={find}
      >
        <Search size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton className={styles.wide} label={t("Outline")} onClick={outline}>
        <ListTree size={16} strokeWidth={1.5} />
      </IconButton>
      <Menu
        trigger={
          <IconButton label={t("More for this notebook")}>
            <Ellipsis size={16} strokeWidth={1.5} />
          </IconButton>
        }
      >
        <MenuItem late onSelect={find}>
          {t("Find and replace in the notebook")}
        </MenuItem>
        <MenuItem onSelect={outline}>{t("Outline")}</MenuItem>
        {mayRun ? <MenuItem onSelect={variables}>{t("Variables")}</MenuItem> : null}
        <MenuItem onSelect={() => page.foldAll(true)}>{t("Fold all headings")}</MenuItem>
        <MenuItem onSelect={() => page.foldAll(false)}>{t("Unfold all headings")}</MenuItem>
        <MenuItem keys="Shift+L" onSelect={() => page.lineNumbers.set(!page.lineNumbers.get())}>
          {t("Line numbers")}
        </MenuItem>
        {mayRun ? (
          <>
            <MenuLine />
            <MenuItem onSelect={() => restart(true)}>{t("Restart the kernel and run all cells")}</MenuItem>
          </>
        ) : null}
        {writable ? <MenuItem onSelect={() => page.clear(true)}>{t("Clear all outputs")}</MenuItem> : null}
        <MenuLine />
        <MenuItem onSelect={() => saveNotebook(book)}>{t("Download as .ipynb")}</MenuItem>
        <MenuItem onSelect={() => saveScript(book)}>{t("Download as a script")}</MenuItem>
        {mayRun ? <Conversions /> : null}
      </Menu>
      <span className={styles.wide}>
        <OpenAs path={book.path} way={way} />
      </span>
    </div>
  );
}

/** What a program of the project makes of the notebook; it is looked for when the menu opens. */
function Conversions() {
  const book = useBook();
  const { project, path } = book;
  const { data } = useQuery({
    queryKey: [...queryKeys.project(project), "conversions", path],
    queryFn: ({ signal }) => readConversions(project, path, signal),
    staleTime: 10_000,
    retry: false,
  });
  return (["html", "pdf"] as const).map((to) => {
    const found = data?.find((c) => c.to === to);
    return (
      <MenuItem
        key={to}
        disabled={found === undefined}
        onSelect={() => found && void saveConverted(book, found)}
      >
        {to === "html" ? t("Download as HTML") : t("Download as PDF")}
      </MenuItem>
    );
  });
}

/** The kernels of the project; read by the clock while one of them is on the screen. */
function useKernels(on: boolean) {
  const { project } = useBook();
  return useQuery({
    queryKey: [...queryKeys.project(project), "kernels"],
    queryFn: ({ signal }) => readKernels(project, signal),
    enabled: on,
    refetchInterval: 5000,
    staleTime: 2000,
    retry: false,
  });
}

function KernelMenu({ mayRun, restart }: { mayRun: boolean; restart: (run: boolean) => void }) {
  const book = useBook();
  const { live, state } = useStore(book.link.state);
  const { data } = useKernels(live && mayRun);
  const { kernel } = state;
  const memory = data?.kernels.find((k) => k.id === kernel?.id)?.memoryBytes;
  const told = <KernelSays />;
  if (!mayRun) return told;
  const specs = data?.specs ?? [];
  return (
    <Menu
      trigger={
        <Button look="quiet">
          <span className="visually-hidden">{t("Kernel:")} </span>
          {told}
          {memory ? <span className={classes("numbers", styles.wide)}>{megabytes(memory)}</span> : null}
          <ChevronDown size={14} strokeWidth={1.5} aria-hidden />
        </Button>
      }
    >
      {specs.length > 0 ? (
        <MenuChoice
          label={t("Run with")}
          value={kernel?.spec ?? ""}
          choices={specs.map((s) => ({ value: s.name, label: s.displayName }))}
          onChange={(spec) => void book.act({ action: "start", spec })}
        />
      ) : (
        <MenuLabel>{t("No kernel is installed in this project.")}</MenuLabel>
      )}
      <MenuLine />
      <MenuItem keys="0 0" disabled={!kernel} onSelect={() => restart(false)}>
        {t("Restart the kernel")}
      </MenuItem>
      <MenuItem disabled={!kernel} onSelect={() => restart(true)}>
        {t("Restart the kernel and run all cells")}
      </MenuItem>
      <MenuItem
        danger
        disabled={!kernel || kernel.state === "dead"}
        onSelect={() => void book.act({ action: "shutdown" })}
      >
        {t("Shut the kernel down")}
      </MenuItem>
    </Menu>
  );
}

export function megabytes(n: number): string {
  return n >= 1e9 ? t("{n} GB", { n: (n / 1e9).toFixed(1) }) : t("{n} MB", { n: Math.round(n / 1e6) });
}

type Told = { state: KernelState; displayName: string; since: string };

function KernelSays() {
  const book = useBook();
  const { live, state } = useStore(book.link.state);
  const { kernel } = state;
  return (
    <span className={styles.kernel}>
      <span className={classes(styles.dot, live && kernel && styles[kernel.state])} aria-hidden />
      {kernel ? <b className={styles.wide}>{kernel.displayName}</b> : null}
      <span>
        {live && kernel ? kernelWord(kernel.state) : live ? t("No kernel") : t("Connecting…")}
        {live && kernel?.state === "busy" ? <Since at={kernel.since} /> : null}
      </span>
    </span>
  );
}

/** For how long it is so, when that is longer than a moment. */
function Since({ at }: { at: string }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const ms = now - Date.parse(at);
  return ms >= 2000 ? <span className="numbers"> {duration(ms)}</span> : null;
}

export function kernelWord(state: KernelState): string {
  switch (state) {
    case "starting":
      return t("Starting");
    case "idle":
      return t("Idle");
    case "busy":
      return t("Busy");
    case "restarting":
      return t("Restarting");
    case "dead":
      return t("Dead");
  }
}

/** What the kernel does, in words. */
export function kernelText(live: boolean, kernel: Told | undefined): string {
  if (!live) return t("Connecting…");
  return kernel ? `${kernel.displayName} · ${kernelWord(kernel.state)}` : t("No kernel");
}
