// Finding: files by name, text in files, replacing with two people in a file, and
// what takes the disk.
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";

const j = new Journey();
afterEach(() => j.over());

const files = {
  "notes/tides.md": "# Tides\n\nThe colour of the sea.\nA colour, and another Colour.\n",
  "src/colour.py": "def colour(x):\n    return x  # colour\n",
  "src/main.py": "print('main')\n",
  "build/out.txt": "colour\n",
  ".gitignore": "build/\n",
  "data/large.bin": Buffer.alloc(700_000, 7),
  "data/small.bin": Buffer.alloc(20_000, 7),
};

async function opened(width = 1440): Promise<Desk> {
  const ada = await j.person({ width, height: width < 600 ? 844 : 900 });
  await ada.api("POST", "sessions", { email: "ada@example.org", password: "correct horse battery" });
  const desk = new Desk(ada, await makeProject(ada, "Finding", files));
  await desk.open();
  return desk;
}

/** Keeps a picture in both themes, to be looked at, where LYCEUM_PICTURES names a folder. */
async function picture(d: Desk, name: string): Promise<void> {
  const folder = process.env.LYCEUM_PICTURES;
  if (!folder) return;
  for (const colorScheme of ["dark", "light"] as const) {
    await d.page.emulateMedia({ colorScheme });
    await d.page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
  }
}

describe("search", () => {
  it("finds text by keyboard, and opens it with the match selected", async () => {
    const d = await opened();
    d.person.expected(/status of 422/); // of a pattern that is none
    const { page } = d;
    await page.keyboard.press("Control+Shift+F");
    const field = page.getByRole("textbox", { name: "Search for" });
    await field.fill("colour");
    await page.getByText("5 matches in 2 files").waitFor();
    const tree = page.getByRole("tree", { name: "What was found" });
    await page.getByRole("button", { name: "Match case" }).click();
    await page.getByText("4 matches in 2 files").waitFor();
    await d.person.accessible();
    await field.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await d.shows("another Colour");
    await expect.poll(() => page.evaluate(() => window.getSelection()?.toString())).toBe("colour");
    // The query stays while another panel is shown; folding, and leaving out.
    await page.keyboard.press("Control+b");
    await page.keyboard.press("Control+Shift+F");
    await expect.poll(() => field.inputValue()).toBe("colour");
    await tree.getByRole("treeitem", { name: "tides.md" }).click();
    await expect.poll(() => tree.getByRole("treeitem", { level: 2 }).count()).toBe(2);
    await page.getByRole("button", { name: "More options" }).click();
    await page.getByLabel("Only in").fill("*.md");
    await page.getByText("2 matches in 1 file", { exact: true }).waitFor();
    await page.getByLabel("Only in").fill("");
    await page.getByLabel("Also what .gitignore names").check();
    await page.getByText("in 3 files").waitFor();
    await page.getByRole("button", { name: "Pattern" }).click();
    await field.fill("(");
    await page.getByRole("alert").getByText("missing closing").waitFor();
    await picture(d, "search-error");
    await field.fill("nowhere to be found");
    await page.getByText("Nothing found").waitFor();
  });

  it("replaces while two people are in the file, and loses nothing", async () => {
    const d = await opened();
    const grace = await j.colleague("Grace", "grace@example.org");
    await addMember(d.person, d.project, grace, "editor");
    const g = new Desk(grace, d.project);
    for (const p of [d.person, grace]) p.expected(...broken); // on a loaded machine a socket is tried twice
    await g.open("/files/notes/tides.md");
    await g.shows("Tides");
    await g.saved();
    const { page } = d;
    await page.keyboard.press("Control+Shift+F");
    await page.getByRole("textbox", { name: "Search for" }).fill("(c)olour");
    await page.getByRole("button", { name: "Pattern" }).click();
    await page.getByRole("button", { name: "Replace", exact: true }).click();
    await page.getByRole("textbox", { name: "Replace by" }).fill("$1olor");
    await page.getByRole("treeitem", { level: 2 }).first().getByText("color").waitFor();
    await d.person.accessible();
    await picture(d, "search-replace");
    await g.type(1, " of Bristol");
    await page.getByRole("button", { name: "Replace all", exact: true }).click();
    await page
      .getByText(/Replaced \d match|has changed since/)
      .first()
      .waitFor();
    // Whoever typed in between made the file another one: it is searched anew and replaced then.
    const rest = page.getByRole("treeitem", { level: 1 });
    if ((await rest.count()) > 0) {
      await d.onDisk("notes/tides.md", files["notes/tides.md"].replace("Tides", "Tides of Bristol"));
      await page.getByRole("button", { name: "Search again" }).click();
      await page.getByRole("button", { name: "Replace all", exact: true }).click();
    }
    await g.shows("The color of the sea.");
    const want = "# Tides of Bristol\n\nThe color of the sea.\nA color, and another Color.\n";
    await expect.poll(() => g.text(), { timeout: 15_000 }).toBe(want);
    await d.onDisk("notes/tides.md", want);
    await d.onDisk("src/colour.py", "def color(x):\n    return x  # color\n");
    expect(d.read("build/out.txt")).toBe("colour\n");
  });

  it("goes to a file by letters of its name", async () => {
    const d = await opened();
    const { page } = d;
    await page.keyboard.press("Control+p");
    const box = page.getByRole("combobox", { name: "Go to a file" });
    await box.fill("main");
    await page.getByRole("option", { name: /main\.py/ }).waitFor();
    await d.person.accessible();
    await page.keyboard.press("Enter");
    await d.shows("print('main')");
    d.write("src/fresh.py", "new\n");
    await page.keyboard.press("Control+p");
    await expect
      .poll(
        async () => {
          await box.fill("");
          await box.fill("fresh");
          return page.getByRole("option").count();
        },
        { timeout: 15_000, interval: 500 },
      )
      .toBe(1);
    await page.getByRole("option", { name: /fresh\.py/ }).click();
    await d.shows("new");
  });

  it("shows what takes the disk, by pointer and by keys", async () => {
    const d = await opened();
    const { page } = d;
    await page.keyboard.press("Control+k");
    await page.keyboard.type("takes the space");
    await page.keyboard.press("Enter");
    const list = page.getByRole("list", { name: "The largest things in it" });
    await list.getByRole("button", { name: /data\// }).waitFor();
    await d.person.accessible();
    await picture(d, "usage");
    await page.locator('[data-shade][data-path="data"]').click();
    await list.getByRole("button", { name: /large\.bin/ }).waitFor();
    await list.getByRole("button", { name: /large\.bin/ }).focus();
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain("small.bin");
    await page.keyboard.press("Backspace");
    await list.getByRole("button", { name: /notes\// }).waitFor();
    // What is deleted takes its place until the trash is emptied.
    await d.person.context.request.delete(
      new URL(`p/${d.project}/files/data/large.bin`, d.person.site.url).href,
      {
        headers: { Origin: new URL(d.person.site.url).origin },
      },
    );
    await page.getByRole("button", { name: "Measure again" }).click();
    await list.getByRole("button", { name: "Empty the trash" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Empty the trash" }).click();
    await list.getByRole("button", { name: "Empty the trash" }).waitFor({ state: "detached" });
  });

  it("is usable on a phone", async () => {
    const d = await opened(390);
    const { page } = d;
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.getByRole("textbox", { name: "Search for" }).fill("colour");
    await page.getByText("5 matches in 2 files").waitFor();
    await d.person.accessible();
    await picture(d, "search-phone");
    await page.getByRole("treeitem", { level: 2 }).first().click();
    await d.shows("colour");
  });
});
