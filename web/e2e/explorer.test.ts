import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";

const some = {
  "data/one.csv": "1\n",
  "data/two.csv": "2\n",
  "notes/ideas.md": "# Ideas\n",
  "a.py": "a\n",
  "b.py": "b\n",
  "c.txt": "c\n",
};

describe("the explorer", () => {
  const journey = new Journey();
  afterEach(() => journey.over());

  async function desk(files: Record<string, string> = some) {
    const ada = await journey.admin();
    // Whether something is there is asked of the server where the tree does not know it.
    ada.expected(/status of 404 .*entry=1/);
    const d = new Desk(ada, await makeProject(ada, "Files", files));
    await d.open();
    return d;
  }
  const tree = (d: Desk) => d.page.getByRole("tree");
  const selected = (d: Desk) =>
    tree(d)
      .locator('[aria-selected="true"]')
      .evaluateAll((found) => found.map((e) => e.getAttribute("data-path")));
  const item = (d: Desk, name: string) =>
    d.page.getByRole("menuitem").filter({ has: d.page.getByText(name, { exact: true }) });
  const there = (d: Desk, path: string) => expect.poll(() => existsSync(d.path(path))).toBe(true);
  const gone = (d: Desk, path: string) => expect.poll(() => existsSync(d.path(path))).toBe(false);

  test("many are selected with the mouse and with the keys", async () => {
    const d = await desk();
    await d.row("a.py").click();
    await d.row("c.txt").click({ modifiers: ["Control"] });
    expect(await selected(d)).toEqual(["a.py", "c.txt"]);
    await d.row("notes").click({ modifiers: ["Control"] });
    await d.row("b.py").click({ modifiers: ["Shift"] });
    expect(await selected(d)).toEqual(["notes", "a.py", "b.py"]);
    await d.page.getByText("3 items are selected").waitFor({ state: "attached" });
    await d.person.accessible();

    // The menu of a row that is selected is for all of them; of another one, for that one.
    await d.row("a.py").click({ button: "right" });
    await item(d, "Download as a zip").waitFor();
    expect(await item(d, "Rename").count()).toBe(0);
    await d.person.accessible();
    await d.page.keyboard.press("Escape");
    await d.row("c.txt").click({ button: "right" });
    await item(d, "Rename").waitFor();
    expect(await selected(d)).toEqual(["c.txt"]);
    await d.page.keyboard.press("Escape");

    await tree(d).focus();
    await d.page.keyboard.press("Home");
    await d.page.keyboard.press("Shift+ArrowDown");
    await d.page.keyboard.press("Shift+ArrowDown");
    expect(await selected(d)).toEqual(["data", "notes", "a.py"]);
    await d.page.keyboard.press("Control+ArrowDown");
    await d.page.keyboard.press("Control+ArrowDown");
    await d.page.keyboard.press("Control+ ");
    expect(await selected(d)).toEqual(["data", "notes", "a.py", "c.txt"]);
    await d.page.keyboard.press("Control+a");
    await expect.poll(() => selected(d)).toEqual(["data", "notes", "a.py", "b.py", "c.txt"]);
    await d.page.keyboard.press("Escape");
    expect(await selected(d)).toEqual(["c.txt"]);
  });

  test("what is deleted goes to the trash, and comes back by undo, by the toast and from the trash", async () => {
    const d = await desk();
    // The document of a file that is deleted closes its socket while something is being said on it.
    d.person.expected(/WebSocket is already in CLOSING/);
    await d.row("a.py").click();
    await d.row("data").click({ modifiers: ["Control"] });
    await d.page.keyboard.press("Delete");
    await gone(d, "data");
    await d.page.getByText("Moved 2 items to the trash.").waitFor();
    await d.row("a.py").waitFor({ state: "detached" });
    await tree(d).focus();
    await d.page.keyboard.press("Control+z");
    await there(d, "data/two.csv");
    await d.row("a.py").waitFor();
    expect(d.read("a.py")).toBe("a\n");
    await d.page.keyboard.press("Control+Shift+z");
    await gone(d, "a.py");
    await d.page.keyboard.press("Control+z");
    await there(d, "a.py");

    await d.row("b.py").click({ button: "right" });
    await item(d, "Move to the trash").click();
    await gone(d, "b.py");
    await d.page.getByText("Moved “b.py” to the trash.").waitFor();
    await d.page.getByRole("button", { name: "Undo", exact: true }).last().click();
    await there(d, "b.py");

    // The trash: what, who and when; restored to another place when its own is taken.
    await d.row("c.txt").click();
    await d.page.keyboard.press("Delete");
    await gone(d, "c.txt");
    d.write("c.txt", "another\n");
    await d.page.getByRole("button", { name: "More for files" }).click();
    await item(d, "Trash").click();
    const dialog = d.page.getByRole("dialog", { name: "Trash" });
    await dialog.getByText("c.txt").waitFor();
    await dialog.getByText("Administrator").first().waitFor();
    await d.person.accessible();
    d.person.expected(/status of 409/);
    await dialog.getByRole("button", { name: "Restore c.txt" }).click();
    await d.page.getByRole("dialog", { name: "There is another “c.txt” now" }).waitFor();
    await d.page.getByLabel("Path").fill("kept/c.txt");
    await d.page.getByRole("button", { name: "Restore", exact: true }).last().click();
    await there(d, "kept/c.txt");
    expect(d.read("kept/c.txt")).toBe("c\n");
  });

  test("the trash is emptied; with Shift nothing is kept, after it was asked for by name", async () => {
    const d = await desk();
    await d.row("a.py").click();
    await d.page.keyboard.press("Shift+ArrowDown");
    await d.page.keyboard.press("Shift+Delete");
    const ask = d.page.getByRole("alertdialog");
    await ask.getByText("a.py, b.py").waitFor();
    await d.person.accessible();
    await ask.getByRole("button", { name: "Delete" }).click();
    await gone(d, "b.py");
    expect(existsSync(d.path("a.py"))).toBe(false);
    await d.row("c.txt").click();
    await d.page.keyboard.press("Delete");
    await gone(d, "c.txt");
    await d.page.keyboard.press("Control+k");
    await d.page.getByRole("combobox").fill("Open the trash");
    await d.page.keyboard.press("Enter");
    const dialog = d.page.getByRole("dialog", { name: "Trash" });
    await dialog.getByText("c.txt").waitFor();
    expect(await dialog.getByText("a.py").count()).toBe(0);
    await dialog.getByRole("button", { name: "Empty the trash" }).click();
    await d.page.getByRole("button", { name: "Empty it" }).click();
    await dialog.getByText("The trash is empty").waitFor();
    await d.page.keyboard.press("Escape");
    // It says why it cannot be undone any more.
    d.person.expected(/status of 404/);
    await tree(d).focus();
    await d.page.keyboard.press("Control+z");
    await d.page.getByText("“c.txt” cannot go back: it is not there any more.").waitFor();
  });

  test("rows are dragged to folders: moved, or copied with Ctrl; into itself it is refused", async () => {
    const d = await desk();
    await d.row("b.py").dragTo(d.page.getByText("Open a file from the side"));
    await d.page.getByRole("tab", { name: "b.py" }).waitFor();
    await d.row("a.py").click();
    await d.row("b.py").click({ modifiers: ["Control"] });
    await d.row("b.py").dragTo(d.row("notes"));
    await there(d, "notes/a.py");
    await there(d, "notes/b.py");
    expect(existsSync(d.path("a.py"))).toBe(false);
    await d.page.getByText("Moved 2 items to notes.").waitFor();
    await tree(d).focus();
    await d.page.keyboard.press("Control+z");
    await there(d, "a.py");
    await gone(d, "notes/b.py");
    await d.page.locator('[data-path="notes/b.py"]').waitFor({ state: "detached" });
    await d.page.locator('[data-path="notes/a.py"]').waitFor({ state: "detached" });
    await d.row("a.py").waitFor();
    await d.row("b.py").waitFor(); // the rows stand still

    await d.page.keyboard.down("Control");
    await d.row("c.txt").dragTo(d.row("notes"));
    await d.page.keyboard.up("Control");
    await there(d, "notes/c.txt");
    expect(existsSync(d.path("c.txt"))).toBe(true);

    // A folder that is hovered over opens; one cannot go into itself.
    await d.row("data").hover();
    await d.page.mouse.down();
    await d.row("notes").hover();
    await d.row("notes").hover({ position: { x: 60, y: 12 } });
    await d.row("ideas.md").waitFor();
    await d.row("data").hover();
    await d.row("data").hover({ position: { x: 60, y: 12 } });
    await expect.poll(() => d.row("data").getAttribute("class")).toMatch(/refused/);
    await d.page.mouse.up();
    expect(existsSync(d.path("data/one.csv"))).toBe(true);
  });

  test("cut, copied, pasted and duplicated, also in another tab of the browser", async () => {
    const d = await desk();
    await d.row("a.py").click();
    await d.page.keyboard.press("Control+c");
    await d.page.keyboard.press("Control+v");
    await there(d, "a (2).py");
    expect(await d.page.evaluate(() => navigator.clipboard.readText())).toBe("a.py");

    await d.row("b.py").click();
    await d.page.keyboard.press("Control+x");
    await expect.poll(() => d.row("b.py").getAttribute("class")).toMatch(/cut/);
    await d.row("notes").click();
    await d.page.keyboard.press("Control+v");
    await there(d, "notes/b.py");
    await gone(d, "b.py");

    await d.row("c.txt").click();
    await d.page.keyboard.press("Control+d");
    await there(d, "c (2).txt");
    await d.row("c.txt").click({ button: "right" });
    await item(d, "Copy the path from the open file").waitFor();
    await item(d, "Duplicate").click();
    await there(d, "c (3).txt");

    // By the menu here, and by the key in another tab.
    await d.row("c.txt").click({ button: "right" });
    await item(d, "Copy").click();
    const page = await d.person.context.newPage();
    await page.goto(d.page.url());
    const folder = page.getByRole("treeitem", { name: "data", exact: true });
    await folder.click();
    await d.row("c.txt").click();
    await d.page.keyboard.press("Control+c");
    await page.bringToFront();
    await folder.click();
    await page.keyboard.press("Control+v");
    await there(d, "data/c.txt");
    await page.close();
  });

  test("names that are taken are asked for, one by one and for all", async () => {
    const d = await desk({ ...some, "to/a.py": "old a\n", "to/b.py": "old b\n", "to/data/one.csv": "old\n" });
    await d.row("a.py").click();
    await d.page.keyboard.press("Control+c");
    await d.row("to").click();
    await d.page.keyboard.press("Control+v");
    const one = d.page.getByRole("dialog", { name: "“a.py” is in to already" });
    await one.waitFor();
    await d.person.accessible();
    await one.getByRole("button", { name: "Keep both" }).click();
    await there(d, "to/a (2).py");
    expect(d.read("to/a.py")).toBe("old a\n");

    await d.page.locator('[data-path="data"]').click();
    await d.page.locator('[data-path="b.py"]').click({ modifiers: ["Control"] });
    await d.page.locator('[data-path="b.py"]').dragTo(d.row("to"));
    const many = d.page.getByRole("dialog", { name: "2 names are taken in to" });
    await many.waitFor();
    await d.person.accessible();
    await many.getByRole("button", { name: "Merge the folders" }).click();
    await many.getByLabel("What to do with b.py").selectOption({ label: "Replace" });
    await many.getByRole("button", { name: "Go on" }).click();
    await there(d, "to/data/two.csv");
    await d.onDisk("to/b.py", "b\n");
    await d.onDisk("to/data/one.csv", "1\n");
  });

  test("renamed in place, with what is wrong said while it is typed", async () => {
    const d = await desk();
    await d.row("a.py").click();
    await d.page.keyboard.press("F2");
    const field = d.page.getByLabel("New name");
    await d.page.keyboard.type("b"); // only the stem was selected
    expect(await field.inputValue()).toBe("b.py");
    await d.page.getByText("There is a “b.py” here already.").waitFor();
    await d.person.accessible();
    await field.fill("B.py");
    await d.page.getByText("the two differ only in case").waitFor();
    await field.fill("x/y");
    await d.page.getByText("A name cannot hold a slash.").waitFor();
    await field.fill("first.py");
    await d.page.keyboard.press("Tab"); // and on with the next one
    await there(d, "first.py");
    await expect.poll(() => field.inputValue()).toBe("b.py");
    await d.page.keyboard.press("Escape");
    await d.page.keyboard.press("Control+z");
    await there(d, "a.py");

    // A slow second press on the name.
    await d.row("c.txt").click();
    const pressed = await d.page.evaluate(() => performance.now());
    await d.page.waitForFunction((at) => performance.now() - at > 550, pressed); // sooner it is a double click
    await d.row("c.txt").click();
    await field.fill("slow.txt");
    await d.page.keyboard.press("Enter");
    await there(d, "slow.txt");
    await field.waitFor({ state: "detached" }); // keys are the field's until the answer came

    // New, with the folders on the way.
    await d.page.keyboard.press("Alt+n");
    await d.page.getByLabel("Name of the new file").fill("deep/er/new.py");
    await d.page.keyboard.press("Enter");
    await there(d, "deep/er/new.py");
    await d.row("new.py").waitFor();
    await d.page.getByRole("tab", { name: "new.py" }).waitFor();
  });

  test("sorted, filtered, closed, gone to, and the open file is shown", async () => {
    const d = await desk({ ...some, "deep/er/in.txt": "x", "big.bin": "x".repeat(5000) });
    await d.open("/files/deep/er/in.txt");
    await d.row("in.txt").waitFor(); // the explorer reveals it
    await expect.poll(() => selected(d)).toEqual(["deep/er/in.txt"]);
    await d.page.getByRole("button", { name: "More for files" }).click();
    await item(d, "Close all folders").click();
    await d.row("in.txt").waitFor({ state: "detached" });
    await d.page.getByRole("button", { name: "More for files" }).click();
    await d.page.getByRole("menuitemradio", { name: "Size" }).click();
    const first = () =>
      tree(d).locator('[data-path$=".bin"],[data-path$=".py"]').first().getAttribute("data-path");
    await expect.poll(first).toBe("big.bin");

    await d.page.getByRole("button", { name: "Filter by name" }).click();
    await d.page.keyboard.type("*.py");
    await d.row("c.txt").waitFor({ state: "detached" });
    await d.row("b.py").waitFor();
    await d.person.accessible();
    await d.page.keyboard.press("Escape");
    await d.page.keyboard.press("Escape");
    await d.row("c.txt").waitFor();

    await d.page.keyboard.press("Control+k");
    await d.page.getByRole("combobox").fill("Go to a folder");
    await d.page.keyboard.press("Enter");
    await d.page.getByLabel("Path").fill("~/deep/er/");
    await d.page.keyboard.press("Enter");
    await expect.poll(() => selected(d)).toEqual(["deep/er"]);
    await d.row("in.txt").waitFor();
  });

  test("a folder of 100,000 files scrolls, and keeps its place while others write", async () => {
    const d = await desk({ "first.txt": "x" });
    mkdirSync(d.path("many"));
    for (let i = 0; i < 100_000; i++)
      writeFileSync(join(d.path("many"), `f${String(i).padStart(6, "0")}`), "");
    await d.row("many").click();
    const began = Date.now();
    await d.row("f000000").waitFor();
    const took = Date.now() - began;
    console.info(`first rows of 100,000 after ${took} ms`);
    const box = tree(d);
    await box.evaluate((el) => {
      el.scrollTop = 26 * 5000;
    });
    await d.row("f005000").waitFor();
    const frames = await box.evaluate(async (el) => {
      let worst = 0;
      let last = performance.now();
      for (let i = 0; i < 60; i++) {
        el.scrollTop += 130;
        await new Promise((r) => requestAnimationFrame(r));
        worst = Math.max(worst, performance.now() - last);
        last = performance.now();
      }
      return worst;
    });
    console.info(`longest frame while scrolling ${Math.round(frames)} ms`);
    const seen = await d.row("f005305").boundingBox();
    d.write("many/a-new-one", "x");
    await expect.poll(() => d.row("f005305").getAttribute("aria-setsize")).toBe("100001");
    expect((await d.row("f005305").boundingBox())?.y).toBe(seen?.y);
    expect(readdirSync(d.path("many"))).toHaveLength(100_001);
    await box.focus();
    await d.page.keyboard.press("End");
    await d.row("f099999").or(d.row("first.txt")).first().waitFor();
  });

  test("a viewer reads and downloads, and changes nothing", async () => {
    const ada = await journey.admin();
    const id = await makeProject(ada, "Read", some);
    const grace = await journey.colleague("Grace Hopper", "grace@example.org");
    await addMember(ada, id, grace, "viewer");
    const d = new Desk(grace, id);
    await d.open();
    await d.row("a.py").click();
    await d.page.keyboard.press("Delete");
    await d.page.keyboard.press("F2");
    await d.row("a.py").click({ button: "right" });
    await item(d, "Download").waitFor();
    for (const name of ["Cut", "Paste", "Rename", "Move to the trash", "New file"])
      expect(await item(d, name).count()).toBe(0);
    await d.person.accessible();
    const down = d.page.waitForEvent("download");
    await item(d, "Download").click();
    expect((await down).suggestedFilename()).toBe("a.py");
    expect(existsSync(d.path("a.py"))).toBe(true);
  });

  test("on a phone a deep link shows the file, and the menu of a row has everything", async () => {
    const ada = await journey.admin();
    const id = await makeProject(ada, "Pocket", some);
    const wide = new Desk(ada, id);
    await wide.open();
    const kept = ada.page.waitForResponse(
      (r) => r.url().endsWith("/layout") && r.request().method() === "PUT",
    );
    await wide.openFile("a.py"); // the side stays open on the wide screen
    await kept;
    await ada.page.setViewportSize({ width: 390, height: 844 });
    const d = new Desk(ada, id);
    await d.open("/files/notes/ideas.md");
    await d.shows("# Ideas");
    expect(await tree(d).count()).toBe(0);
    // A link within the page, while the sheet lies over it.
    await d.page.getByRole("button", { name: "Files", exact: true }).click();
    await tree(d).waitFor();
    await d.page.evaluate(() => {
      history.pushState(null, "", location.pathname.replace(/files.*/, "files/b.py"));
      dispatchEvent(new PopStateEvent("popstate"));
    });
    await d.shows("b");
    await tree(d).waitFor({ state: "detached" });
    await d.page.getByRole("button", { name: "Files", exact: true }).click();
    await expect.poll(() => selected(d)).toEqual(["b.py"]); // it is revealed
    await d.row("a.py").click({ button: "right" });
    await item(d, "Select several").click();
    await d.row("b.py").click();
    await d.page.getByText("2 selected").waitFor();
    await ada.accessible();
    await ada.fitsOnPhone();
    await d.page.getByRole("button", { name: "Trash", exact: true }).click();
    await gone(d, "b.py");
    expect(existsSync(d.path("a.py"))).toBe(false);
  });

  test("without the network it says so, and a project that is stopped can be started", async () => {
    const d = await desk();
    d.person.expected(...broken);
    await d.person.context.setOffline(true);
    await d.page.getByText("Offline: this is how the files were.").waitFor({ timeout: 45_000 });
    await d.row("a.py").waitFor();
    await d.person.context.setOffline(false);
    await d.page
      .getByText("Offline: this is how the files were.")
      .waitFor({ state: "detached", timeout: 45_000 });
    await d.person.api("POST", `projects/${d.project}/stop`);
    await d.page.getByText("The files are shown when the project runs.").waitFor();
    await d.person.accessible();
    await d.page.getByRole("complementary").getByRole("button", { name: "Start the project" }).click();
    await d.row("a.py").waitFor({ timeout: 45_000 });
  });
});
