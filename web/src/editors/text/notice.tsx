import { useState, useSyncExternalStore } from "react";
import { messageOf } from "../../api/problem";
import { actOnFile, writeFile } from "../../api/project";
import type { DocumentSession, DocumentState, Kept } from "../../sync/document";
import { ago } from "../../ui/ago";
import { Button } from "../../ui/button";
import { classes } from "../../ui/classes";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import styles from "../editor.module.css";
import { encodingName } from "../encodings";
import type { EditorHost } from "../host";

/** What a person must know of the document: it cannot be saved, it is gone, some edits did not make it. */
export function DocumentNotice({ session, host }: { session: DocumentSession; host: EditorHost }) {
  const state = useSyncExternalStore(session.state.subscribe, session.state.get);
  return (
    <div role="status">
      {state.kept ? <KeptNotice kept={state.kept} session={session} path={state.path} /> : null}
      <StateNotice state={state} session={session} host={host} />
    </div>
  );
}

function StateNotice({
  state,
  session,
  host,
}: {
  state: DocumentState;
  session: DocumentSession;
  host: EditorHost;
}) {
  if (state.connection === "over" && state.over) {
    return <p className={classes(styles.banner, styles.bad)}>{overText(state.over)}</p>;
  }
  if (state.file === "deleted") return <DeletedNotice session={session} host={host} path={state.path} />;
  if (state.unencodable) {
    return <EncodingNotice state={state} host={host} />;
  }
  if (state.problem) {
    return (
      <p className={classes(styles.banner, styles.bad)}>
        {t("Not saved to the file: {problem}. The text is kept here; go on, or copy it elsewhere.", {
          problem: state.problem.replace(/\.$/, ""),
        })}
      </p>
    );
  }
  if (state.copied !== undefined && (state.connection === "offline" || state.connection === "paused")) {
    return (
      <p className={classes(styles.banner, styles.plain)}>
        {t(
          "This is the copy that this browser kept {when}. Others may have changed the file since. What you type is merged when the project is heard again.",
          { when: ago(new Date(state.copied), Date.now()) },
        )}
      </p>
    );
  }
  if (state.synced && state.readOnly) {
    return (
      <p className={classes(styles.banner, styles.plain)}>{t("You may read this file, not change it.")}</p>
    );
  }
  return null;
}

/** The file is gone from the disk while it is open: its text is still here. */
function DeletedNotice({
  session,
  host,
  path,
}: {
  session: DocumentSession;
  host: EditorHost;
  path: string;
}) {
  const [writing, setWriting] = useState(false);
  const write = async () => {
    setWriting(true);
    try {
      await writeFile(host.project, path, session.text.toString());
    } catch (e) {
      toast({ text: messageOf(e), kind: "bad" });
    }
    setWriting(false);
  };
  return (
    <div className={styles.banner}>
      <p>{t("The file was deleted. Its text is still here.")}</p>
      <Button busy={writing && t("Writing…")} onClick={() => void write()}>
        {t("Write it again")}
      </Button>
    </div>
  );
}

/** A character that the file's encoding has not: the file can be written as UTF-8 instead. */
function EncodingNotice({ state, host }: { state: DocumentState; host: EditorHost }) {
  const [writing, setWriting] = useState(false);
  const write = async () => {
    setWriting(true);
    try {
      await actOnFile(host.project, state.path, { action: "encode" });
    } catch (e) {
      toast({ text: messageOf(e), kind: "bad" });
    }
    setWriting(false);
  };
  return (
    <div className={classes(styles.banner, styles.bad)}>
      <p>
        {t(
          "Not saved to the file: it is written in {encoding}, which has no “{char}”. The text is kept here.",
          {
            encoding: encodingName(state.encoding ?? ""),
            char: state.unencodable ?? "",
          },
        )}
      </p>
      <Button busy={writing && t("Writing…")} onClick={() => void write()}>
        {t("Write the file as UTF-8")}
      </Button>
    </div>
  );
}

/** Edits that could not be merged, as text to take along. */
function KeptNotice({ kept, session, path }: { kept: Kept; session: DocumentSession; path: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(kept.text);
      toast({ text: t("Your version is on the clipboard.") });
    } catch {
      save(kept.text, path);
    }
  };
  return (
    <div className={styles.banner}>
      <p>{keptText(kept)}</p>
      <Button onClick={() => void copy()}>{t("Copy your version")}</Button>
      <Button onClick={() => save(kept.text, path)}>{t("Download it")}</Button>
      <Button look="quiet" onClick={() => session.dismissKept()}>
        {kept.why === "deleted" ? t("Discard it") : t("Dismiss")}
      </Button>
    </div>
  );
}

function keptText(kept: Kept): string {
  const edits = t("{n, plural, one {# edit} other {# edits}}", { n: kept.edits });
  if (kept.why === "epoch")
    return t(
      "This file began anew since you opened it, with another history. {edits} of yours could not be merged.",
      { edits },
    );
  if (kept.why === "rights")
    return t("Your role changed, so {edits} of yours could not be saved.", { edits });
  if (kept.why === "deleted")
    return t(
      "{edits} of yours could not be saved. What you wrote waits in this browser, and is merged when the file is back or opened under its new name.",
      { edits },
    );
  return t("{edits} of yours could not be saved.", { edits });
}

function overText(over: NonNullable<DocumentState["over"]>): string {
  switch (over) {
    case "deleted":
      return t("There is no such file any more. What you see is the last that was read.");
    case "forbidden":
      return t("You may not open this file any more. What you see is the last that was read.");
    case "signed-out":
      return t("You are signed out. What you see is the last that was read.");
    case "too-large":
      return t("The file is too large to be edited together. What you see is how it begins.");
    case "not-text":
      return t("The file is not text any more. What you see is the last that was read.");
  }
}

/** Gives the text to the browser as a download. */
function save(text: string, path: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const a = document.createElement("a");
  a.href = url;
  a.download = path.slice(path.lastIndexOf("/") + 1);
  a.click();
  URL.revokeObjectURL(url);
}
