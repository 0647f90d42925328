import type { ITheme } from "@xterm/xterm";
import "../code.css";

const ansi = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/** The colours of a terminal, from the tokens as they are in force at an element. */
export function terminalTheme(at: HTMLElement): ITheme {
  const colour = resolver(at);
  const theme: Record<string, string> = {
    background: colour("--surface"),
    foreground: colour("--ink"),
    cursor: colour("--accent"),
    cursorAccent: colour("--surface"),
    selectionBackground: colour("--accent", 0.3),
    selectionInactiveBackground: colour("--accent", 0.18),
    scrollbarSliderBackground: colour("--quiet", 0.25),
    scrollbarSliderHoverBackground: colour("--quiet", 0.4),
    scrollbarSliderActiveBackground: colour("--quiet", 0.5),
  };
  for (const name of ansi) {
    theme[name] = colour(`--ansi-${name}`);
    theme[`bright${name[0]?.toUpperCase()}${name.slice(1)}`] = colour(`--ansi-bright-${name}`);
  }
  return theme;
}

/** Reads tokens as colours: light-dark() and color-mix() are computed by the browser. */
function resolver(at: HTMLElement): (token: string, alpha?: number) => string {
  return (token, alpha) => {
    const probe = at.appendChild(document.createElement("span"));
    probe.style.color = `var(${token})`;
    const colour = getComputedStyle(probe).color;
    probe.remove();
    const [r, g, b] = colour.match(/[\d.]+/g) ?? ["0", "0", "0"];
    return alpha === undefined ? `rgb(${r}, ${g}, ${b})` : `rgba(${r}, ${g}, ${b}, ${alpha})`;
  };
}

/** Calls f whenever the app's theme changes, until the returned function is called. */
export function onThemeChange(f: () => void): () => void {
  const observer = new MutationObserver(f);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", f);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", f);
  };
}
