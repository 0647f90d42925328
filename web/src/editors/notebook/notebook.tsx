import type { EditorState } from "@codemirror/state";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { DocumentSession } from "../../sync/document";
import { isNotebook } from "../../sync/ipynb";
import { useActions } from "../../ui/action";
import { Button } from "../../ui/button";
import { classes } from "../../ui/classes";
import { ConfirmDialog } from "../../ui/dialog";
import { Progress } from "../../ui/state";
import { t } from "../../words";
import type { Way } from "../bar";
import editor from "../editor.module.css";
import type { EditorProps } from "../host";
import { DocumentNotice } from "../text/notice";
import { kernelText, NotebookBar } from "./bar";
import { Book } from "./book";
import type { Cell } from "./cell";
import { emptyCell } from "./cells";
import { CellView } from "./cellview";
import { type Around, commands, textKeys } from "./commands";
import { FindBar } from "./findbar";
import { heightOf } from "./height";
import { BookContext, useBook, useNear, useStore } from "./hooks";
import { Near } from "./near";
import styles from "./notebook.module.css";
import { type Options, OptionsContext, useTyping } from "./options";
import { Outline } from "./outline";
import { Variables } from "./variables";

type Props = EditorProps & { way: Way; asText: () => void };

/** A notebook: one continuous page of cells, edited together and run by the project. */
export default function NotebookEditor(props: Props) {
  const { host, path } = props;
  const session = useSession(props);
  const book = useLive(host.project, session, props.asText);
  return (
    <div className={editor.fill}>
      {session ? <DocumentNotice session={session} host={host} /> : null}
      {book ? (
        <Opened key={generationOf(book)} {...props} book={book} />
      ) : (
        <Progress>{t("Opening {path}…", { path })}</Progress>
      )}
    </div>
  );
}

const numbers = new WeakMap<Book, number>();
let made = 0;

function generationOf(book: Book): number {
  const n = numbers.get(book) ?? ++made;
  numbers.set(book, n);
  return n;
}

/** The live document of the path, shared with whoever else shows it here. */
function useSession({ host, path }: Props): DocumentSession | undefined {
  const [session, setSession] = useState<DocumentSession>();
  useEffect(() => {
    const s = host.documents.open(path);
    setSession(s);
    return () => {
      // After the next effect has opened its own: a renamed file keeps its session.
      setTimeout(() => host.documents.release(s), 0);
    };
  }, [host, path]);
  return session;
}

/** The notebook of a session, when its cells are there; another one for each epoch. */
function useLive(
  project: string,
  session: DocumentSession | undefined,
  asText: () => void,
): Book | undefined {
  const [book, setBook] = useState<Book>();
  useEffect(() => {
    if (!session) return;
    let now: Book | undefined;
    let generation = -1;
    const look = () => {
      const s = session.state.get();
      const there = s.synced || s.copied !== undefined;
      if (!there || s.generation === generation) return;
      if (s.model !== "notebook" && !isNotebook(session.doc)) {
        if (s.synced) asText();
        return;
      }
      generation = s.generation;
      const old = now;
      now = new Book(project, session);
      setBook(now);
      old?.end();
    };
    look();
    const stop = session.state.subscribe(look);
    return () => {
      stop();
      now?.end();
      setBook(undefined);
    };
  }, [project, session, asText]);
  return book;
}

