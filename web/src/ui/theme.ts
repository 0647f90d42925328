// The theme: the system's, or one that the person chose. public/theme.js applies
// it before the first paint.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const key = "lyceum.theme";
const listeners = new Set<() => void>();

/** The theme that is chosen in this browser. */
export function theme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** Shows a theme, and remembers it in this browser. */
export function setTheme(next: Theme): void {
  const root = document.documentElement;
  if (next === "system") delete root.dataset.theme;
  else root.dataset.theme = next;
  try {
    if (next === "system") localStorage.removeItem(key);
    else localStorage.setItem(key, next);
  } catch {
    // Storage may be forbidden; then the choice holds until the page is loaded again.
  }
  for (const f of listeners) f();
}

function subscribe(f: () => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, theme);
}

const dark = () => window.matchMedia("(prefers-color-scheme: dark)");

/** Whether the dark theme is on the screen now, whoever chose it. */
export function useDark(): boolean {
  const chosen = useTheme();
  const system = useSyncExternalStore(
    (f) => {
      const query = dark();
      query.addEventListener("change", f);
      return () => query.removeEventListener("change", f);
    },
    () => dark().matches,
  );
  return chosen === "system" ? system : chosen === "dark";
}
