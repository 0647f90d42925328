import { isMac, matches, registry } from "../../ui/action";

/** Keys of the app that a terminal leaves to it; all others belong to its program. */
const kept = ["Ctrl+`", "Ctrl+Shift+F", "Mod+Shift+E", "F6"];

/** Whether a key press belongs to the app even while a terminal has the focus. */
export function isAppKey(e: KeyboardEvent): boolean {
  const mac = isMac();
  // Command belongs to no program in a terminal.
  if (mac && e.metaKey) return registry.all().some((a) => a.keys !== undefined && matches(e, a.keys, mac));
  return kept.some((k) => matches(e, k, mac));
}
