// Pictures for people who look at what a journey sees: LYCEUM_SHOTS names their folder.
import { join } from "node:path";
import type { Desk } from "./desk.ts";

/** Takes pictures in both themes and three widths, if somebody asked for them. */
export async function shots(d: Desk, name: string) {
  const folder = process.env.LYCEUM_SHOTS;
  if (!folder) return;
  for (const colorScheme of ["light", "dark"] as const)
    for (const width of [1440, 1024, 390]) {
      await d.page.emulateMedia({ colorScheme });
      await d.page.setViewportSize({ width, height: 844 });
      await d.page.waitForTimeout(500); // what is drawn by scripts follows
      await d.page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
    }
  await d.page.emulateMedia({ colorScheme: "light" });
  await d.page.setViewportSize({ width: 1440, height: 900 });
}
