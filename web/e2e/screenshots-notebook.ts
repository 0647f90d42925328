// Pictures of the notebook page: idle, with outputs, an error, widgets, a dead kernel,
// while it opens; in both themes and three widths, into ../screenshots.
import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { notebook, Sheet } from "./sheet.ts";

const folder = join(import.meta.dirname, "..", "..", "screenshots");
const sizes = { wide: [1440, 900], tablet: [1024, 768], phone: [390, 844] } as const;

const head = {
  id: "head",
  type: "markdown" as const,
  source:
    "# The power of a tide\n\nA stream of speed $v$ through a channel of width $b$ and depth $h$ carries\n\n$$P = \\tfrac{1}{2}\\,\\varrho\\,b\\,h\\,v^3$$",
};
const model = {
  id: "model",
  source:
    'import math\n\nWATER = 1025.0  # kg/m³\n\ndef power(speed, width=800, depth=30):\n    """Watts, for a speed in m/s."""\n    return 0.5 * WATER * width * depth * abs(speed) ** 3',
};
const mean = {
  id: "mean",
  source:
    "speeds = [2.4 * math.sin(2 * math.pi * h / 12.42) for h in range(25)]\nprint(f'mean: {sum(map(power, speeds)) / len(speeds) / 1e6:.0f} MW')\nmax(speeds)",
};
const table = {
  id: "table",
  source:
    "from IPython.display import HTML\nrows = ''.join(f'<tr><th>{h}</th><td>{v:.2f}</td><td>{power(v) / 1e6:.1f}</td></tr>' for h, v in enumerate(speeds[:6]))\nHTML(f'<table class=dataframe><thead><tr><th>hour</th><th>m/s</th><th>MW</th></tr></thead><tbody>{rows}</tbody></table>')",
};
const wrong = { id: "wrong", source: "width = 0\nmean = power(2.4) / width" };
const slider = {
  id: "slider",
  source:
    "import sys; sys.path.insert(0, 'packages')\nfrom ipywidgets import interact\n@interact(speed=(0.0, 4.0), width=(100, 1200), site=['Pentland', 'Alderney'])\ndef show(speed=2.4, width=800, site='Pentland'):\n    print(f'{site}: {power(speed, width) / 1e6:.0f} MW')",
};
const plot = {
  id: "plot",
  source:
    "display({'application/vnd.vegalite.v5+json': {'width': 420, 'height': 200, 'data': {'values': [{'hour': h, 'speed': v} for h, v in enumerate(speeds)]}, 'mark': 'line', 'encoding': {'x': {'field': 'hour', 'type': 'quantitative'}, 'y': {'field': 'speed', 'type': 'quantitative'}}}}, raw=True)",
};
const die = { id: "die", source: "import os\nos.kill(os.getpid(), 9)" };

const journey = new Journey();
afterAll(() => journey.over());

test("a notebook has its pictures", async () => {
  mkdirSync(folder, { recursive: true });
  const ada = await journey.admin();
  const id = await makeProject(ada, "Tidal energy model", {
    "dead.ipynb": notebook([head, model, die]),
    "empty.ipynb": notebook([{ id: "one", source: "" }]),
    "error.ipynb": notebook([model, wrong]),
    "idle.ipynb": notebook([head, model, mean]),
    "outputs.ipynb": notebook([head, model, mean, table, plot]),
    "widgets.ipynb": notebook([model, slider]),
  });
  const d = new Desk(ada, id);
  const s = new Sheet(d);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "lyceum");
  const packages = join(process.env.LYCEUM_CACHE || cache, "widgets");
  if (!existsSync(packages)) throw new Error("ipywidgets are not installed: run tools/test-kernels");
  for (const name of readdirSync(packages))
    if (name !== "bin") cpSync(join(packages, name), d.path(`packages/${name}`), { recursive: true });
  const shoot = async (name: string) => {
    for (const [size, [width, height]] of Object.entries(sizes)) {
      await ada.page.setViewportSize({ width, height });
      await ada.page.waitForTimeout(700); // plots follow the width
      for (const colorScheme of ["light", "dark"] as const) {
        await ada.page.emulateMedia({ colorScheme });
        await ada.page.waitForTimeout(400);
        await ada.page.screenshot({ path: join(folder, `notebook-${name}-${size}-${colorScheme}.png`) });
      }
    }
    await ada.page.emulateMedia({ colorScheme: "light" });
    await ada.page.setViewportSize({ width: 1440, height: 900 });
  };
  const all = async () => {
    await d.page.getByRole("button", { name: "Run all cells" }).click();
    await s.kernel(/Busy|Idle|Dead/);
  };
  await d.open();
  await s.open("idle.ipynb");
  await shoot("idle");
  await s.open("empty.ipynb");
  await shoot("empty");
  await s.open("outputs.ipynb");
  await all();
  await s.cell("plot").frameLocator("iframe").locator("canvas, svg").first().waitFor();
  await s.kernel(/Idle/);
  await s.choose("mean");
  await shoot("outputs");
  await s.open("error.ipynb");
  await all();
  await s.shows("wrong", "ZeroDivisionError");
  await shoot("error");
  await s.open("widgets.ipynb");
  await all();
  await s.cell("slider").frameLocator("iframe").getByText(/MW/).waitFor();
  await shoot("widgets");
  await s.open("dead.ipynb");
  await all();
  await s.kernel(/Dead/);
  await shoot("dead");
  // While it opens: the project does not answer.
  await ada.page.route(/\/sync\//, () => {});
  await ada.page.routeWebSocket(/\/sync\//, () => {});
  await d.page.reload();
  await d.page.getByText(/Opening .*ipynb/).waitFor();
  await shoot("opening");
});
