// What a person set up for themselves, kept with their account.

/** The keys of text editors. */
export type EditorKeys = "default" | "vim";

export interface Preferences {
  theme: "system" | "light" | "dark";
  editorKeys: EditorKeys;
}

const standard: Preferences = { theme: "system", editorKeys: "default" };

function record(v: unknown): Record<string, unknown> {
  return typeof v === "object" && v !== null && !Array.isArray(v) ? { ...v } : {};
}

/** The preferences in what the hub stores; what is absent or unknown is the standard. */
export function preferencesOf(stored: unknown): Preferences {
  const { theme, editorKeys } = record(stored);
  return {
    theme: theme === "light" || theme === "dark" ? theme : standard.theme,
    editorKeys: editorKeys === "vim" ? "vim" : standard.editorKeys,
  };
}

/** What to store after a change; keys that this app does not know are kept. */
export function changed(stored: unknown, change: Partial<Preferences>): Record<string, unknown> {
  return { ...record(stored), ...change };
}
