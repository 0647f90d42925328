// Widgets of ipywidgets and tqdm as they are installed from PyPI, with a real kernel.
import { cpSync, existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { FrameLocator } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { notebook, Sheet } from "./sheet.ts";

const journey = new Journey();

/** Where tools/test-kernels puts the widgets. */
function widgetsFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(process.env.LYCEUM_CACHE || join(cache, "lyceum"), "widgets");
  if (!existsSync(folder)) throw new Error(`ipywidgets are not installed: run tools/test-kernels`);
  return folder;
}

/** Puts the packages of the widgets into a project, as pip does it for its user. */
function installWidgets(d: Desk): void {
  const folder = widgetsFolder();
  for (const name of readdirSync(folder))
    if (name !== "bin") cpSync(join(folder, name), d.path(`packages/${name}`), { recursive: true });
}

const begin = "import sys; sys.path.insert(0, 'packages')\n";

describe("widgets", () => {
  let d: Desk;
  let s: Sheet;
  const frame = (id: string): FrameLocator => s.cell(id).frameLocator("iframe");
  const run = async (id: string) => {
    await s.choose(id);
    await s.press("Control+Enter");
  };

  test("begin with a notebook that is open", async () => {
    const admin = await journey.admin();
    const project = await makeProject(admin, "Widgets", {
      "w.ipynb": notebook([
        {
          id: "interact",
          source: `${begin}from ipywidgets import interact\n@interact(x=(0, 10))\ndef f(x=3):\n    print('square', x * x)`,
        },
        {
          id: "tqdm",
          source:
            "from tqdm.notebook import tqdm\nimport time\nfor i in tqdm(range(40), desc='Epochs'):\n    time.sleep(0.01)\nprint('over')",
        },
        {
          id: "output",
          source:
            "import ipywidgets as w\nout = w.Output()\nbutton = w.Button(description='Say')\nclicks = []\n@button.on_click\ndef say(_):\n    clicks.append(1)\n    with out:\n        print('clicked', len(clicks))\ndisplay(w.VBox([button, out]))",
        },
        {
          id: "form",
          source:
            "name = w.Text(description='Name', continuous_update=False)\nkind = w.Dropdown(options=['red', 'green'], description='Kind')\nsure = w.Checkbox(description='Sure')\nw.HBox([w.VBox([name, kind]), sure])",
        },
        { id: "says", source: "print([name.value, kind.value, sure.value, len(clicks)])" },
        {
          id: "nested",
          source:
            "box = w.Output()\nwith box:\n    display(w.ToggleButton(description='Inside'))\n    print('beside it')\n    1/0\nbox",
        },
        {
          id: "link",
          source:
            "a = w.IntSlider(description='A'); b = w.IntText(description='B')\nw.jslink((a, 'value'), (b, 'value'))\ntabs = w.Tab([a, b], titles=['One', 'Two'])\ntabs",
        },
      ]),
    });
    d = new Desk(admin, project);
    installWidgets(d);
    s = new Sheet(d);
    await d.open();
    await s.open("w.ipynb");
  });
  afterAll(() => journey.over());

  test("interact calls a function with what a slider says", async () => {
    await run("interact");
    const slider = frame("interact").getByRole("slider");
    await slider.waitFor();
    await frame("interact").getByText("square 9").waitFor();
    await slider.press("ArrowRight");
    await frame("interact").getByText("square 16").waitFor();
    expect(await frame("interact").getByText("square").count()).toBe(1);
  });

  test("tqdm shows how far a loop is", async () => {
    await run("tqdm");
    await frame("tqdm").getByText("Epochs: 100%").waitFor();
    await frame("tqdm")
      .getByText(/40\/40/)
      .waitFor();
    await s.shows("tqdm", "over");
  });

  test("an Output widget has what a button's function prints", async () => {
    await run("output");
    const button = frame("output").getByRole("button", { name: "Say" });
    await button.click();
    await frame("output").getByText("clicked 1").waitFor();
    await button.click();
    await frame("output").getByText("clicked 2").waitFor();
  });

  test("boxes of fields say what was chosen", async () => {
    await run("form");
    await frame("form").getByRole("textbox").fill("Ada");
    await frame("form").getByRole("textbox").press("Enter");
    await frame("form").getByRole("combobox").selectOption("green");
    await frame("form").getByRole("checkbox").check();
    await run("says");
    await s.shows("says", "['Ada', 'green', True, 2]");
  });

  test("what is displayed into an Output widget is there, errors too", async () => {
    await run("nested");
    await frame("nested").getByRole("button", { name: "Inside" }).waitFor();
    await frame("nested").getByText("beside it").waitFor();
    await frame("nested").getByText("ZeroDivisionError: division by zero").waitFor();
  });

  test("two widgets are linked in the browser", async () => {
    await run("link");
    await frame("link").getByRole("slider").press("ArrowRight");
    await frame("link").getByRole("tab", { name: "Two" }).click();
    await expect.poll(() => frame("link").getByRole("spinbutton").inputValue()).toBe("1");
    await d.person.accessible();
    // Its words are read on a dark ground too.
    const ink = () =>
      frame("link")
        .getByRole("slider")
        .locator("xpath=ancestor::*[contains(@class,'jupyter-widgets')][1]")
        .evaluate((e) => getComputedStyle(e).color);
    const light = await ink();
    await d.page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(ink).not.toBe(light);
    await d.page.emulateMedia({ colorScheme: "light" });
  });

  test("what widgets say is there again when the page is loaded anew", async () => {
    await d.page.reload();
    await s.cell("form").waitFor();
    await s.choose("form");
    const name = frame("form").getByRole("textbox");
    await name.waitFor();
    expect(await name.inputValue()).toBe("Ada");
    expect(await frame("form").getByRole("checkbox").isChecked()).toBe(true);
    await s.choose("output");
    await frame("output").getByText("clicked 2").waitFor();
    // And they still have the kernel at their other end.
    await frame("output").getByRole("button", { name: "Say" }).click();
    await frame("output").getByText("clicked 3").waitFor();
  });
});
