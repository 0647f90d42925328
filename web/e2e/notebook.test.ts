// Notebooks as people use them, with a real kernel: cells by key and by hand, outputs
// as they come, together, and when nobody looks.
import { afterAll, describe, expect, test } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { notebook, Sheet } from "./sheet.ts";

const journey = new Journey();

// What ipywidgets sends for IntSlider(3): it need not be installed for this.
const slider = `
from ipykernel.comm import Comm
from IPython.display import display
heard = 3
def widget(model, view=None, module='@jupyter-widgets/controls', version='2.0.0', **state):
    state.update(_model_name=model, _model_module=module, _model_module_version=version, _view_count=None, _dom_classes=[])
    state.update(_view_name=view, _view_module='@jupyter-widgets/base' if view == 'StyleView' else module, _view_module_version=version)
    return Comm(target_name='jupyter.widget', data={'state': state, 'buffer_paths': []}, metadata={'version': '2.1.0'})
layout = widget('LayoutModel', 'LayoutView', '@jupyter-widgets/base')
style = widget('SliderStyleModel', 'StyleView', description_width='')
comm = widget('IntSliderModel', 'IntSliderView', value=3, min=0, max=10, step=1, description='n',
    layout='IPY_MODEL_' + layout.comm_id, style='IPY_MODEL_' + style.comm_id, readout=True, readout_format='d',
    continuous_update=True, orientation='horizontal', disabled=False)
def on(msg):
    global heard
    heard = msg['content']['data'].get('state', {}).get('value', heard)
comm.on_msg(on)
display({'application/vnd.jupyter.widget-view+json': {'version_major': 2, 'version_minor': 0, 'model_id': comm.comm_id}, 'text/plain': 'IntSlider(value=3)'}, raw=True)
`;

describe("the cells of a notebook", () => {
  let d: Desk;
  let s: Sheet;
  test("are opened", async () => {
    const admin = await journey.admin();
    const project = await makeProject(admin, "Cells", {
      "keys.ipynb": notebook([
        { id: "one", source: "1" },
        { id: "two", source: "2" },
        { id: "text", type: "markdown", source: "# Head\n\nso $x^2$" },
      ]),
      "bad.ipynb": notebook([
        {
          id: "md",
          type: "markdown",
          source:
            '<img src=x onerror="document.title=1"><script>document.title=2</script><form action="/"><input></form><a href="javascript:document.title=3">link</a><iframe src="/"></iframe>**bold**',
        },
        {
          id: "html",
          source: "html",
          outputs: [
            {
              output_type: "display_data",
              metadata: {},
              data: {
                "text/html":
                  "<b id=quiet>quiet</b><img src=https://t.example/p.gif><script>document.body.append('RAN ' + origin)</script>",
              },
            },
          ],
        },
        {
          id: "plain",
          source: "table",
          outputs: [
            {
              output_type: "execute_result",
              execution_count: 1,
              metadata: {},
              data: {
                "text/html": "<table class=dataframe><tr><td>cell 42</td></tr></table>",
                "text/plain": "t",
              },
            },
          ],
        },
      ]),
      "words.ipynb": "this is no notebook\n",
    });
    d = new Desk(admin, project);
    s = new Sheet(d);
    await d.open();
  });
  afterAll(() => journey.over());

  test("by the keys that Jupyter has", async () => {
    await s.open("keys.ipynb");
    await s.choose("one");
    await s.press("b", "Enter");
    await s.type("new");
    await s.press("Escape", "a");
    await expect.poll(() => s.texts()).toEqual(["1", "", "new", "2", ""]);
    await s.press("d", "d", "k");
    await expect.poll(() => s.texts()).toEqual(["1", "new", "2", ""]);
    // One is copied, and pasted below the next.
    await s.press("c", "j", "v");
    await expect.poll(() => s.texts()).toEqual(["1", "new", "1", "2", ""]);
    await s.press("z", "z");
    await expect.poll(() => s.texts()).toEqual(["1", "", "new", "2", ""]);
    await s.press("Shift+Z");
    await expect.poll(() => s.texts()).toEqual(["1", "new", "2", ""]);
    await s.choose("one");
    await s.press("Shift+J", "Shift+M");
    await expect.poll(() => s.texts()).toEqual(["1\nnew", "2", ""]);
    await s.press("Enter", "Control+Home", "End", "Control+Shift+-");
    await expect.poll(() => s.texts()).toEqual(["1", "new", "2", ""]);
    await s.press("Escape", "m");
    await expect.poll(async () => JSON.parse(d.read("keys.ipynb")).cells[1].cell_type).toBe("markdown");
    await s.press("y", "Alt+ArrowUp");
    await expect.poll(() => s.texts()).toEqual(["new", "1", "2", ""]);
    await s.press("j", "j", "2");
    await expect
      .poll(async () => [JSON.parse(d.read("keys.ipynb")).cells[2].source].flat().join(""))
      .toBe("## 2");
    await d.saved();
  });

  test("a heading folds, and is in the outline", async () => {
    await s.choose("text");
    await s.press("ArrowLeft");
    await d.page.getByRole("button", { name: "Outline", exact: true }).click();
    const outline = d.page.getByRole("navigation", { name: "Outline" });
    await outline.getByRole("button", { name: "Head" }).click();
    await outline.getByRole("button", { name: "Close the outline" }).click();
    await d.person.accessible();
  });

  test("find and replace goes over all cells", async () => {
    await s.choose("one");
    await s.press("f");
    await d.page.getByRole("textbox", { name: "Find" }).fill("new");
    await d.page.getByText("1 place").waitFor();
    await d.page.getByRole("textbox", { name: "Replace" }).fill("old");
    await d.page.getByRole("button", { name: "Replace all" }).click();
    await expect.poll(() => s.texts()).toEqual(["old", "1", "## 2", ""]);
    await s.press("Escape");
  });

  test("what came with a file does nothing by itself, and has no access to the app", async () => {
    await s.open("bad.ipynb");
    await s.cell("md").locator("strong").waitFor();
    const prose = await s.cell("md").innerHTML();
    expect(prose).not.toMatch(/onerror|<script|<form|<input|javascript:|<iframe/i);
    const table = s.cell("plain").frameLocator("iframe").getByText("cell 42");
    await table.waitFor();
    const frame = s.cell("html").frameLocator("iframe");
    await frame.getByText("quiet").waitFor();
    expect(await frame.locator("body").textContent()).not.toContain("RAN");
    expect(await frame.locator("img").getAttribute("src")).toBe(null);
    await s.cell("html").getByRole("button", { name: "Trust this notebook" }).click();
    await frame.getByText("RAN null").waitFor();
    // The browser notes what the page did not let happen, and a picture that is not there.
    d.person.expected(/t\.example/, /ERR_/, /inline event handler/, /files\/x/);
    expect(await d.page.title()).not.toMatch(/^[123]$/);
    await d.person.accessible();
    await d.person.fitsOnPhone();
  });

  test("a file that is no notebook opens as text", async () => {
    await d.row("words.ipynb").click();
    await d.shows("this is no notebook");
  });
});

