// What a notebook shows: plots, documents, sound and formulas of its file, pictures that
// are put into it, cells that are dragged; and a long one, of which little is drawn.
import type { FrameLocator, Locator } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { pdf, png, wav } from "./samples.ts";
import { notebook, Sheet } from "./sheet.ts";
import { shots } from "./shots.ts";

const journey = new Journey();

/** A cell whose output has data of some types. */
function shows(id: string, data: Record<string, unknown>) {
  const outputs = [{ output_type: "display_data", metadata: {}, data }];
  return { id, source: `${id}()`, outputs };
}

const values = [3, 1, 4, 1, 5].map((b, a) => ({ a, b }));
const plots = notebook([
  shows("vegalite", {
    "application/vnd.vegalite.v5+json": {
      data: { values },
      mark: "bar",
      encoding: { x: { field: "a", type: "ordinal" }, y: { field: "b", type: "quantitative" } },
    },
  }),
  shows("plotly", {
    "application/vnd.plotly.v1+json": {
      data: [{ type: "scatter", x: [1, 2, 3], y: [2, 1, 3] }],
      layout: {
        title: { text: "Three points" },
        template: { layout: { paper_bgcolor: "white", plot_bgcolor: "#E5ECF6" } },
      },
    },
  }),
  shows("chosen", {
    "application/vnd.plotly.v1+json": {
      data: [{ type: "bar", x: ["a"], y: [1] }],
      layout: { paper_bgcolor: "rgb(250, 240, 230)" },
    },
  }),
]);
const documents = notebook([
  shows("latex", { "text/latex": "$$\\int_0^1 x^2\\,dx = \\frac{1}{3}$$" }),
  shows("svg", {
    "image/svg+xml":
      '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40"/></svg>',
  }),
  shows("pdf", { "application/pdf": pdf(3).toString("base64") }),
  shows("sound", { "audio/wav": wav().toString("base64") }),
  shows("film", { "video/webm": "GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibQ==" }),
  shows("tree", { "application/json": { deep: { er: [1, 2, 3] } } }),
]);
const cells = notebook([
  { id: "one", source: "1" },
  { id: "two", source: "2" },
  { id: "three", source: "3" },
  { id: "note", type: "markdown", source: "A note" },
]);

/** A notebook of many cells, each with its output: pictures, tables, text. */
function long(n: number): string {
  const picture = png(120, 90, undefined, (x, y) => (x * y) % 256).toString("base64");
  const table = `<table>${"<tr><td>1</td><td>2</td></tr>".repeat(60)}</table>`;
  const text = Array.from({ length: 300 }, (_, i) => `epoch ${i} loss ${1 / (i + 1)}\n`).join("");
  const kinds = [{ "image/png": picture }, { "text/html": table }, { "text/plain": text }];
  return notebook(
    Array.from({ length: n }, (_, i) =>
      i % 4 === 3
        ? { id: `c${i}`, type: "markdown" as const, source: `## Part ${i}\n\nso $x_${i}$` }
        : { ...shows(`c${i}`, kinds[i % 4] ?? {}), source: `x = ${i}\n`.repeat(8) },
    ),
  );
}

