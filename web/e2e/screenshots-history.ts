// Pictures of the history of a file and of work without a connection, in both themes
// and three widths, into ../screenshots.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { addMember, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";

const folder = join(import.meta.dirname, "..", "..", "screenshots");
const sizes = { wide: [1440, 900], tablet: [1024, 768], phone: [390, 844] } as const;

const tides = `"""How much power the strait carries."""


def power(speed, width=800, depth=30):
    """Watts, for a speed in m/s."""
    return 0.5 * 1025 * width * depth * speed**3


print(f"{power(2.4) / 1e6:.0f} MW")
`;

const journey = new Journey();

/** Takes a picture in each theme and width. */
async function take(d: Desk, name: string) {
  for (const [size, [width, height]] of Object.entries(sizes)) {
    await d.page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"] as const) {
      await d.page.emulateMedia({ colorScheme });
      await d.page.waitForTimeout(150);
      await d.page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
    }
  }
  await d.page.setViewportSize({ width: 1440, height: 900 });
}

async function act(d: Desk, name: string | RegExp) {
  await d.page.getByRole("button", { name: "More for this version" }).click();
  await d.page.getByRole("menuitem", { name }).click();
}

test("history and work without a connection have their pictures", async () => {
  mkdirSync(folder, { recursive: true });
  const grace = await journey.colleague("Grace Hopper", "grace@example.org");
  const ada = await journey.admin();
  ada.context.setDefaultTimeout(8000);
  await ada.api("PATCH", "account", { name: "Ada Lovelace", colour: 9 });
  const a = new Desk(ada, await makeProject(ada, "Tidal energy model", { "tides.py": tides }));
  await addMember(ada, a.project, grace, "editor");
  const g = new Desk(grace, a.project);
  await Promise.all([a.open(), g.open()]);
  await Promise.all([a.openFile("tides.py"), g.openFile("tides.py")]);
  await a.type(5, '\n    assert speed >= 0, "the tide turns"');
  await a.saved();
  await g.shows("the tide turns");
  await g.type(10, "\n\nfor speed in (0.8, 1.6, 2.4):\n    print(speed, power(speed))");
  await g.saved();
  await a.shows("print(speed");
  a.write("tides.py", a.read("tides.py").replace("depth=30", "depth=32.5"));
  await a.shows("32.5");
  await a.saved();

  await a.page.keyboard.press("Control+Shift+h");
  const list = a.page.getByRole("tree", { name: /Versions of/ });
  const rows = list.getByRole("treeitem");
  await rows.nth(2).waitFor();
  await rows.nth(1).click();
  await act(a, "Name this version…");
  await a.page.getByLabel("Name", { exact: true }).fill("Checked by Grace");
  await take(a, "history-name");
  await a.page.keyboard.press("Enter");
  await a.page.getByText("Checked by Grace").first().waitFor();
  await list.focus();
  await a.page.keyboard.press("ArrowRight");
  await list.locator('[aria-level="2"]').first().waitFor();
  await take(a, "history");
  await a.page.getByRole("combobox", { name: "Compare" }).selectOption("now");
  await a.page.getByRole("button", { name: "Inline" }).click();
  await take(a, "history-inline");
  await a.page.getByRole("button", { name: "History", exact: true }).click();
  await rows.first().waitFor();
  await take(a, "history-side");
  await a.page.getByRole("button", { name: "History", exact: true }).click();
  await act(a, /Clear the whole history/);
  await take(a, "history-clear");
  await a.page.keyboard.press("Escape");

  await a.page.getByRole("tab", { name: "tides.py", exact: true }).click();
  await ada.context.setOffline(true);
  await a.type(1, " Offline.");
  await a.page.getByText(/Offline, \d+ edits? wait/).waitFor({ timeout: 30_000 });
  await take(a, "offline");
});
