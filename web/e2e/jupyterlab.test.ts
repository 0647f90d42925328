// JupyterLab's own front end, unmodified, with a project's API as its server.
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { Lab } from "./lab.ts";
import { notebook, Sheet } from "./sheet.ts";

const journey = new Journey();
let lab: Lab | undefined;
afterAll(() => lab?.close());

test("JupyterLab runs a cell and saves, beside somebody on our page", async () => {
  const ada = await journey.admin();
  const project = await makeProject(ada, "Lab", {
    "sums.ipynb": notebook([
      { id: "one", source: "6 * 7" },
      { id: "two", source: "'second'" },
    ]),
  });
  const desk = new Desk(ada, project);
  await desk.open();
  const sheet = new Sheet(desk);
  await sheet.open("sums.ipynb");

  lab = new Lab(ada.site.url, project);
  const page = await ada.context.newPage();
  await page.goto(await lab.start());
  await page.locator(".jp-DirListing-item", { hasText: "sums.ipynb" }).dblclick({ timeout: 60_000 });
  const cells = page.locator(".jp-Notebook .jp-CodeCell");
  await cells.nth(1).waitFor({ timeout: 30_000 });
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor({ timeout: 40_000 });

  // It runs with our kernel.
  await cells.first().locator(".cm-content").click();
  await page.keyboard.press("Shift+Enter");
  await expect
    .poll(() => cells.first().locator(".jp-OutputArea-output").allTextContents(), { timeout: 40_000 })
    .toEqual(["42"]);

  // Meanwhile somebody edits the second cell on our page.
  await sheet.cell("two").locator(".cm-content").click();
  await desk.page.keyboard.press("End");
  await desk.page.keyboard.type(" + ' place'");
  await desk.saved();

  // It changes the first one and saves: both edits are there.
  await cells.first().locator(".cm-content").click();
  await page.keyboard.press("End");
  await page.keyboard.type(" + 1");
  await page.keyboard.press("Control+s");
  // JupyterLab sees that the file is newer, and asks; what it overwrites is its own part.
  await page.getByRole("button", { name: "Overwrite" }).click({ timeout: 30_000 });
  await expect
    .poll(() => readFileSync(desk.path("sums.ipynb"), "utf8"), { timeout: 20_000 })
    .toMatch(/6 \* 7 \+ 1[\s\S]*'second' \+ ' place'/);
  await sheet.shows("one", /6 \* 7 \+ 1[\s\S]*42/);

  // Of what it asked, only the language servers, which are an extension, are not there.
  expect(new Set(lab.refused)).toEqual(new Set([`GET /p/${project}/jupyter/lsp/status 404`]));
}, 180_000);
