// What can be done with files is done by the mouse and by keys: here stands what the
// other journeys do in one of the two ways only.
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { broken, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";

const some = {
  "data/one.csv": "1\n",
  "data/two.csv": "22\n",
  "notes/ideas.md": "# Ideas\n",
  "a.py": "a\n",
  "b.py": "b colour\n",
  "c.txt": "c colour, colour\n",
};

describe("by mouse and by keys", () => {
  const journey = new Journey();
  afterEach(() => journey.over());
  const dir = mkdtempSync(join(tmpdir(), "both-"));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  async function desk(files: Record<string, string> = some) {
    const ada = await journey.admin();
    ada.expected(/status of 404 .*entry=1/);
    const d = new Desk(ada, await makeProject(ada, "Both", files));
    await d.open();
    await d.row("a.py").waitFor();
    return d;
  }
  const tree = (d: Desk) => d.page.getByRole("tree", { name: "Files of the project" });
  const item = (page: Page, name: string) =>
    page.getByRole("menuitem").filter({ has: page.getByText(name, { exact: true }) });
  const there = (d: Desk, path: string) => expect.poll(() => existsSync(d.path(path))).toBe(true);
  const gone = (d: Desk, path: string) => expect.poll(() => existsSync(d.path(path))).toBe(false);
  const clipboard = (d: Desk) => d.page.evaluate(() => navigator.clipboard.readText());
  const selected = (d: Desk) =>
    tree(d)
      .locator('[aria-selected="true"]')
      .evaluateAll((found) => found.map((e) => e.getAttribute("data-path")));
  const rows = (d: Desk) =>
    tree(d)
      .locator("[data-path]")
      .evaluateAll((found) => found.map((e) => e.getAttribute("data-path")));
  /** Does something by the palette. */
  const palette = async (d: Desk, words: string) => {
    await d.page.keyboard.press("Control+k");
    await d.page.keyboard.type(`${words}\n`);
  };
  /** Chooses from the menu of the row that the keys are at, by keys. */
  const byMenu = async (d: Desk, name: string) => {
    await d.page.keyboard.press("Shift+F10");
    await choose(d, name);
  };
  const choose = async (d: Desk, name: string) => {
    const wanted = item(d.page, name);
    await wanted.waitFor();
    for (let i = 0; i < 30; i++) {
      if (await wanted.evaluate((e) => e === document.activeElement)) break;
      await d.page.keyboard.press("ArrowDown");
    }
    await d.page.keyboard.press("Enter");
  };
  /** Goes to a row by keys. */
  const goTo = async (d: Desk, path: string) => {
    await tree(d).focus();
    await d.page.keyboard.press("Home");
    for (let i = 0; i < 30; i++) {
      if ((await selected(d))[0] === path) return;
      await d.page.keyboard.press("ArrowDown");
    }
    throw new Error(`there is no row ${path}`);
  };
  const more = (d: Desk) => d.page.getByRole("button", { name: "More for files" });

  test("new files and folders, opened beside, folders shut", async () => {
    const d = await desk();
    await d.page.getByRole("button", { name: "New file", exact: true }).click();
    await d.page.keyboard.type("mouse.txt\n");
    await there(d, "mouse.txt");
    await d.saved();
    await d.page.getByRole("button", { name: "New folder", exact: true }).click();
    await d.page.keyboard.type("by-mouse\n");
    await there(d, "by-mouse");
    await goTo(d, "notes");
    await palette(d, "New folder");
    await d.page.keyboard.type("by-keys\n");
    await there(d, "notes/by-keys");
    await d.row("data").click({ button: "right" });
    await item(d.page, "New file").click();
    await d.page.keyboard.type("three.csv\n");
    await there(d, "data/three.csv");
    await d.page.getByRole("tab", { name: "three.csv" }).waitFor();
    await d.page.getByRole("grid").or(d.page.getByText("The file is empty")).first().waitFor();
    await goTo(d, "data");
    await byMenu(d, "New folder");
    await d.page.keyboard.type("deep\n");
    await there(d, "data/deep");
    await goTo(d, "a.py");
    await d.page.keyboard.press("Control+Enter");
    const place = async (name: string) => (await d.page.getByRole("tab", { name }).boundingBox())?.x ?? 0;
    await d.page.getByRole("tab", { name: "a.py" }).waitFor();
    expect(await place("a.py")).toBeGreaterThan((await place("mouse.txt")) + 300);
    await d.row("b.py").click({ button: "right" });
    await item(d.page, "Open beside").click();
    await d.page.getByRole("tab", { name: "b.py" }).waitFor();
    await goTo(d, "data");
    await d.page.keyboard.press("ArrowLeft");
    await d.row("one.csv").waitFor({ state: "detached" });
    await d.page.keyboard.press("ArrowRight");
    await d.row("one.csv").waitFor();
    await palette(d, "Close all folders");
    await d.row("one.csv").waitFor({ state: "detached" });
  });

  test("uploads are begun, and left out and cancelled", async () => {
    const d = await desk();
    d.person.expected(...broken, /status of 4\d\d/);
    writeFileSync(join(dir, "up.txt"), "up");
    const give = async (begin: () => Promise<unknown>, what: string) => {
      const chooser = d.page.waitForEvent("filechooser");
      await begin();
      await (await chooser).setFiles(join(dir, what));
    };
    const activity = d.page.getByRole("region", { name: "Activity" });
    await goTo(d, "data");
    await give(() => palette(d, "Upload files"), "up.txt");
    await there(d, "data/up.txt");
    await d.row("notes").click({ button: "right" });
    await give(() => item(d.page, "Upload files here").click(), "up.txt");
    await there(d, "notes/up.txt");
    await goTo(d, "data");
    const folder = d.page.waitForEvent("filechooser");
    await palette(d, "Upload a folder");
    expect(await (await folder).element().getAttribute("webkitdirectory")).not.toBeNull();
    mkdirSync(join(dir, "whole"));
    writeFileSync(join(dir, "whole/in.txt"), "in");
    await (await folder).setFiles(join(dir, "whole"));
    await there(d, "data/whole/in.txt");
    // What is there already: skipped by keys.
    await goTo(d, "data");
    await give(() => byMenu(d, "Upload files here"), "up.txt");
    const asked = d.page.getByRole("dialog", { name: "A file is there already" });
    await asked.getByRole("button", { name: "Skip" }).press("Enter");
    await asked.waitFor({ state: "detached" });
    await activity.getByRole("button", { name: "Close" }).click();
    await activity.waitFor({ state: "detached" });
    // Slow ones: left out one by one, and cancelled all.
    for (const name of ["x.bin", "y.bin", "z.bin"]) {
      writeFileSync(join(dir, name), name);
      truncateSync(join(dir, name), 30_000_000);
    }
    const cdp = await d.page.context().newCDPSession(d.page);
    const slow = { offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: 300_000 };
    await cdp.send("Network.emulateNetworkConditions", slow);
    const send = () =>
      d.page
        .getByLabel("Files to upload")
        .setInputFiles(["x.bin", "y.bin", "z.bin"].map((n) => join(dir, n)));
    await send();
    await activity.getByRole("button", { name: /^Leave out .*x\.bin/ }).click();
    await activity.getByRole("button", { name: /^Leave out .*y\.bin/ }).press("Enter");
    await expect.poll(() => activity.getByRole("button", { name: /^Leave out/ }).count()).toBe(1);
    await activity.getByRole("button", { name: "Pause" }).press("Enter");
    await activity.getByRole("button", { name: "Go on" }).click();
    await activity.getByRole("button", { name: "Cancel" }).click();
    await activity.getByRole("button", { name: /^Leave out/ }).waitFor({ state: "detached" });
    await send();
    await activity.getByRole("button", { name: "Cancel" }).press("Enter");
    await activity.getByRole("button", { name: /^Leave out/ }).waitFor({ state: "detached" });
    expect(existsSync(d.path("data/x.bin"))).toBe(false);
  }, 120_000);

  test("on a phone news stand above what goes on, and cover none of it", async () => {
    const d = await desk();
    writeFileSync(join(dir, "up.txt"), "up");
    await d.page.setViewportSize({ width: 390, height: 844 });
    await d.row("c.txt").waitFor(); // where nothing is open, the files are
    await d.page.getByLabel("Files to upload").setInputFiles(join(dir, "up.txt"));
    const activity = d.page.getByRole("region", { name: "Activity" });
    await activity.getByText("1 file uploaded").waitFor();
    await d.row("c.txt").click({ button: "right" });
    await item(d.page, "Move to the trash").click();
    await d.page.getByText("Moved “c.txt” to the trash.").waitFor();
    const toast = d.page.getByRole("region", { name: "News" }).locator("> div").last();
    const [news, below] = [await toast.boundingBox(), await activity.boundingBox()];
    expect((news?.y ?? 0) + (news?.height ?? 999)).toBeLessThanOrEqual(below?.y ?? 0);
    await d.person.accessible();
    await toast.getByRole("button", { name: "Undo" }).click();
    await there(d, "c.txt");
    await activity.getByRole("button", { name: "Close" }).click();
  });

  test("moved, copied, duplicated, renamed and deleted, each in the other way", async () => {
    const d = await desk();
    await d.row("a.py").click({ button: "right" });
    await item(d.page, "Move…").click();
    await d.page.getByLabel("New path").fill("notes/a.py");
    await d.page.getByRole("button", { name: "Move", exact: true }).click();
    await there(d, "notes/a.py");
    await goTo(d, "b.py");
    await palette(d, "Move what is selected\nnotes/b.py");
    await there(d, "notes/b.py");
    await d.row("c.txt").click({ button: "right" });
    await item(d.page, "Cut").click();
    await d.row("data").click({ button: "right" });
    await item(d.page, "Paste").click();
    await there(d, "data/c.txt");
    await gone(d, "c.txt");
    await goTo(d, "data/one.csv");
    await byMenu(d, "Copy");
    await goTo(d, "notes");
    await byMenu(d, "Paste");
    await there(d, "notes/one.csv");
    await goTo(d, "data/two.csv");
    await palette(d, "Duplicate what is selected");
    await there(d, "data/two (2).csv");
    await d.row("two (2).csv").click({ button: "right" });
    await item(d.page, "Rename").click();
    await d.page.keyboard.type("four\n");
    await there(d, "data/four.csv");
    await goTo(d, "data/four.csv");
    await palette(d, "Rename what is selected\nfive\n");
    await there(d, "data/five.csv");
    await palette(d, "Move what is selected to the trash");
    await gone(d, "data/five.csv");
    await more(d).click();
    await item(d.page, "Undo the last change of files").click();
    await there(d, "data/five.csv");
    await goTo(d, "data/five.csv");
    await d.page.keyboard.press("Shift+F10");
    await choose(d, "Delete for good…");
    const ask = d.page.getByRole("alertdialog");
    await ask.waitFor();
    await d.page.keyboard.press("Tab");
    await d.page.keyboard.press("Enter");
    await gone(d, "data/five.csv");
    await expect.poll(() => d.page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("tree");
  });

  test("sorted, filtered, shown and hidden, gone to and read again", async () => {
    const d = await desk({ ...some, ".hidden": "h\n", "data/large.csv": "x".repeat(4000) });
    await goTo(d, "data");
    await d.page.keyboard.press("ArrowRight");
    await d.row("large.csv").waitFor();
    const inData = async () => (await rows(d)).filter((p) => p?.startsWith("data/"));
    await more(d).press("Enter");
    const by = d.page.getByRole("menuitemradio", { name: "Size" });
    for (let i = 0; i < 30 && !(await by.evaluate((e) => e === document.activeElement)); i++)
      await d.page.keyboard.press("ArrowDown");
    await d.page.keyboard.press("Enter");
    await expect.poll(inData).toEqual(["data/large.csv", "data/two.csv", "data/one.csv"]);
    await more(d).click();
    await item(d.page, "Turn the order round").click();
    await expect.poll(inData).toEqual(["data/one.csv", "data/two.csv", "data/large.csv"]);
    await palette(d, "Filter the files by name");
    await d.page.keyboard.type("*.csv");
    await d.row("a.py").waitFor({ state: "detached" });
    await d.page.keyboard.press("ArrowDown"); // into what is left
    await expect.poll(() => d.page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("tree");
    await d.page.getByRole("button", { name: "Filter by name" }).click();
    await d.row("a.py").waitFor();
    await more(d).click();
    await item(d.page, "Show names with a dot").click();
    await d.row(".hidden").waitFor();
    await palette(d, "Leave out names with a dot");
    await d.row(".hidden").waitFor({ state: "detached" });
    await more(d).click();
    await item(d.page, "Go to a folder…").click();
    await d.page.getByLabel("Path").fill("notes");
    await d.page.getByRole("button", { name: "Go", exact: true }).click();
    await expect.poll(() => selected(d)).toEqual(["notes"]);
    await d.row("ideas.md").waitFor();
    // The open file, wherever one is.
    await d.openFile("ideas.md");
    await d.row("a.py").click({ modifiers: ["Control"] });
    await palette(d, "Close all folders");
    await palette(d, "Show the open file");
    await expect.poll(() => selected(d)).toEqual(["notes/ideas.md"]);
    await palette(d, "Close all folders");
    await more(d).click();
    await item(d.page, "Show the open file").click();
    await d.row("ideas.md").waitFor();
    const again = d.page.waitForResponse((r) => /files\/\?|files\?/.test(r.url()));
    await more(d).click();
    await item(d.page, "Read the files again").click();
    expect((await again).status()).toBe(200);
  });

  test("downloads, paths, terminals and what takes the space", async () => {
    const d = await desk();
    await goTo(d, "a.py");
    let coming = d.page.waitForEvent("download");
    await byMenu(d, "Download");
    expect((await coming).suggestedFilename()).toBe("a.py");
    await goTo(d, "data");
    coming = d.page.waitForEvent("download");
    await byMenu(d, "Download as a zip");
    expect((await coming).suggestedFilename()).toBe("data.zip");
    await d.row("one.csv").or(d.row("data")).first().click({ button: "right" });
    await item(d.page, "Copy the path").click();
    await expect.poll(() => clipboard(d)).toBe("data");
    await d.row("notes").click();
    await d.openFile("ideas.md");
    await goTo(d, "a.py");
    await byMenu(d, "Copy the path from the open file");
    await expect.poll(() => clipboard(d)).toBe("../a.py");
    await d.row("data").click({ button: "right" });
    await item(d.page, "New terminal here").click();
    await d.prints(/\$ ?$/m);
    await d.page.keyboard.type("pwd\n");
    await d.prints(/\/data$/m);
    await goTo(d, "data");
    await byMenu(d, "What takes the space");
    const list = d.page.getByRole("list", { name: "The largest things in it" });
    await list.getByRole("button", { name: /two\.csv/ }).waitFor();
    // Back to the whole by the path above it, and down by keys.
    await d.page.getByRole("navigation", { name: "Folder" }).getByRole("button").first().click();
    await list.getByRole("button", { name: /data\// }).press("Enter");
    await list.getByRole("button", { name: /one\.csv/ }).click();
    await d.page.getByRole("tab", { name: "one.csv" }).waitFor();
  });

  test("the trash: restored, chosen and deleted for good", async () => {
    const d = await desk();
    await goTo(d, "a.py");
    await d.page.keyboard.press("Shift+ArrowDown");
    await d.page.keyboard.press("Shift+ArrowDown");
    await d.page.keyboard.press("Delete");
    await gone(d, "c.txt");
    await palette(d, "Open the trash");
    const dialog = d.page.getByRole("dialog", { name: "Trash" });
    await dialog.getByRole("button", { name: "Restore a.py" }).press("Enter");
    await there(d, "a.py");
    await dialog.getByRole("button", { name: "Delete b.py for good" }).click();
    await d.page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await dialog.getByText("b.py").waitFor({ state: "detached" });
    await dialog.getByRole("checkbox", { name: "Select c.txt" }).press(" ");
    await dialog.getByText("1 selected").waitFor();
    await dialog.getByRole("button", { name: "Restore", exact: true }).click();
    await there(d, "c.txt");
    await dialog.getByText("The trash is empty").waitFor();
    await d.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await goTo(d, "c.txt");
    await d.page.keyboard.press("Delete");
    await gone(d, "c.txt");
    await more(d).press("Enter");
    await choose(d, "Trash");
    await dialog.getByRole("button", { name: "Empty the trash" }).press("Enter");
    await d.page.getByRole("alertdialog").waitFor();
    await d.page.keyboard.press("Tab");
    await d.page.keyboard.press("Enter");
    await dialog.getByText("The trash is empty").waitFor();
  });

  test("search: rows by the mouse, folding and switches by keys", async () => {
    const d = await desk();
    const { page } = d;
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.keyboard.type("colour");
    await page.getByText("3 matches in 2 files").waitFor();
    const list = page.getByRole("tree", { name: "What was found" });
    await list.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => list.getByRole("treeitem", { level: 2 }).count()).toBe(2);
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => list.getByRole("treeitem", { level: 2 }).count()).toBe(3);
    await page.getByRole("button", { name: "Fold all files" }).click();
    await expect.poll(() => list.getByRole("treeitem", { level: 2 }).count()).toBe(0);
    await page.getByRole("button", { name: "Unfold all files" }).press("Enter");
    await expect.poll(() => list.getByRole("treeitem", { level: 2 }).count()).toBe(3);
    await page.getByRole("button", { name: "Whole word" }).press(" ");
    await page.getByText("3 matches in 2 files").waitFor();
    await page.getByRole("button", { name: "Replace", exact: true }).click();
    await page.getByRole("textbox", { name: "Replace by" }).fill("hue");
    await list.getByText("hue").first().waitFor();
    const second = list.getByRole("treeitem", { level: 2 }).nth(1);
    await second.hover();
    await second.getByRole("button", { name: "Leave out" }).click();
    await page.getByText("1 is left out.").waitFor();
    await page.getByRole("button", { name: "Show again" }).press("Enter");
    await page.getByText("3 matches in 2 files").waitFor();
    const first = list.getByRole("treeitem", { level: 2 }).first();
    await first.hover();
    await first.getByRole("button", { name: "Replace this match" }).click();
    await d.onDisk("b.py", "b hue\n");
    await page.getByText("2 matches in 1 file", { exact: true }).waitFor();
    const file = list.getByRole("treeitem", { level: 1 });
    await file.hover();
    await file.getByRole("button", { name: "Replace all in this file" }).click();
    await d.onDisk("c.txt", "c hue, hue\n");
    const field = page.getByRole("textbox", { name: "Search for" });
    await field.fill("hue");
    await field.press("Enter");
    await page.getByText("3 matches in 2 files").waitFor();
    await list.getByRole("treeitem", { level: 2 }).first().click();
    await page.getByRole("tab", { name: "b.py" }).waitFor();
  });

  test("git: staged, unstaged and discarded, branches and stashes", async () => {
    const d = await desk();
    const { page } = d;
    await page.keyboard.press("Control+Shift+G");
    const panel = page.getByRole("complementary", { name: "Project" });
    const group = (name: string) => panel.getByRole("region", { name, exact: true });
    const row = (name: string, file: RegExp) => group(name).getByRole("button", { name: file }).first();
    await panel.getByRole("button", { name: "Make one" }).press("Enter");
    await group("Unknown to Git").getByRole("button", { name: "Stage a.py" }).click();
    await group("Staged").getByText("a.py").waitFor();
    await group("Staged").getByRole("button", { name: "Unstage a.py" }).click();
    await group("Staged").waitFor({ state: "detached" });
    // By keys, one after the other: the focus stays in the list.
    await row("Unknown to Git", /a\.py/).focus();
    await page.keyboard.press("s");
    await group("Staged").getByText("a.py").waitFor();
    await page.keyboard.press("s");
    await expect.poll(() => group("Staged").getByRole("listitem").count()).toBe(2);
    await row("Staged", /a\.py/).focus();
    await page.keyboard.press("u");
    await expect.poll(() => group("Staged").getByRole("listitem").count()).toBe(1);
    await group("Unknown to Git").getByRole("button", { name: "Stage all" }).press("Enter");
    await group("Unknown to Git").waitFor({ state: "detached" });
    await panel.getByLabel("Message of the commit").fill("Begin");
    await panel.getByRole("button", { name: "Commit", exact: true }).press("Enter");
    await panel.getByText("Nothing has changed since the last commit.").waitFor();

    d.write("a.py", "a\nmore\n");
    await group("Changed").getByText("a.py").waitFor();
    await row("Changed", /a\.py/).focus();
    await page.keyboard.press("Delete");
    await page.getByRole("alertdialog").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await d.onDisk("a.py", "a\n");

    // Put aside and taken back; branches by keys and by mouse.
    d.write("b.py", "b changed\n");
    await group("Changed").getByText("b.py").waitFor();
    await panel.getByRole("button", { name: /^main/ }).press("Enter");
    const dialog = page.getByRole("dialog", { name: "Branches" });
    await dialog.getByRole("button", { name: "Put changes aside (stash)" }).click();
    await d.onDisk("b.py", "b colour\n");
    await dialog.getByRole("button", { name: "Take back" }).press("Enter");
    await d.onDisk("b.py", "b changed\n");
    await dialog.getByLabel("Find a branch, or name a new one").fill("topic");
    await dialog.getByRole("button", { name: "Make the branch topic" }).click();
    await panel.getByRole("button", { name: /^topic/ }).waitFor();
    await panel.getByLabel("Message of the commit").fill("On topic");
    await panel.getByRole("button", { name: "Commit all" }).click();
    await panel.getByText("Nothing has changed since the last commit.").waitFor();
    await panel.getByRole("button", { name: /^topic/ }).click();
    await dialog.getByLabel("Find a branch, or name a new one").fill("main");
    await page.keyboard.press("Enter");
    await panel.getByRole("button", { name: /^main/ }).waitFor();
    await d.onDisk("b.py", "b colour\n");
    await panel.getByRole("button", { name: /^main/ }).click();
    await dialog.getByRole("button", { name: "Merge topic" }).press("Enter");
    await d.onDisk("b.py", "b changed\n");
    await panel.getByRole("button", { name: /^main/ }).click();
    await dialog.getByRole("button", { name: "Delete topic" }).click();
    await dialog.getByRole("button", { name: "Delete topic" }).waitFor({ state: "detached" });
  }, 120_000);
});
