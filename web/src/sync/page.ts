/** What happens to the page that matters to a connection. */
export type PageEvents = {
  /** It is left, perhaps for good. */
  left: () => void;
  /** It is shown again after it was left. */
  back: () => void;
  /** It is looked at again, or the network came or went. */
  doubt: () => void;
};

/** Tells what happens to the page, until the returned function is called. */
export function onPage({ left, back, doubt }: PageEvents): () => void {
  if (typeof window === "undefined") return () => {};
  const seen = () => {
    if (document.visibilityState === "visible") doubt();
  };
  window.addEventListener("pagehide", left);
  window.addEventListener("pageshow", back);
  window.addEventListener("online", doubt);
  window.addEventListener("offline", doubt);
  document.addEventListener("visibilitychange", seen);
  return () => {
    window.removeEventListener("pagehide", left);
    window.removeEventListener("pageshow", back);
    window.removeEventListener("online", doubt);
    window.removeEventListener("offline", doubt);
    document.removeEventListener("visibilitychange", seen);
  };
}