describe("running", () => {
  let d: Desk;
  let s: Sheet;
  test("begins with a notebook that is open", async () => {
    const admin = await journey.admin();
    const project = await makeProject(admin, "Runs", {
      "run.ipynb": notebook([
        { id: "a", source: "x = 20\nprint('hello', x + 1)" },
        { id: "b", source: "import time\nfor i in range(100):\n    print('step', i)\n    time.sleep(0.1)" },
        { id: "c", source: "name = input('Who? ')\nprint('hi', name)" },
        { id: "d", source: "1/0" },
        {
          id: "e",
          source:
            "from IPython.display import HTML\nHTML('<b>bold</b><script>document.body.append(\"RAN\")</script>')",
        },
        { id: "f", source: "xylo = 3\nxyl" },
        { id: "g", source: "import no_such_package" },
        { id: "w", source: slider },
        { id: "x", source: "print('the slider says', heard)" },
      ]),
    });
    d = new Desk(admin, project);
    s = new Sheet(d);
    await d.open();
    await s.open("run.ipynb");
  });
  afterAll(() => journey.over());

  test("a cell runs, and the kernel says what it does", async () => {
    await s.choose("a");
    await s.press("Shift+Enter");
    await s.shows("a", "hello 21");
    await s.kernel(/Python 3.*Idle/);
    await s.shows("a", /\[1\]/);
  });

  test("the output goes on while nobody looks", async () => {
    await s.choose("b");
    await s.press("Control+Enter");
    await s.shows("b", "step 1");
    await s.kernel(/Busy/);
    await d.page.goto("about:blank");
    await d.open();
    await d.page.locator("[data-cell]").first().waitFor();
    await s.shows("b", "step 99");
    await s.kernel(/Idle/);
  });

  test("it is interrupted", async () => {
    await s.choose("b");
    await s.press("Control+Enter");
    await s.kernel(/Busy/);
    await s.choose("b");
    await s.press("i", "i");
    await s.shows("b", "KeyboardInterrupt");
    await s.kernel(/Idle/);
  });

  test("a program asks for a line", async () => {
    await s.choose("c");
    await s.press("Control+Enter");
    const field = s.cell("c").getByRole("textbox", { name: "Who?" });
    await field.fill("Ada");
    await field.press("Enter");
    await s.shows("c", "hi Ada");
  });

  test("an error is folded to the line that matters", async () => {
    await s.choose("d");
    await s.press("Control+Enter");
    await s.shows("d", /ZeroDivisionError: division by zero/);
    await s.shows("d", /line 1\s+1\/0/);
    await s.cell("d").getByRole("button", { name: "Show the traceback" }).click();
    await s.shows("d", "Traceback");
    await s.choose("g");
    await s.press("Control+Enter");
    // Where this machine's Python takes packages from, and so how, is its own.
    await s
      .cell("g")
      .getByText(/pip install .*no.such.package/)
      .waitFor();
  });

  test("scripts that this site's kernel made run, in the sandbox", async () => {
    await s.choose("e");
    await s.press("Control+Enter");
    await s.cell("e").frameLocator("iframe").getByText("RAN").waitFor();
  });

  test("the kernel completes and explains", async () => {
    await s.choose("f");
    await s.press("Control+Enter");
    await s.shows("f", /NameError/);
    await s.press("Enter", "Control+End", "Tab");
    await expect.poll(async () => (await s.texts())[5]).toBe("xylo = 3\nxylo");
    await s.press("Home");
    await s.type("print(");
    await s.press("Shift+Tab");
    await d.page
      .locator(".cm-kernel-tip")
      .getByText(/Prints the values|end=/)
      .waitFor();
    await s.press("Escape", "Escape");
  });

  test("widgets talk with the kernel", async () => {
    await s.choose("w");
    await s.press("Control+Enter");
    const slider = s.cell("w").frameLocator("iframe").getByRole("slider");
    await slider.waitFor();
    await slider.press("ArrowRight");
    await s.choose("x");
    await s.press("Control+Enter");
    await s.shows("x", "the slider says 4");
  });

  test("a restart loses the variables and keeps the outputs", async () => {
    await s.choose("a");
    await s.press("0", "0");
    await d.page.getByRole("alertdialog").getByRole("button", { name: "Restart" }).click();
    await d.page.getByRole("alertdialog").waitFor({ state: "detached" });
    await s.kernel(/Idle/);
    await s.shows("a", "hello 21");
    await s.choose("a");
    await s.press("Shift+Enter");
    await s.shows("a", /\[1\]/);
  });

  test("the kernel is in the panel, and is shut down from there", async () => {
    await d.page.getByRole("button", { name: "Kernels" }).click();
    const row = d.page.getByRole("listitem").filter({ hasText: "run.ipynb" });
    await row.getByText(/MB/).waitFor();
    await d.person.accessible();
    await row.getByRole("button", { name: /Shut .* down/ }).click();
    await d.page.getByRole("alertdialog").getByRole("button", { name: "Shut down" }).click();
    await s.kernel(/No kernel|Dead/);
  });
});

