import { useEffect, useRef, useState } from "react";
import { siteAddress } from "../../api/address";
import { useDark } from "../../ui/theme";
import { t } from "../../words";
import styles from "./notebook.module.css";

/** What the frame of an output shows; public/output.html reads it. */
export type FrameContent =
  | { t: "html"; html: string }
  | { t: "script"; text: string }
  | { t: "vega"; spec: unknown; kind: "vega" | "vega-lite" }
  | { t: "plotly"; spec: unknown };

/** Scripts of the app that a content needs, by name: their addresses are known when they are loaded. */
const scripts: Record<string, { name: string; address: () => Promise<string> }> = {
  vega: { name: "vega", address: async () => (await import("./sandbox/vega.ts?worker&url")).default },
  plotly: {
    name: "plotly",
    address: async () => (await import("plotly.js-dist-min/plotly.min.js?url")).default,
  },
};

const texts = new Map<string, Promise<string>>();

/** The text of a script, read once a page. */
function textOf(kind: string): Promise<string> | undefined {
  const script = scripts[kind];
  if (!script) return undefined;
  const read = async () => {
    const answer = await fetch(await script.address());
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.text();
  };
  const text = texts.get(kind) ?? read();
  texts.set(kind, text);
  text.catch(() => texts.delete(kind));
  return text;
}

const tokens = [
  "--ink",
  "--quiet",
  "--surface",
  "--paper",
  "--line",
  "--edge",
  "--hover",
  "--accent",
  "--red",
];

function look(dark: boolean) {
  const style = getComputedStyle(document.documentElement);
  return { dark, tokens: Object.fromEntries(tokens.map((k) => [k, style.getPropertyValue(k)])) };
}

/** The least that is believed of a frame's height, and the most, in pixels. */
const heights = [8, 4000] as const;

/**
 * Shows what a notebook's output says, in a frame whose origin is opaque: nothing in it
 * reaches the app. It tells its height, and that somebody left it by Escape.
 */
export function Frame({
  content,
  label,
  guess,
  leave,
}: {
  content: FrameContent;
  label: string;
  guess: number;
  leave: () => void;
}) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(guess);
  const [failed, setFailed] = useState(false);
  const dark = useDark();
  const now = useRef({ content, dark, leave });
  now.current = { content, dark, leave };
  const ready = useRef(false);

  useEffect(() => {
    const heard = (e: MessageEvent<unknown>) => {
      const window = frame.current?.contentWindow;
      if (!window || e.source !== window || typeof e.data !== "object" || e.data === null) return;
      const m: Record<string, unknown> = { ...e.data };
      if (m.t === "ready") {
        ready.current = true;
        void send(window, now.current.content, now.current.dark).catch(() => setFailed(true));
      } else if (m.t === "height" && typeof m.height === "number")
        setHeight(Math.max(heights[0], Math.min(heights[1], m.height)));
      else if (m.t === "leave") now.current.leave();
    };
    window.addEventListener("message", heard);
    return () => window.removeEventListener("message", heard);
  }, []);

  // What comes later is told to the frame that is there.
  const sent = useRef(content);
  useEffect(() => {
    const window = frame.current?.contentWindow;
    if (!window || !ready.current || sent.current === content) return;
    sent.current = content;
    void send(window, content, now.current.dark).catch(() => setFailed(true));
  }, [content]);
  useEffect(() => {
    if (ready.current) frame.current?.contentWindow?.postMessage({ t: "theme", ...look(dark) }, "*");
  }, [dark]);

  return (
    <>
      <iframe
        ref={frame}
        className={styles.frame}
        title={label}
        src={new URL("output.html", siteAddress()).href}
        sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads allow-forms"
        referrerPolicy="no-referrer"
        allow="fullscreen"
        style={{ height }}
      />
      {failed ? (
        <p className={styles.plainNote}>
          {t("What draws this could not be loaded. Open the notebook again.")}
        </p>
      ) : null}
    </>
  );
}

async function send(window: Window, content: FrameContent, dark: boolean): Promise<void> {
  const text = await textOf(content.t);
  window.postMessage({ ...content, ...look(dark), ...(text && { scripts: { [content.t]: text } }) }, "*");
}
