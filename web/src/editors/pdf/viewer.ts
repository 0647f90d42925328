import type { PDFDocumentProxy } from "pdfjs-dist";
import {
  EventBus,
  LinkTarget,
  PDFFindController,
  PDFLinkService,
  PDFViewer,
} from "pdfjs-dist/web/pdf_viewer.mjs";
import { pdfjs } from "./engine";
import "pdfjs-dist/web/pdf_viewer.css";

export type Place = { page: number; top: number; scale: string };

/** The pages of a document on the screen. */
export type Viewer = {
  go: (page: number) => void;
  zoom: (by: number) => void;
  scale: (to: number) => void;
  /** Fits the width; a page that is narrow keeps its size. */
  fit: () => void;
  find: (text: string, again: boolean) => void;
  onFound: (f: (n: number, total: number) => void) => () => void;
  destination: (to: string | unknown[]) => Promise<void>;
  end: () => void;
};

/** Shows a document in an element, whose first child takes the pages. */
export function makeViewer(
  container: HTMLDivElement,
  document: PDFDocumentProxy,
  o: {
    place: Place | undefined;
    moved: (place: Place, scale: number) => void;
    /** Somebody wants to follow a link that leads out. */
    link: (url: string) => void;
  },
): Viewer {
  const stop = new AbortController();
  const { signal } = stop;
  const eventBus = new EventBus();
  const linkService = new PDFLinkService({
    eventBus,
    externalLinkTarget: LinkTarget.BLANK,
    externalLinkRel: "noopener noreferrer nofollow",
  });
  const findController = new PDFFindController({ eventBus, linkService });
  const viewer = new PDFViewer({
    container,
    eventBus,
    linkService,
    findController,
    // Links, but no forms, no scripts, no files in it, no editing.
    annotationMode: pdfjs.AnnotationMode.ENABLE,
    annotationEditorMode: pdfjs.AnnotationEditorType.DISABLE,
    ...{ abortSignal: signal }, // it is there, though the types do not know it
  });
  linkService.setViewer(viewer);
  viewer.setDocument(document);
  linkService.setDocument(document, null);
  findController.setDocument(document);

  eventBus.on(
    "pagesinit",
    () => {
      viewer.currentScaleValue = o.place?.scale ?? "auto";
      if (!o.place) return;
      viewer.currentPageNumber = Math.min(o.place.page, document.numPages);
      container.scrollTop = o.place.top;
    },
    { signal },
  );
  eventBus.on(
    "updateviewarea",
    () =>
      o.moved(
        { page: viewer.currentPageNumber, top: container.scrollTop, scale: String(viewer.currentScaleValue) },
        viewer.currentScale,
      ),
    { signal },
  );
  // What was fitted stays fitted.
  const watch = new ResizeObserver(() => {
    const value = viewer.currentScaleValue;
    if (value && Number.isNaN(Number(value))) viewer.currentScaleValue = value;
  });
  watch.observe(container);
  container.addEventListener(
    "click",
    (e) => {
      const a = e.target instanceof Element ? e.target.closest("a") : null;
      if (!a?.href || a.getAttribute("href")?.startsWith("#")) return;
      if (new URL(a.href).hash !== "" && a.href.split("#")[0] === location.href.split("#")[0]) return;
      e.preventDefault();
      e.stopPropagation();
      o.link(a.href);
    },
    { capture: true, signal },
  );
  const scale = (to: number) => {
    viewer.currentScale = Math.max(0.1, Math.min(10, to));
  };
  container.addEventListener(
    "wheel",
    (e) => {
      if (!e.ctrlKey) return;
      e.preventDefault();
      scale(viewer.currentScale * Math.exp(-e.deltaY / 200));
    },
    { passive: false, signal },
  );
  pinched(container, signal, (scaleFactor, origin) =>
    // Drawn anew once the fingers rest; until then what is there is stretched.
    viewer.updateScale({ scaleFactor, origin, drawingDelay: 300 }),
  );
  return {
    go: (page) => {
      viewer.currentPageNumber = Math.max(1, Math.min(document.numPages, page));
    },
    zoom: (by) => scale(viewer.currentScale * by),
    scale,
    fit: () => {
      viewer.currentScaleValue = "page-width";
    },
    find: (query, again) =>
      eventBus.dispatch("find", {
        source: container,
        type: again ? "again" : "",
        query,
        caseSensitive: false,
        entireWord: false,
        highlightAll: true,
        findPrevious: false,
        matchDiacritics: false,
      }),
    onFound: (f) => {
      const told = (e: { matchesCount: { current: number; total: number } }) =>
        f(e.matchesCount.current, e.matchesCount.total);
      eventBus.on("updatefindmatchescount", told, { signal });
      eventBus.on("updatefindcontrolstate", told, { signal });
      return () => {
        eventBus.off("updatefindmatchescount", told);
        eventBus.off("updatefindcontrolstate", told);
      };
    },
    destination: async (to) => {
      await linkService.goToDestination(to);
    },
    end: () => {
      stop.abort();
      watch.disconnect();
      // The types say that there always is a document.
      Reflect.apply(viewer.setDocument, viewer, [null]);
      viewer.cleanup();
      container.firstElementChild?.replaceChildren();
    },
  };
}

/** Tells how two fingers that move on an element spread, and around which point of the window. */
function pinched(
  el: HTMLElement,
  signal: AbortSignal,
  spread: (by: number, around: [number, number]) => void,
): void {
  let far = 0;
  el.addEventListener(
    "touchmove",
    (e) => {
      const [a, b] = e.touches;
      if (!a || !b) return;
      e.preventDefault(); // or the page would grow with it
      const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      if (far > 0 && now > 0) spread(now / far, [(a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2]);
      far = now;
    },
    { passive: false, signal },
  );
  const over = () => {
    far = 0;
  };
  for (const type of ["touchstart", "touchend", "touchcancel"] as const)
    el.addEventListener(type, over, { passive: true, signal });
}