function Opened({ book, ...props }: Props & { book: Book }) {
  const { host, running, canWrite, canRun, active, vim, way } = props;
  const { page, session, link } = book;
  const scroll = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState<Near>();
  const [side, setSide] = useState<"" | "outline" | "variables">("");
  const [finding, setFinding] = useState(0);
  const [restarting, setRestarting] = useState<"" | "restart" | "run">("");
  const typing = useTyping();
  const wasInside = useRef(false);
  useEffect(() => {
    const look = (e: FocusEvent) => {
      wasInside.current = e.target instanceof Node && scroll.current?.contains(e.target) === true;
    };
    document.addEventListener("focusin", look);
    return () => document.removeEventListener("focusin", look);
  }, []);

  useLayoutEffect(() => {
    if (!scroll.current) return;
    const n = new Near(scroll.current);
    setNear(n);
    return () => n.end();
  }, []);

  useEffect(() => {
    if (running) link.start();
    else link.pause();
  }, [running, link]);

  useEffect(() => {
    const look = () => {
      const s = session.state.get();
      page.writable.set(canWrite && !s.readOnly && s.connection !== "over" && s.file !== "deleted");
      book.mayRun.set(canRun && running && !s.readOnly && s.connection !== "over");
      host.tell({ document: s, language: book.nb.language });
    };
    look();
    return session.state.subscribe(look);
  }, [session, page, book, canWrite, canRun, running, host]);

  useEffect(() => {
    const tell = () => {
      const { live, state } = link.state.get();
      host.tell({ kernel: kernelText(live, state.kernel) });
    };
    tell();
    const stop = link.state.subscribe(tell);
    return () => {
      stop();
      host.tell({ kernel: undefined });
    };
  }, [link, host]);

  useEffect(() => {
    const tell = () =>
      host.tell({ peers: book.presence.people.get().map(({ cell: _, ...p }) => p), position: undefined });
    tell();
    return book.presence.people.subscribe(tell);
  }, [book, host]);

  useEffect(() => {
    host.offer({
      focus: () => {
        if (!near) return false;
        page.focus();
        return scroll.current?.contains(document.activeElement) ?? false;
      },
      show: (account) => {
        const at = book.presence.people.get().find((p) => p.account === account && p.cell !== "");
        const cell = at && book.nb.byID(at.cell);
        if (cell) page.reveal(cell.key);
        return cell !== undefined;
      },
    });
    return () => host.offer(undefined);
  }, [host, page, book, near]);

  const around: Around = {
    find: () => setFinding((n) => n + 1),
    outline: () => setSide(side === "outline" ? "" : "outline"),
    restart: (run) => setRestarting(run ? "run" : "restart"),
    typing,
    inCell: () => {
      const at = document.activeElement;
      // The cell that had the focus is gone, and the next one does not have it yet.
      if (at === document.body) return wasInside.current && page.selection.get().mode === "command";
      return at?.matches("[data-cell]") === true && scroll.current?.contains(at) === true;
    },
    inside: () => scroll.current?.contains(document.activeElement) === true,
    scrollBy: (n) => scroll.current?.scrollBy({ top: n * scroll.current.clientHeight }),
  };
  useActions(active ? commands(book, around) : []);

  const tell = useMemo(() => cursorTeller(host), [host]);
  const [isTyping] = typing;
  const options = useMemo<Options>(
    () => ({ typing: isTyping, vim, keys: () => textKeys(book), tell }),
    [isTyping, vim, book, tell],
  );
  const context = useMemo(() => near && { book, near }, [book, near]);

  const inner = context ? (
    <BookContext value={context}>
      <OptionsContext value={options}>
        <List />
      </OptionsContext>
    </BookContext>
  ) : null;
  return (
    <>
      {context ? (
        <BookContext value={context}>
          <NotebookBar
            way={way}
            restart={around.restart}
            find={around.find}
            outline={around.outline}
            variables={() => setSide(side === "variables" ? "" : "variables")}
          />
          <Dead restart={() => void book.act({ action: "restart" })} />
          {finding > 0 ? <FindBar asked={finding} close={() => setFinding(0)} /> : null}
        </BookContext>
      ) : null}
      <div className={styles.page}>
        <div ref={scroll} className={styles.scroll}>
          {inner}
        </div>
        {context && side !== "" ? (
          <BookContext value={context}>
            {side === "outline" ? (
              <Outline close={() => setSide("")} />
            ) : (
              <Variables close={() => setSide("")} />
            )}
          </BookContext>
        ) : null}
      </div>
      <ConfirmDialog
        open={restarting !== ""}
        onClose={() => setRestarting("")}
        title={t("Restart the kernel?")}
        description={
          restarting === "run"
            ? t("All variables are lost, for everybody who works in this notebook. Then all cells run.")
            : t("All variables are lost, for everybody who works in this notebook. The outputs stay.")
        }
        confirm={restarting === "run" ? t("Restart and run all") : t("Restart")}
        busy={t("Restarting…")}
        onConfirm={async () => {
          if (restarting === "run") await book.runAll("restart-run-all");
          else await book.act({ action: "restart" });
        }}
      />
    </>
  );
}

