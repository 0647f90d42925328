import { ChevronDown, ChevronUp, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { inProject, socket } from "../../api/address";
import type { TerminalState } from "../../sync/frame";
import { useActions } from "../../ui/action";
import { Avatar } from "../../ui/avatar";
import { Button, IconButton } from "../../ui/button";
import { classes } from "../../ui/classes";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import styles from "../editor.module.css";
import type { EditorHost } from "../host";
import own from "./terminal.module.css";
import { TerminalScreen, type TerminalView } from "./view";

type Props = {
  host: EditorHost;
  terminal: string;
  self: string;
  running: boolean;
  /** Another number: it is worth a try now. */
  attempt: number;
  visible: boolean;
  /** The tab is the one that keys go to. */
  active: boolean;
  /** The terminal has another name or title: for the tab. */
  named: (name: string) => void;
  close: () => void;
};

/** A terminal of the project, that everybody who opens it shares. */
export default function TerminalEditor(props: Props) {
  const { host, terminal, running, attempt, visible, active } = props;
  const place = useRef<HTMLDivElement>(null);
  const [screen, setScreen] = useState<TerminalScreen>();
  const [finding, setFinding] = useState(false);

  useEffect(() => {
    if (!place.current) return;
    const s = new TerminalScreen({
      parent: place.current,
      url: (client, offset) => {
        const url = socket(inProject(host.project, "term", `${terminal}/socket`));
        url.searchParams.set("client", client);
        url.searchParams.set("offset", String(offset));
        return url.href;
      },
      label: t("Terminal"),
      isAppKey: (e) => host.isAppKey(e),
    });
    setScreen(s);
    host.offer({ focus: () => s.focus() });
    return () => {
      host.offer(undefined);
      setScreen(undefined);
      s.destroy();
    };
  }, [host, terminal]);
  useEffect(() => screen?.setRunning(running), [screen, running]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt tries
  useEffect(() => screen?.wake(), [screen, attempt]);
  useEffect(() => screen?.setVisible(visible), [screen, visible]);

  useActions([
    {
      id: `terminal.find.${terminal}`,
      label: t("Find in the terminal"),
      group: t("Terminal"),
      keys: "Ctrl+Shift+F",
      when: () => active,
      run: () => setFinding(true),
    },
    {
      id: `terminal.copy.${terminal}`,
      label: t("Copy what is selected in the terminal"),
      group: t("Terminal"),
      when: () => active && screen?.selected === true,
      run: () => screen?.copy(),
    },
    {
      id: `terminal.paste.${terminal}`,
      label: t("Paste into the terminal"),
      group: t("Terminal"),
      when: () => active,
      run: () => void screen?.paste(),
    },
    {
      id: `terminal.read.${terminal}`,
      label: t("Read the terminal out, or stop it (screen readers)"),
      group: t("Terminal"),
      when: () => active,
      run: () => {
        const on = screen?.toggleReading() === true;
        toast({ text: on ? t("The terminal is read out.") : t("The terminal is not read out any more.") });
      },
    },
  ]);
  return (
    <div className={styles.fill}>
      {screen ? <Head screen={screen} {...props} /> : null}
      {finding && screen ? <Find screen={screen} onClose={() => setFinding(false)} /> : null}
      <Place screen={screen} place={place} />
      {screen ? <Foot screen={screen} self={props.self} /> : null}
    </div>
  );
}

function useShown(screen: TerminalScreen): TerminalView {
  return useSyncExternalStore(screen.shown.subscribe, screen.shown.get);
}

function Place({
  screen,
  place,
}: {
  screen: TerminalScreen | undefined;
  place: React.RefObject<HTMLDivElement | null>;
}) {
  const [narrowed, setNarrowed] = useState(false);
  useEffect(
    () => screen?.shown.subscribe(() => setNarrowed(screen.shown.get().narrowed !== undefined)),
    [screen],
  );
  return <div ref={place} className={classes(own.screen, narrowed && own.narrowed)} />;
}

/** What stands in the way of typing, with the way out. */
function Head({ screen, running, named, close }: Props & { screen: TerminalScreen }) {
  const { connection, state, full } = useShown(screen);
  const title = state?.name || state?.title;
  useEffect(() => {
    if (title) named(title);
  }, [title, named]);
  if (connection === "gone") {
    return (
      <div className={styles.banner} role="status">
        <p>{t("This terminal was ended. What it printed last is still here.")}</p>
        <Button onClick={close}>{t("Close")}</Button>
      </div>
    );
  }
  const text =
    connection === "forbidden"
      ? t("You may not use this terminal any more.")
      : full
        ? t("Not connected, and too much was typed to be kept. The last of it was dropped.")
        : !running
          ? t("The project does not run, and so does no terminal in it.")
          : undefined;
  return (
    <div role="status">
      {text ? <p className={styles.banner}>{text}</p> : <Late connection={connection} />}
    </div>
  );
}

/** A break of the connection is worth words once it lasts. */
function Late({ connection }: Pick<TerminalView, "connection">) {
  const [late, setLate] = useState(false);
  const away = connection !== "open";
  useEffect(() => {
    if (!away) return;
    const timer = setTimeout(() => setLate(true), 1500);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [away]);
  if (!away || !late) return null;
  return (
    <p className={styles.banner}>
      {t("Connecting… What you type is kept and sent once the terminal is heard again.")}
    </p>
  );
}

function Foot({ screen, self }: { screen: TerminalScreen; self: string }) {
  const { state, narrowed } = useShown(screen);
  const others = (state?.viewers ?? []).filter((v) => v.account !== self);
  if (!state?.exited && others.length === 0 && !narrowed) return null;
  return (
    <div className={own.foot} role="status">
      {state?.exited ? (
        <>
          <p>{exitText(state.exited)}</p>
          <Button look="quiet" onClick={() => screen.restart()}>
            {t("Run again")}
          </Button>
        </>
      ) : (
        <p>{narrowed ? t("{cols} × {rows}, so that everybody here can read all of it", narrowed) : ""}</p>
      )}
      {others.length === 0 ? null : (
        <span className={own.people}>
          {t("Also here:")}
          {others.map((p) => (
            <Avatar key={p.account} person={p} size={18} />
          ))}
        </span>
      )}
    </div>
  );
}

function exitText(exit: NonNullable<TerminalState["exited"]>): string {
  if (exit.signal) return t("Ended by {signal}. Press Enter to run it again.", { signal: exit.signal });
  if (exit.code === 0) return t("Ended. Press Enter to run it again.");
  return t("Ended with code {code}. Press Enter to run it again.", { code: exit.code });
}

function Find({ screen, onClose }: { screen: TerminalScreen; onClose: () => void }) {
  const [text, setText] = useState("");
  const [missing, setMissing] = useState(false);
  const find = (what: string, back = false) => setMissing(what !== "" && !screen.find(what, back));
  const done = () => {
    screen.endFind();
    onClose();
  };
  const keys = (e: KeyboardEvent) => {
    if (e.key === "Enter") find(text, e.shiftKey);
    else if (e.key === "Escape") done();
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <search className={own.find}>
      <input
        // biome-ignore lint/a11y/noAutofocus: it was asked for just now
        autoFocus
        aria-label={t("Find in the terminal")}
        placeholder={t("Find")}
        value={text}
        aria-invalid={missing}
        onKeyDown={keys}
        onChange={(e) => {
          setText(e.target.value);
          find(e.target.value);
        }}
      />
      <IconButton label={t("Previous")} onClick={() => find(text, true)}>
        <ChevronUp size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("Next")} onClick={() => find(text)}>
        <ChevronDown size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("Close")} onClick={done}>
        <X size={16} strokeWidth={1.5} />
      </IconButton>
    </search>
  );
}
