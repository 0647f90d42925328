// Pictures of what is done with files: the explorer, search, Git, previews, uploads
// and limits, in both themes and three widths, into ../screenshots.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { avif, pdf, png, wav } from "./samples.ts";

const folder = join(import.meta.dirname, "..", "..", "screenshots");
const sizes = { wide: [1440, 900], tablet: [1024, 768], phone: [390, 844] } as const;

const wave = (x: number, y: number) => 128 + 90 * Math.sin(x / 23 + Math.sin(y / 31) * 2) * Math.cos(y / 47);
const stations = Array.from(
  { length: 2400 },
  (_, i) =>
    `Station ${i + 1},${(58.7 + Math.sin(i) / 9).toFixed(4)},${(-3.1 + Math.cos(i) / 7).toFixed(4)},${(i * 37) % 90},${i % 5 === 0 ? "" : `2026-0${(i % 9) + 1}-14`}`,
);
const model = {
  name: "Tidal energy model",
  site: { strait: "Pentland Firth", width: 800, depth: 30.5, open: true, note: null },
  turbines: [1, 2, 3].map((n) => ({ id: `T${n}`, power: n * 1.2e6, blades: 3 })),
  speeds: Array.from({ length: 240 }, (_, i) => i / 10),
};
const log = Array.from(
  { length: 160_000 },
  (_, i) =>
    `2026-11-26 12:${String(i % 60).padStart(2, "0")}:00 buoy ${i % 12} height ${(i * 7) % 310} cm, wind ${i % 19} m/s`,
);
const tides = `"""How much power the strait carries."""

COLOUR = "teal"  # the colour of the curve


def power(speed, width=800, depth=30):
    """Watts, for a speed in m/s."""
    return 0.5 * 1025 * width * depth * speed**3


print(f"{power(2.4) / 1e6:.0f} MW, drawn in the colour {COLOUR}")
`;
const files: Record<string, string | Buffer> = {
  "data/2025.csv": "hour,height\n0,1.2\n",
  "data/2026.csv": "hour,height\n0,1.4\n",
  "data/raw.bin": Buffer.alloc(9_000_000, 7),
  "figures/a rather long name of a figure that the side cannot show as a whole.svg": "<svg/>",
  "figures/strait.png": png(300, 200, undefined, wave),
  "notes/ideas.md": "# Ideas\n\nThe colour of the sea, and another Colour.\n",
  "old/data/2025.csv": "hour,height\n0,0\n",
  "old/tides.py": "pass\n",
  "buoy.bin": Buffer.from(Uint8Array.from({ length: 70_000 }, (_, i) => (i * i) % 251)),
  "damaged.avif": avif.subarray(0, 210),
  "locked.pdf": pdf(2, { password: "sesame" }),
  "model.json": JSON.stringify(model),
  "mosaic.png": png(1, 1, { width: 100_000, height: 100_000 }),
  "tide tables.pdf": pdf(12, {
    chapters: [
      { title: "Spring tides", page: 2 },
      { title: "At the equinox", page: 6, deep: true },
      { title: "At the solstice", page: 7, deep: true },
      { title: "Neap tides", page: 9 },
    ],
  }),
  "paper.pdf": pdf(12),
  "stations.csv": `place,latitude,longitude,depth,since\n${stations.join("\n")}\n`,
  "station.log": `${log.join("\n")}\n`,
  "strait.png": png(900, 560, undefined, wave),
  "tides.py": tides,
  "tone.wav": wav(),
};

/** A repository with a history, what is staged, changed, unknown; and one that stands in a conflict. */
const script = `set -e
git config --global user.name "Ada Lovelace"; git config --global user.email ada@example.org
git config --global init.defaultBranch main
git init -q; printf '__pycache__/\\n' > .gitignore
say() { git commit -q --author "$1" -m "$2"; }
git add .gitignore README.md; say "Ada Lovelace <ada@example.org>" "Begin"
git add model; say "Ada Lovelace <ada@example.org>" "Model the power of a channel"
git add data; say "Grace Hopper <grace@example.org>" "Add the stations that were read in spring"
git checkout -q -b friction; sed -i 's/depth=30/depth=32.5/' model/power.py; git commit -qam "Take the depth of the new chart"
git checkout -q main
if [ "$1" = conflict ]; then
  sed -i 's/depth=30/depth=28/' model/power.py; git commit -qam "Use the mean depth"; git merge friction || true
else
  git merge -q --no-ff -m "Merge friction" friction
  sed -i 's/1025/DENSITY/; s/^$/DENSITY = 1027  # kg\\/m³, in winter\\n/' model/power.py
  git add model/power.py; sed -i 's/Watts/The power in watts/' model/power.py
  git mv data/stations.csv data/spring.csv; git rm -q --cached README.md; git add README.md
  echo 'Read it first.' >> README.md; echo draft > draft.md
fi
echo made-$((40+2))
`;
const repository = {
  "README.md": "# Tidal energy model\n\nHow much power runs through the strait.\n",
  "data/stations.csv": "name,lat,lon\nPentland,58.7,-3.1\n",
  "model/power.py": `def power(speed, width=800, depth=30):
    """Watts, for a speed in m/s."""

    area = width * depth
    return 0.5 * 1025 * area * speed**3
`,
  ".make.sh": script,
};

