import type { DocumentSession } from "../../sync/document";
import type { TextView } from "./view";

/**
 * Keeps a view on a session: attaches it when the text is whole, or when there is
 * what this browser kept of it, again after each new epoch, and lets it be typed
 * into while that makes sense. Returns how to stop.
 */
export function bind(view: TextView, session: DocumentSession, canWrite: () => boolean): () => void {
  let generation = -1;
  let writable = false;
  let path = "";
  const look = () => {
    const s = session.state.get();
    const may = canWrite() && !s.readOnly && s.connection !== "over" && s.file !== "deleted";
    const there = s.synced || s.copied !== undefined;
    if (there && s.generation !== generation) {
      generation = s.generation;
      writable = may;
      view.attach(session.text, session.awareness, may);
    } else if (generation >= 0 && !there) {
      // A new epoch begins: what was shown stays until it is here.
      generation = -1;
      view.detach();
    } else if (generation >= 0 && may !== writable) {
      writable = may;
      view.setWritable(may);
    }
    if (s.path !== path) {
      path = s.path;
      void view.setPath(path);
    }
  };
  look();
  return session.state.subscribe(look);
}
