import { type RefObject, useEffect, useRef } from "react";
import type { EditorHost } from "../../../editors/host";
import { conflictsOf, stepConflict } from "../../../editors/merge/markers";
import { bind } from "../../../editors/text/bind";
import { TextView } from "../../../editors/text/view";
import { t } from "../../../words";

type Props = {
  host: EditorHost;
  path: string;
  /** How many conflicts are left in it. */
  onLeft: (n: number) => void;
  step: RefObject<((by: 1 | -1) => void) | undefined>;
};

/** The live document of a file in conflict: others may resolve it at the same time. */
export function ResultEditor({ host, path, onLeft, step }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const left = useRef(onLeft);
  left.current = onLeft;
  useEffect(() => {
    if (!place.current) return;
    const session = host.documents.open(path);
    const count = () => left.current(conflictsOf(view.view.state.doc).length);
    const view: TextView = new TextView({
      parent: place.current,
      path,
      text: "",
      label: t("Result of {path}", { path }),
      phrases: {},
      vim: false,
      moved: () => queueMicrotask(count),
      language: () => undefined,
    });
    const unbind = bind(view, session, () => true);
    step.current = (by) => void stepConflict(view.view, by);
    return () => {
      step.current = undefined;
      unbind();
      view.destroy();
      host.documents.release(session);
    };
  }, [host, path, step]);
  return <div ref={place} />;
}