/** Tells the status line where the cursor is in its cell. */
function cursorTeller(host: Props["host"]) {
  return (state: EditorState) => {
    const { main, ranges } = state.selection;
    const line = state.doc.lineAt(main.head);
    host.tell({
      position: {
        line: line.number,
        column: [...line.text.slice(0, main.head - line.from)].length + 1,
        selected: ranges.reduce((n, r) => n + r.to - r.from, 0),
        cursors: ranges.length,
      },
    });
  };
}

function List() {
  const { nb, page } = useBook();
  const list = useStore(nb.list);
  const writable = useStore(page.writable);
  const [hurry, setHurry] = useState(false);
  const drawn = useDrawn(list.length, hurry);
  if (list.length === 0) {
    return (
      <div className={editor.centre}>
        <p>{t("There is no cell in this notebook.")}</p>
        {writable ? (
          <Button onClick={() => page.insertAt(0, [emptyCell()], "edit")}>{t("Insert a cell")}</Button>
        ) : null}
      </div>
    );
  }
  return (
    <div className={styles.list}>
      {list.slice(0, drawn).map((cell) => (
        <CellView key={cell.key} cell={cell} />
      ))}
      {drawn < list.length ? <Rest cells={list.slice(drawn)} near={setHurry} /> : null}
    </div>
  );
}

/** The place of cells that are not drawn yet. */
function Rest({ cells, near }: { cells: readonly Cell[]; near: (near: boolean) => void }) {
  const ref = useRef<HTMLDivElement>(null);
  const is = useNear(ref);
  useEffect(() => near(is), [near, is]);
  return <div ref={ref} aria-hidden style={{ height: heightOf(cells) }} />;
}

/** Cells that are drawn at once, which fill a screen; how many at a time after; and how long a browser may put that off, in ms. */
const drawing = { first: 16, more: 12, patience: 500 };

/**
 * How many of so many cells are drawn: in the end all. The screen's come first, the
 * others when the browser has nothing else to do, or in each frame while one hurries.
 */
function useDrawn(all: number, hurry: boolean): number {
  const [drawn, setDrawn] = useState(drawing.first);
  useEffect(() => {
    if (drawn >= all) {
      // What is added to a notebook that is drawn is drawn at once.
      setDrawn(Number.POSITIVE_INFINITY);
      return;
    }
    const more = () => setDrawn(drawn + drawing.more);
    if (hurry || typeof requestIdleCallback === "undefined") {
      const frame = requestAnimationFrame(more);
      return () => cancelAnimationFrame(frame);
    }
    const idle = requestIdleCallback(more, { timeout: drawing.patience });
    return () => cancelIdleCallback(idle);
  }, [drawn, all, hurry]);
  return drawn;
}

/** Why the kernel is not there any more, and what the file's problems are. */
function Dead({ restart }: { restart: () => void }) {
  const book = useBook();
  const { live, state } = useStore(book.link.state);
  const mayRun = useStore(book.mayRun);
  const [seen, setSeen] = useState("");
  const [failed, setFailed] = useState("");
  const { kernel, problems } = state;
  const said = (problems ?? []).map((p) => p.message).join("\n");
  return (
    <div role="status">
      {live && kernel?.state === "dead" ? (
        <div className={classes(editor.banner, editor.bad)}>
          <p>{kernel.reason || t("The kernel is dead. Its variables are lost; the outputs stay.")}</p>
          {mayRun ? <Button onClick={restart}>{t("Restart the kernel")}</Button> : null}
        </div>
      ) : null}
      {state.failed && state.failed !== failed ? (
        <div className={classes(editor.banner, editor.bad)}>
          <p>{state.failed}</p>
          <Button look="quiet" onClick={() => setFailed(state.failed ?? "")}>
            {t("Dismiss")}
          </Button>
        </div>
      ) : null}
      {said !== "" && said !== seen ? (
        <div className={editor.banner}>
          <p>
            {t(
              "{n, plural, one {One thing} other {# things}} in the file {n, plural, one {is} other {are}} not as it should be: {what}",
              {
                n: problems?.length ?? 0,
                what: (problems ?? [])
                  .slice(0, 3)
                  .map((p) => p.message)
                  .join(" "),
              },
            )}
          </p>
          <Button look="quiet" onClick={() => setSeen(said)}>
            {t("Dismiss")}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