/** Counts what is drawn from now on: cells in the fullest frame and in all, editors, frames of outputs, formulas. */
async function count(d: Desk): Promise<void> {
  await d.page.evaluate(() => {
    const drawn = { cells: 0, most: 0, first: 0, editors: 0, frames: 0, prose: 0 };
    let now = 0;
    const seen = new WeakSet<Element>();
    const added = (list: MutationRecord[]) => {
      for (const node of list.flatMap((m) => [...m.addedNodes])) {
        if (!(node instanceof HTMLElement)) continue;
        // What was put into something that is new itself is found twice.
        const of = (what: string) => {
          const all = [node, ...node.querySelectorAll(what)].filter((e) => e.matches(what) && !seen.has(e));
          for (const e of all) seen.add(e);
          return all.length;
        };
        const cells = of("[data-cell]");
        now += cells;
        drawn.cells += cells;
        drawn.editors += of(".cm-editor");
        drawn.frames += of("iframe");
        drawn.prose += of(".katex");
      }
      drawn.first ||= now;
      drawn.most = Math.max(drawn.most, now);
    };
    new MutationObserver(added).observe(document.body, { childList: true, subtree: true });
    const frame = () => {
      now = 0;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(window, { drawn });
  });
}

type Drawn = { cells: number; most: number; first: number; editors: number; frames: number; prose: number };
const counted = (d: Desk) => d.page.evaluate(() => Reflect.get(window, "drawn") as Drawn);

describe("what a notebook shows", () => {
  let d: Desk;
  let s: Sheet;
  const frame = (id: string): FrameLocator => s.cell(id).frameLocator("iframe");
  test("begins with notebooks that have outputs", async () => {
    const admin = await journey.admin();
    const project = await makeProject(admin, "Shows", {
      "cells.ipynb": cells,
      "documents.ipynb": documents,
      "long.ipynb": long(400),
      "plots.ipynb": plots,
    });
    d = new Desk(admin, project);
    s = new Sheet(d);
    await d.open();
  });
  afterAll(() => journey.over());

  test("a long one draws what is seen, and the rest by and by", async () => {
    await count(d);
    await s.open("long.ipynb");
    await s.cell("c0").locator(".cm-editor").waitFor();
    await s.cell("c0").locator("img").waitFor();
    await s.cell("c3").locator(".katex").first().waitFor();
    await s.cell("c399").waitFor({ state: "attached" });
    const drawn = await counted(d);
    expect(drawn.cells).toBe(400);
    expect(drawn.first).toBeLessThanOrEqual(16);
    expect(drawn.most).toBeLessThanOrEqual(16);
    // Those of a screen and of what lies 1,200 pixels beyond it.
    expect(drawn.editors).toBeLessThanOrEqual(16);
    expect(drawn.frames).toBeLessThanOrEqual(6);
    expect(drawn.prose).toBeLessThanOrEqual(20);
    // What is far is reached at once by its key, and is drawn then.
    await s.choose("c399");
    await s.cell("c399").locator(".katex").first().waitFor();
    await expect.poll(async () => (await counted(d)).editors).toBeLessThanOrEqual(40);
  });

  test("Vega-Lite and Plotly draw in the colours of the theme", async () => {
    await s.open("plots.ipynb");
    await frame("vegalite").locator("canvas, svg").first().waitFor();
    const ground = (id: string) =>
      frame(id)
        .locator(".main-svg")
        .first()
        .evaluate((e) => getComputedStyle(e).backgroundColor);
    const title = () =>
      frame("plotly")
        .locator(".gtitle")
        .evaluate((e) => getComputedStyle(e).fill);
    await frame("plotly").getByText("Three points").waitFor();
    expect(await ground("plotly")).toBe("rgba(0, 0, 0, 0)");
    await expect
      .poll(async () => (await s.cell("plotly").locator("iframe").boundingBox())?.height)
      .toBeGreaterThan(400);
    const light = await title();
    await d.page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(title).not.toBe(light);
    expect(await ground("plotly")).toBe("rgba(0, 0, 0, 0)");
    await s.choose("chosen");
    await expect.poll(() => ground("chosen")).toBe("rgb(250, 240, 230)");
    await d.page.emulateMedia({ colorScheme: "light" });
    await expect.poll(title).toBe(light);
    await shots(d, "plots");
  });

  test("formulas, drawings, documents and sound are in the page", async () => {
    await s.open("documents.ipynb");
    await s.cell("latex").locator(".katex").first().waitFor();
    await s.cell("svg").locator("img").waitFor();
    await s.choose("pdf");
    const pages = s.cell("pdf").getByRole("document", { name: "Pages of the PDF" });
    await pages.locator(".page canvas").first().waitFor();
    await s.cell("pdf").getByRole("link", { name: "Download the PDF" }).waitFor();
    await s.choose("sound");
    const seconds = () =>
      s
        .cell("sound")
        .locator("audio")
        .evaluate((a) => (a as HTMLAudioElement).duration);
    await expect.poll(seconds).toBeGreaterThan(0);
    await s.cell("film").locator("video").waitFor();
    await s.cell("tree").getByText("1 member").click();
    await s.cell("tree").getByText("deep").waitFor();
    await d.person.accessible();
    await shots(d, "documents");
  });

  test("a cell is dragged to another place", async () => {
    await s.open("cells.ipynb");
    await s.choose("three");
    await s.cell("three").hover();
    const grip = s.cell("three").getByTitle("Drag to move the cell");
    await grip.dragTo(s.cell("one"), { targetPosition: { x: 200, y: 2 } });
    await expect
      .poll(() => s.cells().then((all) => all.filter((c) => /one|two|three/.test(c ?? ""))))
      .toEqual(["three", "one", "two"]);
    await s.press("z");
    await expect.poll(() => s.texts()).toEqual(["1", "2", "3", ""]);
  });

  test("pictures that are pasted or dropped into a text are in the notebook", async () => {
    const bytes = [...png(4, 3)];
    const give = (to: Locator, kind: "paste" | "drop", name: string) =>
      to.evaluate(
        (el, { bytes, kind, name }) => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
          const init = { bubbles: true, cancelable: true };
          el.dispatchEvent(
            kind === "paste"
              ? new ClipboardEvent("paste", { ...init, clipboardData: data })
              : new DragEvent("drop", { ...init, dataTransfer: data }),
          );
        },
        { bytes, kind, name },
      );
    const note = () => JSON.parse(d.read("cells.ipynb")).cells[3];
    await s.choose("note");
    await give(s.cell("note"), "paste", "sea.png");
    await s.cell("note").locator("img").waitFor();
    await give(s.cell("note"), "drop", "sea.png");
    await expect.poll(() => s.cell("note").locator("img").count()).toBe(2);
    await expect.poll(() => Object.keys(note().attachments ?? {}).sort()).toEqual(["sea-2.png", "sea.png"]);
    expect([note().source].flat().join("")).toContain("![sea-2.png](attachment:sea-2.png)");
    const width = () =>
      s
        .cell("note")
        .locator("img")
        .last()
        .evaluate((i) => (i as HTMLImageElement).naturalWidth);
    await expect.poll(width).toBe(4);
  });
});
