import { useEffect, useRef, useState } from "react";
import { siteAddress } from "../../api/address";
import type { CommMessage } from "../../api/notebooks";
import { useDark } from "../../ui/theme";
import { t } from "../../words";
import { record } from "./cell";
import styles from "./notebook.module.css";

/** What the frame of an output shows; public/output.html reads it. */
export type FrameContent =
  | { t: "html"; html: string }
  | { t: "script"; text: string }
  | { t: "vega"; spec: unknown; kind: "vega" | "vega-lite" }
  | { t: "plotly"; spec: unknown }
  // opens are asked for when the frame is ready: what comes after is told to it.
  | { t: "widget"; model: string; opens: () => readonly CommMessage[] };

/** What goes between a frame and the kernel while it is there. */
export type Wire = {
  /** The frame is there: hear is given what it shall hear; the answer is how its own messages go on. */
  join(hear: (m: CommMessage) => void): { send: (m: CommMessage) => void; leave: () => void };
};

/** Scripts of the app that a content needs, by name: their addresses are known when they are loaded. */
const scripts: Record<string, { name: string; address: () => Promise<string> }> = {
  vega: { name: "vega", address: async () => (await import("./sandbox/vega.ts?worker&url")).default },
  widget: { name: "widget", address: async () => (await import("./sandbox/widgets.ts?worker&url")).default },
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
  "--green",
  "--amber",
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
  wire,
}: {
  content: FrameContent;
  label: string;
  guess: number;
  leave: () => void;
  wire?: Wire;
}) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(guess);
  const [failed, setFailed] = useState(false);
  const dark = useDark();
  // A frame that is there is told of another theme; another address would load it anew.
  const [src] = useState(() => new URL(`output.html#${dark ? "dark" : "light"}`, siteAddress()).href);
  const now = useRef({ content, dark, leave });
  now.current = { content, dark, leave };
  const ready = useRef(false);
  const joined = useRef<ReturnType<Wire["join"]>>(undefined);
  const wired = useRef(wire);

  useEffect(() => {
    const heard = (e: MessageEvent<unknown>) => {
      const window = frame.current?.contentWindow;
      if (!window || e.source !== window || typeof e.data !== "object" || e.data === null) return;
      const m: Record<string, unknown> = { ...e.data };
      if (m.t === "ready") {
        ready.current = true;
        joined.current?.leave();
        joined.current = wired.current?.join((msg) => window.postMessage({ t: "comm", msg }, "*"));
        void send(window, now.current.content, now.current.dark).catch(() => setFailed(true));
      } else if (m.t === "height" && typeof m.height === "number")
        setHeight(Math.max(heights[0], Math.min(heights[1], m.height)));
      else if (m.t === "leave") now.current.leave();
      else if (m.t === "comm" && isComm(m.msg)) joined.current?.send(m.msg);
    };
    window.addEventListener("message", heard);
    return () => {
      window.removeEventListener("message", heard);
      joined.current?.leave();
      joined.current = undefined;
    };
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
        src={src}
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

/** What a frame sends is of the kernel's making; it is not trusted to be of any shape. */
function isComm(v: unknown): v is CommMessage {
  const { header, content } = record(v);
  const { msg_type } = record(header);
  return /^comm_(open|msg|close)$/.test(String(msg_type)) && typeof record(content).comm_id === "string";
}

async function send(window: Window, content: FrameContent, dark: boolean): Promise<void> {
  const text = await textOf(content.t);
  const given = content.t === "widget" ? { ...content, opens: content.opens() } : content;
  window.postMessage({ ...given, ...look(dark), ...(text && { scripts: { [content.t]: text } }) }, "*");
}
