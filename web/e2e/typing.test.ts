// Whoever types fast loses nothing: keys that are pressed before what they are for is
// there are typed once it is. The network is slow here, and the processor too.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";

const some = {
  "a.py": "print('a')\n",
  "b.txt": "the colour of the sea\n",
  "notes/ideas.md": "# Ideas\n",
};

describe("keys that come early", () => {
  const journey = new Journey();
  afterEach(() => journey.over());
  let d: Desk;
  beforeEach(async () => {
    const ada = await journey.admin();
    ada.expected(/status of 404 .*entry=1/);
    d = new Desk(ada, await makeProject(ada, "Fast", some));
    await d.open();
    await d.row("b.txt").waitFor();
    const cdp = await d.page.context().newCDPSession(d.page);
    await cdp.send("Network.enable");
    const slow = { offline: false, latency: 250, downloadThroughput: -1, uploadThroughput: -1 };
    await cdp.send("Network.emulateNetworkConditions", slow);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: 3 });
  }, 60_000);
  const keyboard = () => d.page.keyboard;
  const tree = () => d.page.getByRole("tree", { name: "Files of the project" });
  const focused = () => d.page.evaluate(() => document.activeElement?.getAttribute("aria-label"));

  test("go to the terminal that is being made", async () => {
    await keyboard().press("Control+`");
    await keyboard().type("echo early-$((40+2))\n");
    await d.prints(/^early-42$/m);
    await keyboard().press("Control+Shift+E");
    await keyboard().press("Control+`"); // the same one, from elsewhere
    await keyboard().type("echo again-$((40+2)) ABC\n");
    await d.prints(/^again-42 ABC$/m);
    expect(await d.page.getByRole("tab", { name: /Terminal/ }).count()).toBe(1);
  });

  test("go to the search, whole", async () => {
    await keyboard().press("Control+Shift+F");
    await keyboard().type("colour");
    const field = d.page.getByRole("textbox", { name: "Search for" });
    expect(await field.inputValue()).toBe("colour");
    await d.page.getByText("1 match in 1 file").waitFor();
    await keyboard().press("Control+b");
    await keyboard().press("Control+Shift+F"); // what was looked for is selected, and typed over
    await keyboard().type("ideas");
    expect(await field.inputValue()).toBe("ideas");
    // By the palette too, from anywhere.
    await keyboard().press("Control+k");
    await keyboard().type("search in all\nprint");
    await expect.poll(() => field.inputValue()).toBe("print");
  });

  test("go to the name of a new file, and what follows into the file", async () => {
    await keyboard().press("Alt+n");
    await keyboard().type("new.txt\nHello, world\nand on");
    await d.onDisk("new.txt", "Hello, world\nand on");
    await keyboard().press("Control+b"); // also while the explorer is not there
    await keyboard().press("Alt+n");
    await keyboard().type("deep/er.txt\nmore");
    await d.onDisk("deep/er.txt", "more");
  });

  test("go to the file that is being opened", async () => {
    await tree().focus();
    await keyboard().type("a"); // the row that begins with it
    await keyboard().press("Enter");
    await keyboard().type("# one ");
    await d.onDisk("a.py", "# one print('a')\n");
    await keyboard().press("Control+p");
    await keyboard().type("idea\n");
    await keyboard().type("Two ");
    await d.onDisk("notes/ideas.md", "Two # Ideas\n");
    await keyboard().press("Control+p");
    await keyboard().type("b.t\n");
    await keyboard().press("Control+End");
    await keyboard().type("is blue");
    await d.onDisk("b.txt", "the colour of the sea\nis blue");
  });

  test("go to the rows after a name, and to the next name", async () => {
    await tree().focus();
    await keyboard().type("a");
    await keyboard().press("F2");
    await keyboard().type("c\n"); // c.py, and on
    await keyboard().press("Home");
    await keyboard().press("Delete"); // notes
    await expect.poll(() => d.page.locator('[data-path="c.py"]').count()).toBe(1);
    await d.page.getByText("Moved “notes” to the trash.").waitFor();
    await keyboard().press("Control+z");
    await d.row("notes").waitFor();
    await tree().focus();
    await keyboard().type("b");
    await keyboard().press("F2");
    await keyboard().type("x");
    await keyboard().press("Tab");
    await keyboard().type("y\n");
    await expect
      .poll(() =>
        tree()
          .locator("[data-path]")
          .evaluateAll((all) => all.map((e) => e.getAttribute("data-path"))),
      )
      .toEqual(["notes", "x.txt", "y.py"]);
  });

  test("the focus comes back from the palette, dialogs and menus", async () => {
    await d.row("b.txt").dblclick();
    await d.saved();
    await keyboard().type("1");
    for (const [open, shut] of [
      ["Control+k", "Escape"],
      ["Control+p", "Escape"],
    ] as const) {
      await keyboard().press(open);
      await d.page.getByRole("combobox").waitFor();
      await keyboard().press(shut);
      await keyboard().type("2");
    }
    await d.onDisk("b.txt", "122the colour of the sea\n");
    await tree().focus();
    await keyboard().press("Shift+F10");
    await d.page.getByRole("menuitem", { name: "Rename" }).waitFor();
    await keyboard().press("Escape");
    await expect.poll(focused).toBe("Files of the project");
    await keyboard().press("Shift+Delete");
    await d.page.getByRole("alertdialog").waitFor();
    await keyboard().press("Escape");
    await expect.poll(focused).toBe("Files of the project");
    await keyboard().press("Control+k");
    await keyboard().type("go to a folder\n~/notes\n");
    await expect.poll(focused).toBe("Files of the project");
    await keyboard().press("ArrowDown"); // its first file
    await keyboard().press("Enter");
    await d.shows("# Ideas");
  });
});