const journey = new Journey();
const dir = mkdtempSync(join(tmpdir(), "pictures-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Shows something; the picture is taken when it returns. A function that it returns tidies up. */
type Scene = (d: Desk) => Promise<unknown>;

/** Shows a part of the side. */
async function side(d: Desk, name: string) {
  const part = d.page.getByRole("button", { name, exact: true });
  if ((await part.getAttribute("aria-pressed")) === "true") return;
  await part.click();
}

/** Closes the sheet that the side is on a phone. */
async function cover(d: Desk) {
  if ((d.page.viewportSize()?.width ?? 0) > 500) return;
  const shown = d.page
    .getByRole("navigation", { name: "Parts of the project" })
    .locator('[aria-pressed="true"]');
  if ((await shown.count()) > 0) await shown.click();
}

/** The row of a path. */
const row = (d: Desk, path: string) => d.page.getByRole("tree").locator(`[data-path="${path}"]`);

const item = (d: Desk, name: string) =>
  d.page.getByRole("menuitem").filter({ has: d.page.getByText(name, { exact: true }) });

/** Opens a file of the top. */
function look(name: string, ready: (d: Desk) => Promise<unknown>): Scene {
  return async (d) => {
    await side(d, "Files");
    await row(d, name).click();
    await ready(d);
  };
}

async function selectThree(d: Desk) {
  await side(d, "Files");
  await row(d, "data").click({ modifiers: ["Control"] });
  await row(d, "stations.csv").click({ modifiers: ["Control"] });
  await row(d, "tides.py").click({ modifiers: ["Control"] });
}

const scenes: Record<string, Scene> = {
  "preview-picture": look("strait.png", (d) => d.page.getByText("900 × 560").waitFor()),
  "preview-pdf": look("paper.pdf", (d) => d.page.getByText("This is page 1 of").waitFor()),
  "preview-table": look("stations.csv", async (d) => {
    await d.page.getByRole("gridcell", { name: "Station 3", exact: true }).click();
    await d.page.getByText("2,400 rows").waitFor();
  }),
  "preview-json": look("model.json", async (d) => {
    const tree = d.page.getByRole("tree", { name: /JSON of/ });
    await tree.getByText("turbines").waitFor();
    await tree.focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) await d.page.keyboard.press(key);
  }),
  "preview-bytes": look("buoy.bin", (d) => d.page.getByText("Not text").waitFor()),
  "preview-lines": look("station.log", (d) => d.page.getByText("buoy 3 height").first().waitFor()),
  "preview-archive": look("bundle.tgz", (d) =>
    d.page.getByRole("region", { name: "Content of the archive" }).getByText("notes/ideas.md").waitFor(),
  ),
  "preview-media": look("tone.wav", (d) => d.page.locator("audio").waitFor()),
  text: look("tides.py", (d) => d.shows("COLOUR")),
  "explorer-columns": async (d) => {
    await selectThree(d);
    const edge = d.page.getByRole("separator").first();
    if (!(await edge.isVisible())) return undefined;
    await edge.focus();
    for (let i = 0; i < 14; i++) await d.page.keyboard.press("ArrowRight");
    return async () => {
      await edge.focus();
      for (let i = 0; i < 14; i++) await d.page.keyboard.press("ArrowLeft");
    };
  },
  "explorer-selected": async (d) => {
    await selectThree(d);
    await d.page.keyboard.press("Escape");
    await selectThree(d);
  },
  "explorer-menu": async (d) => {
    await side(d, "Files");
    await row(d, "notes").click({ button: "right" });
    await item(d, "Rename").waitFor();
    return () => d.page.keyboard.press("Escape");
  },
  "explorer-rename": async (d) => {
    await side(d, "Files");
    await row(d, "notes").click({ button: "right" });
    await item(d, "Rename").click();
    await d.page.getByLabel("New name").fill("old");
    await d.page.getByText("There is a “old” here already.").waitFor();
    return () => d.page.keyboard.press("Escape");
  },
  "explorer-undo": async (d) => {
    await side(d, "Files");
    await row(d, "figures").click({ button: "right" });
    await item(d, "Move to the trash").click();
    await d.page.getByText("Moved “figures” to the trash.").last().waitFor();
  },
  trash: async (d) => {
    await side(d, "Files");
    await d.page.getByRole("button", { name: "More for files" }).click();
    await item(d, "Trash").click();
    const dialog = d.page.getByRole("dialog", { name: "Trash" });
    await dialog.getByText("figures").first().waitFor();
    return async () => {
      await dialog
        .getByRole("button", { name: /^Restore figures/ })
        .first()
        .click();
      await d.page.keyboard.press("Escape");
      await row(d, "figures").waitFor();
    };
  },
  conflict: async (d) => {
    await side(d, "Files");
    await row(d, "data").click({ modifiers: ["Control"] });
    await d.page.keyboard.press("Escape");
    await row(d, "data").click({ button: "right" });
    await item(d, "Copy").click();
    await row(d, "old").click({ button: "right" });
    await item(d, "Paste").click();
    await d.page.getByRole("dialog", { name: /is in old already/ }).waitFor();
    return () => d.page.keyboard.press("Escape");
  },
  search: async (d) => {
    await side(d, "Search");
    await d.page.getByRole("textbox", { name: "Search for" }).fill("colour");
    await d.page.getByText(/matches in \d files/).waitFor();
  },
  "search-replace": async (d) => {
    await side(d, "Search");
    await d.page.getByRole("button", { name: "Replace", exact: true }).click();
    await d.page.getByRole("textbox", { name: "Replace by" }).fill("color");
    await d.page.getByRole("treeitem", { level: 2 }).first().getByText("color", { exact: true }).waitFor();
    return () => d.page.getByRole("button", { name: "Replace", exact: true }).click();
  },
  "disk-use": async (d) => {
    await cover(d);
    await d.page.keyboard.press("Control+k");
    await d.page.keyboard.type("takes the space");
    await d.page.keyboard.press("Enter");
    await d.page.getByRole("list", { name: "The largest things in it" }).getByText("data/").waitFor();
  },
  "pdf-outline": look("tide tables.pdf", async (d) => {
    await d.page.getByRole("button", { name: "Outline" }).click();
    await d.page.getByRole("button", { name: "At the equinox" }).click();
    await d.page.getByText("This is page 6 of the tides").waitFor();
  }),
  "pdf-locked": look("locked.pdf", async (d) => {
    await d.page.getByLabel("Its password").fill("wrong");
    await d.page.keyboard.press("Enter");
    await d.page.getByText("This is not its password.").waitFor();
  }),
  "picture-refused": look("mosaic.png", (d) => d.page.getByText("too many to be shown here").waitFor()),
  "picture-damaged": look("damaged.avif", (d) =>
    d.page.getByText("This browser cannot show the picture").waitFor(),
  ),
  upload: async (d) => {
    const cdp = await d.page.context().newCDPSession(d.page);
    const net = { offline: false, latency: 5, downloadThroughput: -1 };
    await side(d, "Files");
    await cdp.send("Network.emulateNetworkConditions", { ...net, uploadThroughput: 2_000_000 });
    const paths = ["survey.bin", "readings.bin"].map((name) => join(dir, name));
    for (const path of paths) {
      writeFileSync(path, "begin");
      truncateSync(path, 5_000_000);
    }
    await d.page.getByLabel("Files to upload").setInputFiles(paths);
    await d.page
      .getByRole("region", { name: "Activity" })
      .getByText(/^[1-9]\d* %$/)
      .first()
      .waitFor();
    return async () => {
      await cdp.send("Network.emulateNetworkConditions", { ...net, uploadThroughput: -1 });
      await cdp.detach();
      const panel = d.page.getByRole("region", { name: "Activity" });
      await panel.getByText("2 files uploaded").first().waitFor({ timeout: 15_000 });
      await panel.getByRole("button", { name: "Close" }).click();
      for (const path of ["survey.bin", "readings.bin"]) {
        const url = new URL(`p/${d.project}/files/${path}`, d.person.site.url);
        await d.person.context.request.delete(url.href, { headers: { Origin: url.origin } });
      }
    };
  },
  stopped: async (d) => {
    await cover(d);
    await d.page.keyboard.press("Control+`");
    await d.prints(/\$ ?$/m);
    await d.terminal.click({ force: true });
    await d.page.keyboard.type("clear; python3 -c 'b = bytearray(10**9)'\n");
    await d.page.getByRole("button", { name: "Understood" }).waitFor();
    await d.page.keyboard.type("sleep 4711\n");
    await side(d, "Running things");
    await d.page.getByRole("button", { name: "End sleep 4711" }).waitFor();
    return async () => {
      await d.page.getByRole("button", { name: "End sleep 4711" }).click();
      await cover(d);
      await d.page.getByRole("button", { name: "Understood" }).click();
    };
  },
};

const gitScenes: Record<string, Scene> = {
  git: async (d) => {
    await side(d, "Git");
    await d.page.getByRole("region", { name: "Staged" }).getByText("power.py").waitFor();
    await d.page.getByText("Merge friction").first().waitFor();
  },
  "git-diff": async (d) => {
    await side(d, "Git");
    await d.page
      .getByRole("region", { name: "Staged" })
      .getByRole("button", { name: /power.py/ })
      .first()
      .click();
    await d.page.getByRole("toolbar", { name: "Changes" }).getByText(/^1 of/).waitFor();
  },
};

const conflictScenes: Record<string, Scene> = {
  "git-merge": async (d) => {
    await side(d, "Git");
    await d.page
      .getByRole("region", { name: "In conflict" })
      .getByRole("button", { name: /power.py/ })
      .first()
      .click();
    await d.page.getByRole("toolbar", { name: "Merge" }).getByText("1 conflict left").waitFor();
  },
  "git-markers": async (d) => {
    await side(d, "Files");
    if (!(await row(d, "model/power.py").isVisible())) await row(d, "model").click();
    await row(d, "model/power.py").click();
    await d.page.getByRole("button", { name: "Accept both" }).last().waitFor();
  },
};

/** Takes the pictures of scenes; what goes wrong is told at the end, the others are taken all the same. */
async function take(d: Desk, size: string, list: Record<string, Scene>, wrong: string[]) {
  const only = process.env.LYCEUM_SCENES;
  for (const [name, show] of Object.entries(list)) {
    if (only !== undefined && !new RegExp(only).test(name)) continue;
    try {
      const after = await show(d);
      for (const colorScheme of ["light", "dark"] as const) {
        await d.page.emulateMedia({ colorScheme });
        await d.page.waitForTimeout(150);
        await d.page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
      }
      if (typeof after === "function") await after();
    } catch (e) {
      wrong.push(`${name} ${size}: ${String(e).slice(0, 400)}`);
      await d.page.screenshot({ path: join(folder, `wrong-${name}-${size}.png`) });
      await d.open();
    }
  }
}

test("what is done with files has its pictures", async () => {
  mkdirSync(folder, { recursive: true });
  const ada = await journey.admin();
  ada.context.setDefaultTimeout(8000);
  await ada.api("PATCH", "account", { name: "Ada Lovelace", colour: 9 });
  const desk = new Desk(ada, await makeProject(ada, "Tidal energy model", files));
  await ada.api("PUT", `admin/projects/${desk.project}/limits`, {
    memoryBytes: 300e6,
    processes: 300,
    cpu: 1000,
    diskBytes: 80e6,
  });
  const [clean, conflict] = [
    new Desk(ada, await makeProject(ada, "Paper", repository)),
    new Desk(ada, await makeProject(ada, "Two charts", repository)),
  ];
  const run = async (d: Desk, line: string) => {
    await d.open();
    await d.openTerminal();
    await ada.page.keyboard.type(`${line}\n`);
    await d.prints("made-42");
  };
  await run(clean, "clear; sh .make.sh; rm .make.sh");
  await run(conflict, "clear; sh .make.sh conflict; rm .make.sh");
  await run(desk, "clear; tar czf bundle.tgz notes data/2025.csv data/2026.csv old; echo made-$((40+2))");
  const wrong: string[] = [];
  for (const [size, [width, height]] of Object.entries(sizes)) {
    await ada.page.setViewportSize({ width, height });
    await desk.open();
    await take(desk, size, scenes, wrong);
    await clean.open();
    await take(clean, size, gitScenes, wrong);
    await conflict.open();
    await take(conflict, size, conflictScenes, wrong);
    for (const [name, path] of [
      ["limits-site", "admin/site"],
      ["limits-project", `projects/${desk.project}/settings`],
    ] as const) {
      const show: Scene = async (d) => {
        await d.person.open(path);
        const cores = d.page.getByRole("textbox", { name: "Processor cores", exact: true });
        await cores.waitFor();
        await cores.evaluate((e) => e.scrollIntoView({ block: "center" }));
      };
      await take(desk, size, { [name]: show }, wrong);
    }
  }
  expect(wrong).toEqual([]);
});