describe("together", () => {
  afterAll(() => journey.over());

  test("two people see one notebook, and a viewer only looks", async () => {
    const admin = await journey.admin();
    const project = await makeProject(admin, "Together", {
      "both.ipynb": notebook([
        { id: "a", source: "1 + 1" },
        { id: "b", source: "b" },
      ]),
    });
    const ada = await journey.colleague("Ada", "ada-nb@example.org");
    const grace = await journey.colleague("Grace", "grace-nb@example.org");
    await addMember(admin, project, ada, "editor");
    await addMember(admin, project, grace, "viewer");
    const desks = [admin, ada, grace].map((p) => new Desk(p, project));
    const [mine, hers, looks] = desks.map((d) => new Sheet(d)) as [Sheet, Sheet, Sheet];
    for (const sheet of [mine, hers, looks]) {
      await sheet.desk.open();
      await sheet.open("both.ipynb");
    }
    await hers.choose("b");
    await hers.press("Enter", "End");
    await hers.type(" = 5");
    await expect.poll(() => mine.texts()).toEqual(["1 + 1", "b = 5"]);
    await mine.cell("b").locator('[title="Ada is in this cell"]').waitFor();
    await mine.choose("a");
    await mine.press("Shift+Enter");
    await hers.shows("a", /\[1\].*2/);
    await looks.shows("a", /\[1\].*2/);
    // Each takes back their own.
    await mine.choose("a");
    await mine.press("b");
    await expect.poll(async () => (await hers.cells()).length).toBe(3);
    await hers.press("Control+z");
    await expect.poll(() => mine.texts()).toEqual(["1 + 1", "", "b"]);
    await mine.press("z");
    await expect.poll(() => hers.texts()).toEqual(["1 + 1", "b"]);
    // A viewer has no way to run or to write.
    expect(await looks.desk.page.getByRole("button", { name: /Run/ }).count()).toBe(0);
    await looks.choose("b");
    await looks.press("d", "d", "b");
    expect(await looks.cells()).toEqual(["a", "b"]);
    looks.desk.person.expected(...broken);
  });
});
