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

async function opened(width = 1440, more: Record<string, string> = {}): Promise<Desk> {
  const ada = await j.person({ width, height: width < 600 ? 844 : 900 });
  await ada.api("POST", "sessions", { email: "ada@example.org", password: "correct horse battery" });
  const desk = new Desk(ada, await makeProject(ada, "Finding", { ...files, ...more }));
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

  it("leaves alone what was left out, also where there are more matches than are told", async () => {
    const many = 1200;
    const d = await opened(1440, {
      "many/a.txt": "grey\n".repeat(many),
      "many/b.txt": "grey\n".repeat(many),
      "many/c.txt": "grey grey\n",
    });
    const { page } = d;
    await page.keyboard.press("Control+Shift+F");
    await page.getByRole("textbox", { name: "Search for" }).fill("grey");
    await page.getByRole("button", { name: "More options" }).click();
    await page.getByLabel("Only in").fill("c.txt, b.txt");
    await page.getByText("1,002 matches in 2 files").waitFor();
    const tree = page.getByRole("tree", { name: "What was found" });
    await tree.focus();
    await page.keyboard.press("ArrowDown"); // the first match of b
    await page.keyboard.press("Delete");
    await page.keyboard.press("End"); // the second of c
    await page.keyboard.press("Delete");
    await page.getByText("2 are left out.").waitFor();
    // Another replacement is no other search: what was left out stays so.
    await page.getByRole("button", { name: "Replace", exact: true }).click();
    await page.getByRole("textbox", { name: "Replace by" }).fill("gray area");
    await page.getByText("1,000 matches in 2 files").waitFor();
    await tree.getByText("gray area").first().waitFor();
    await d.person.accessible();
    await picture(d, "search-left-out");
    await page.getByRole("button", { name: "Replace all", exact: true }).click();
    await page.getByText("Replaced 1,000 matches in 2 files.").waitFor();
    await d.onDisk("many/b.txt", `grey\n${"gray area\n".repeat(999)}${"grey\n".repeat(200)}`);
    await d.onDisk("many/c.txt", "gray area grey\n");
    await page.getByText("2 are left out.").waitFor();
    await page.getByText("200 matches in 1 file", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Show again" }).click();
    await page.getByText("202 matches in 2 files").waitFor();
    // Where nothing was left out, what was not told is replaced too.
    await page.getByLabel("Only in").fill("a.txt");
    await page.getByText("1,000 matches in 1 file", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Replace all", exact: true }).click();
    await page.getByText("Replaced more than 1,000 matches in 1 file.").waitFor();
    await d.onDisk("many/a.txt", "gray area\n".repeat(many));
  });

  it("replaces in more files than one job takes", async () => {
    const d = await opened();
    const { page } = d;
    const many = 1100;
    const names = Array.from({ length: many }, (_, i) => `many/n${i}.txt`);
    const url = (name: string) => new URL(`p/${d.project}/files/${name}?parents=1`, d.person.site.url);
    for (let i = 0; i < many; i += 50) {
      const put = (name: string) =>
        d.person.context.request.put(url(name).href, {
          data: "grey\n",
          headers: { Origin: url(name).origin },
        });
      await Promise.all(names.slice(i, i + 50).map(put));
    }
    await page.keyboard.press("Control+Shift+F");
    await page.getByRole("textbox", { name: "Search for" }).fill("grey");
    await page.getByRole("button", { name: "Replace", exact: true }).click();
    await page.getByRole("textbox", { name: "Replace by" }).fill("gray");
    await page.getByText("1,100 matches in 1,100 files").waitFor();
    await page.getByRole("button", { name: "Replace all", exact: true }).click();
    await page.getByText("Replaced 1,100 matches in 1,100 files.").waitFor({ timeout: 60_000 });
    for (const name of names) expect(d.read(name)).toBe("gray\n");
  });

  it("replaces one match, one file and the rest by keyboard", async () => {
    const d = await opened();
    const { page } = d;
    await page.keyboard.press("Control+Shift+F");
    const field = page.getByRole("textbox", { name: "Search for" });
    await expect.poll(() => field.evaluate((el) => el === document.activeElement)).toBe(true);
    await page.keyboard.type("colour");
    await page.getByText("5 matches in 2 files").waitFor();
    await page.getByRole("button", { name: "Replace", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("textbox", { name: "Replace by" }).focus();
    await page.keyboard.type("hue");
    const tree = page.getByRole("tree", { name: "What was found" });
    await tree.getByText("hue").first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Alt+Enter");
    await page.getByText("Replaced 1 match in 1 file.").waitFor();
    await d.onDisk("notes/tides.md", files["notes/tides.md"].replace("The colour", "The hue"));
    await page.getByText("4 matches in 2 files").waitFor();
    await expect.poll(() => tree.evaluate((el) => el === document.activeElement)).toBe(true);
    await page.keyboard.press("Home");
    await page.keyboard.press("Alt+Enter");
    await page.getByText("Replaced 2 matches in 1 file.").waitFor();
    await d.onDisk("notes/tides.md", "# Tides\n\nThe hue of the sea.\nA hue, and another hue.\n");
    await d.onDisk("src/colour.py", files["src/colour.py"]);
    await page.keyboard.press("?");
    await page.getByText("Replace the match or the file in the list").waitFor();
    await page.getByText("Replace all that is found").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("2 matches in 1 file", { exact: true }).waitFor();
    await tree.focus();
    await page.keyboard.press("Control+Alt+Enter");
    await d.onDisk("src/colour.py", "def hue(x):\n    return x  # hue\n");
  });

  it("goes to a file by letters of its name", async () => {
    const d = await opened();
    const { page } = d;
    await page.keyboard.press("Control+p");
    const box = page.getByRole("combobox", { name: "Go to a file" });
    await box.fill("main");
    await page.getByRole("option", { name: /main\.py/ }).waitFor();
    await d.person.accessible();
    await picture(d, "quickopen");
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
    // A folder has it on its own menu.
    await d.row("data").click({ button: "right" });
    await page.getByRole("menuitem", { name: "What takes the space" }).click();
    await page.getByRole("button", { name: "data", exact: true }).waitFor();
    await page
      .getByRole("list", { name: "The largest things in it" })
      .getByRole("button", { name: /small\.bin/ })
      .waitFor();
  });

  it("shows the space that is taken against the limit", async () => {
    const d = await opened();
    await d.person.api("PUT", `admin/projects/${d.project}/limits`, { diskBytes: 50e6 });
    const { page } = d;
    await page.keyboard.press("Control+k");
    await page.keyboard.type("takes the space");
    await page.keyboard.press("Enter");
    await page.getByText(/ of 50 MB \(\d+ %\)/).waitFor({ timeout: 15_000 });
    await d.person.accessible();
    await picture(d, "usage-limit");
  });

  it.each([1024, 390])("looks well at %d px", async (width) => {
    const d = await opened(width);
    const { page } = d;
    await page.keyboard.press("Control+p");
    await page.getByRole("combobox", { name: "Go to a file" }).fill("co");
    await page.getByRole("option", { name: /colour\.py/ }).waitFor();
    await picture(d, `quickopen-${width}`);
    await d.person.accessible();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("takes the space");
    await page.keyboard.press("Enter");
    await page.getByRole("list", { name: "The largest things in it" }).getByRole("button").first().click();
    await page.getByRole("button", { name: "data", exact: true }).waitFor(); // nothing was in the way
    await picture(d, `usage-${width}`);
    await d.person.accessible();
    await page.keyboard.press("Control+Shift+F");
    await page.getByRole("textbox", { name: "Search for" }).fill("colour");
    await page.getByRole("button", { name: "Replace", exact: true }).click();
    await page.getByRole("textbox", { name: "Replace by" }).fill("hue");
    await page.getByRole("button", { name: "More options" }).click();
    await page.getByRole("tree", { name: "What was found" }).getByText("hue").first().waitFor();
    await picture(d, `search-${width}`);
    await d.person.accessible();
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
