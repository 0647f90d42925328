import { useQuery } from "@tanstack/react-query";
import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useConnection } from "../../api/connection";
import { encodingName } from "../../editors/encodings";
import type { DocumentState } from "../../sync/document";
import { Avatar } from "../../ui/avatar";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import { told } from "../phase";
import { useRoom, useStore } from "./context";
import type { OpenTab } from "./model";
import { useFollow } from "./people";
import { status } from "./queries";
import { Use } from "./use";
import styles from "./workspace.module.css";

/** One line that is always true: the project, the connection, the document, the cursor, the people in it. */
export function StatusLine() {
  const { workspace, project, running } = useRoom();
  const active = useStore(workspace.active);
  const waiting = useStore(workspace.documents.waiting);
  const lost = useConnection() === "lost";
  const { word, detail } = told(project.state);
  useFollow();
  return (
    <footer className={styles.status}>
      <span title={detail}>{word}</span>
      {lost ? (
        <span className={styles.warn}>
          <CloudOff size={14} strokeWidth={1.5} aria-hidden /> {t("Offline")}
        </span>
      ) : null}
      {running ? <Use /> : null}
      <Following />
      <span className={styles.gap} />
      {active ? <Document open={active} /> : null}
      {!active && waiting > 0 ? <span>{savedText("saving", waiting)}</span> : null}
    </footer>
  );
}

function Following() {
  const { workspace, project, running } = useRoom();
  const account = useStore(workspace.following);
  const { data } = useQuery(status(project.id, running));
  const name = data?.people.find((p) => p.account === account)?.name;
  if (account === "" || name === undefined) return null;
  return (
    <button type="button" className={styles.following} onClick={() => workspace.following.set("")}>
      {t("Following {name}. Stop", { name })}
    </button>
  );
}

function Document({ open }: { open: OpenTab }) {
  const { narrow } = useRoom();
  const { document, position, language, crlf, peers, kernel } = useStore(open.status);
  return (
    <>
      {peers?.slice(0, 5).map((p) => (
        <button
          key={p.client}
          type="button"
          className={styles.peer}
          title={p.name}
          onClick={() => open.handle?.show?.(p.account)}
        >
          <Avatar person={{ id: String(p.client), ...p }} size={18} beside />
          <span className="visually-hidden">{t("Go to {name}", { name: p.name })}</span>
        </button>
      ))}
      {document ? <Saved document={document} /> : null}
      {position && !narrow ? (
        <span className="numbers">
          {t("Line {line}, column {column}", { line: position.line, column: position.column })}
          {position.cursors > 1 ? ` · ${t("{n} cursors", { n: position.cursors })}` : ""}
          {position.selected > 0 ? ` · ${t("{n} selected", { n: position.selected })}` : ""}
        </span>
      ) : null}
      {document?.encoding && !narrow ? (
        <span title={t("How the file is written")}>{encodingName(document.encoding)}</span>
      ) : null}
      {crlf && !narrow ? <span title={t("Lines end with CR LF")}>CRLF</span> : null}
      {language && !narrow ? <span>{language}</span> : null}
      {kernel ? <span data-kernel>{kernel}</span> : null}
    </>
  );
}

/** What is called saved is on the disk of the project; the rest says how much waits. */
export type SaveState =
  | "opening"
  | "saved"
  | "saving"
  | "offline"
  | "paused"
  | "reading"
  | "problem"
  | "over";

export function saveState(d: DocumentState): SaveState {
  if (d.connection === "over") return "over";
  if (d.problem !== undefined || d.file === "error") return "problem";
  if (d.connection === "paused") return "paused";
  if (d.connection === "offline") return "offline";
  if (!d.synced) return "opening";
  if (d.readOnly) return "reading";
  return d.waiting > 0 ? "saving" : "saved";
}

export function savedText(state: SaveState, waiting: number): string {
  const edits = t("{n, plural, one {# edit waits} other {# edits wait}}", { n: waiting });
  switch (state) {
    case "opening":
      return t("Connecting…");
    case "saved":
      return t("Saved");
    case "saving":
      return t("Saving…");
    case "offline":
      return waiting > 0 ? t("Offline, {edits}", { edits }) : t("Offline");
    case "paused":
      return waiting > 0 ? t("Not running, {edits}", { edits }) : t("Not running");
    case "reading":
      return t("Read only");
    case "problem":
      return t("Not saved to the file");
    case "over":
      return waiting > 0 ? t("Not saved, {edits}", { edits }) : t("Closed");
  }
}

function Saved({ document }: { document: DocumentState }) {
  const now = saveState(document);
  const state = useCalm(now);
  const bad =
    state === "offline" ||
    state === "problem" ||
    state === "over" ||
    (state === "paused" && document.waiting > 0);
  return (
    <span
      className={classes(styles.saved, bad && styles.warn)}
      data-saved={now}
      role="status"
      title={bad && document.waiting > 0 ? keptText(document) : undefined}
    >
      {state === "opening" && document.copied !== undefined
        ? t("Kept copy, connecting…")
        : savedText(state, document.waiting)}
    </span>
  );
}

/** Where edits that wait are until then. */
function keptText(document: DocumentState): string {
  return document.stored
    ? t("They are kept in this browser, also when you close it, and sent when the project is heard again.")
    : t("They are kept while this page is open, and sent when the project is heard again.");
}

/** Short moments of saving and of a broken connection are no news. */
function useCalm(state: SaveState): SaveState {
  const [shown, setShown] = useState(state);
  useEffect(() => {
    const wait = state === "saving" ? 600 : state === "offline" ? 800 : 0;
    const timer = setTimeout(() => setShown(state), wait);
    return () => clearTimeout(timer);
  }, [state]);
  return shown;
}
