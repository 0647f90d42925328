import { useEffect, useRef, useState } from "react";
import type { DocumentSession } from "../../sync/document";
import { t } from "../../words";
import styles from "../editor.module.css";
import type { EditorProps } from "../host";
import { bind } from "./bind";
import { peersOf } from "./cursors";
import { usesCRLF } from "./lineEnding";
import { DocumentNotice } from "./notice";
import { TextView } from "./view";

/** A text file that is edited together. text is what was read of it, shown until the live one is there. */
export default function TextEditor(props: EditorProps & { text: string }) {
  const { host, path, text, running, canWrite, vim } = props;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<TextView>(undefined);
  const session = useSession(props);
  const up = useRef(running);
  up.current = running;
  const writable = useRef(canWrite);
  writable.current = canWrite;

  // The view is made once; what changes later is told to it.
  const first = useRef({ path, text, vim });
  useEffect(() => {
    if (!place.current) return;
    const v = new TextView({
      parent: place.current,
      ...first.current,
      label: t("Text of {path}", { path: first.current.path }),
      phrases: phrases(),
      moved: (position) => host.tell({ position }),
      language: (language) => host.tell({ language }),
    });
    view.current = v;
    host.tell({ crlf: usesCRLF(v.view.state.doc) });
    return () => {
      view.current = undefined;
      v.destroy();
    };
  }, [host]);

  useEffect(() => {
    void view.current?.setVim(vim);
  }, [vim]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the right binds anew
  useEffect(() => {
    if (!session || !view.current) return;
    const v = view.current;
    const unbind = bind(v, session, () => writable.current);
    const tell = () =>
      host.tell({ document: session.state.get(), peers: peersOf(session.awareness, session.text) });
    tell();
    const stop = session.state.subscribe(tell);
    const watched = session.awareness;
    watched.on("change", tell);
    host.offer({
      // Until the live text is there nothing can be typed; where it does not come, one reads.
      focus: () => {
        const over = !up.current || session.state.get().connection === "over";
        return v.focus() && (v.attached || over);
      },
      goTo: (line, column, length) => v.goTo(line, column, length),
      show: (account) => {
        const peer = peersOf(session.awareness, session.text).find((p) => p.account === account && p.cursor);
        if (peer?.cursor) v.reveal(peer.cursor.head);
        return peer?.cursor !== undefined;
      },
    });
    return () => {
      host.offer(undefined);
      stop();
      watched.off("change", tell);
      unbind();
    };
  }, [session, host, canWrite]);

  return (
    <div className={styles.fill}>
      {session ? <DocumentNotice session={session} host={host} /> : null}
      <div ref={place} className={styles.text} />
    </div>
  );
}

/** The live document of the path, shared with whoever else shows it here. */
function useSession({ host, path }: EditorProps): DocumentSession | undefined {
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

/** CodeMirror's own words, in the person's language. */
function phrases(): Record<string, string> {
  return {
    Find: t("Find"),
    Replace: t("Replace"),
    next: t("Next"),
    previous: t("Previous"),
    all: t("All"),
    "match case": t("Match case"),
    regexp: t("Pattern"),
    "by word": t("Whole word"),
    replace: t("Replace"),
    "replace all": t("Replace all"),
    close: t("Close"),
    Command: t("Command"),
    "Go to line": t("Go to line"),
    go: t("Go"),
  };
}
