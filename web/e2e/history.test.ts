// The history of a file: who, when and what, with nothing to switch on.
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey, type Person } from "./harness.ts";
import { shots } from "./shots.ts";

const model = "depth = 4.0\nlength = 100.0\n\nprint(depth, length)\n";

describe("the history of a file", () => {
  const journey = new Journey();
  afterEach(() => journey.over());
  let grace: Person;
  beforeAll(async () => {
    grace = await journey.colleague("Grace Hopper", "grace@example.org");
    await grace.context.close();
  }, 60_000);

  async function desk(files: Record<string, string> = { "model.py": model }) {
    const ada = await journey.admin();
    return new Desk(ada, await makeProject(ada, "Waves", files));
  }

  async function another(a: Desk, role: "editor" | "viewer"): Promise<Desk> {
    const other = await journey.person();
    await other.api("POST", "sessions", { email: "grace@example.org", password: "correct horse battery" });
    await addMember(a.person, a.project, other, role);
    return new Desk(other, a.project);
  }

  const tab = (d: Desk) => d.page.getByRole("toolbar", { name: "History" });
  const slider = (d: Desk) => d.page.getByRole("slider", { name: "Version" });
  const versions = (d: Desk) => d.page.getByRole("tree", { name: /Versions of/ });
  const rows = (d: Desk) => versions(d).getByRole("treeitem");

  /** Opens the history of the file that is open. */
  async function history(d: Desk) {
    await d.page.keyboard.press("Control+Shift+h");
    await slider(d).waitFor();
    await rows(d).first().waitFor();
  }

  /** The text of one side: "Before", "This version", "Now". */
  async function side(d: Desk, name: string): Promise<string> {
    const lines = await d.page
      .getByRole("textbox", { name, exact: true })
      .locator(".cm-line")
      .allTextContents();
    return lines.join("\n");
  }

  async function rename(d: Desk, from: string, to: string) {
    await d.row(from).click({ button: "right" });
    await d.page.getByRole("menuitem", { name: "Rename" }).click();
    await d.page.getByLabel("New name").fill(to);
    await d.page.keyboard.press("Enter");
    await d.row(to).waitFor();
  }

  async function act(d: Desk, name: string | RegExp) {
    await d.page.getByRole("button", { name: "More for this version" }).click();
    await d.page.getByRole("menuitem", { name }).click();
  }

  test("tells who did what in two windows, step by step, and brings a version back", async () => {
    const a = await desk();
    const g = await another(a, "editor");
    await Promise.all([a.open(), g.open()]);
    await Promise.all([a.openFile("model.py"), g.openFile("model.py")]);
    await a.type(1, "  # metres");
    await a.saved();
    await g.shows("# metres");
    await g.type(2, "  # by Grace");
    await g.saved();
    await a.shows("# by Grace");
    await a.onDisk("model.py", model.replace("4.0", "4.0  # metres").replace("100.0", "100.0  # by Grace"));

    await history(a);
    await expect.poll(() => rows(a).first().textContent()).toContain("Administrator and Grace Hopper");
    expect(await rows(a).last().textContent()).toContain("As it was at first");
    await expect.poll(() => side(a, "This version")).toContain("# by Grace");
    expect(await side(a, "Before")).toBe(model);
    await a.person.accessible();
    await shots(a, "history");
    await a.person.fitsOnPhone();

    // The sitting unfolds into what each did.
    await versions(a).focus();
    await a.page.keyboard.press("ArrowRight");
    await versions(a).locator('[aria-level="2"]').first().waitFor();
    const steps = await versions(a).locator('[aria-level="2"]').count();
    expect(steps).toBeGreaterThan(1);
    await a.page.keyboard.press("ArrowDown");
    for (let i = 0; i < steps - 1; i++) await a.page.keyboard.press("ArrowDown");
    await expect.poll(() => side(a, "This version")).not.toContain("# by Grace");
    await expect.poll(() => side(a, "Before")).toBe(model);
    await a.page.keyboard.press("ArrowLeft");
    await a.page.keyboard.press("ArrowLeft");
    expect(await versions(a).locator('[aria-level="2"]').count()).toBe(0);

    // The slider goes to the oldest, and that is compared with the file as it is now.
    await slider(a).focus();
    await a.page.keyboard.press("Home");
    await a.page.getByText("This is the oldest version that is kept.").waitFor();
    await a.page.getByRole("combobox", { name: "Compare" }).selectOption("now");
    await expect.poll(() => side(a, "Now")).toContain("# by Grace");
    await expect.poll(() => side(a, "This version")).toBe(model);
    await tab(a).getByText("1 of 1").waitFor();
    await a.page.getByRole("button", { name: "Inline" }).click();
    await a.page.locator(".cm-deletedChunk").first().waitFor();
    await a.person.accessible();
    await a.page.getByRole("button", { name: "Inline" }).click();

    // It is brought back, for both; and that is undone like any other edit.
    await a.page.getByRole("button", { name: "Restore", exact: true }).click();
    await a.onDisk("model.py", model);
    await expect.poll(() => g.text()).toBe(model);
    await expect.poll(() => rows(a).first().textContent()).toContain("brought back an older version");
    await a.page.getByRole("region", { name: "News" }).getByRole("button", { name: "Undo" }).click();
    await g.shows("# by Grace");
    await expect.poll(() => a.read("model.py")).toContain("# metres");

    // So it is when the news is gone, on the page; and by the news no more once another went on.
    const back = a.page.getByRole("button", { name: "Restore", exact: true });
    const oldest = async () => {
      await slider(a).focus();
      await a.page.keyboard.press("Home");
      await back.click();
      await a.onDisk("model.py", model);
    };
    await expect.poll(() => rows(a).count()).toBe(4);
    await oldest();
    const undo = a.page.getByRole("button", { name: "Undo the restore" });
    await undo.waitFor();
    await a.person.accessible();
    await undo.focus();
    await a.page.keyboard.press("Enter");
    await g.shows("# by Grace");
    await a.onDisk("model.py", model.replace("4.0", "4.0  # metres").replace("100.0", "100.0  # by Grace"));
    await oldest();
    await expect.poll(() => g.text()).toBe(model);
    await g.type(4, "  # on");
    await g.saved();
    const news = a.page.getByRole("region", { name: "News" });
    await news.getByRole("button", { name: "Undo" }).last().click();
    await news.getByText("was edited since").waitFor();
    expect(await g.text()).toContain("# on");
  });

  test("an open history goes along when its file is renamed, by whomever", async () => {
    const a = await desk();
    const g = await another(a, "editor");
    await Promise.all([a.open(), g.open()]);
    await a.openFile("model.py");
    await a.type(1, "  # metres");
    await a.saved();
    await history(a);
    await slider(a).focus();
    await a.page.keyboard.press("Home");
    await a.page.getByText("This is the oldest version that is kept.").waitFor();
    await a.page.getByRole("tab", { name: "model.py", exact: true }).click();
    await a.page.keyboard.press("Alt+w");
    await a.page.getByRole("tab", { name: "History of model.py" }).click();
    // By another: the tab is told as it reads the history again.
    await g.row("model.py").click();
    await g.saved();
    await rename(g, "model.py", "tides.py");
    await a.page.getByRole("tab", { name: "History of tides.py" }).waitFor();
    await a.page.getByText("This is the oldest version that is kept.").waitFor();
    await expect.poll(() => side(a, "This version")).toBe(model);
    // By oneself.
    await rename(a, "tides.py", "waves.py");
    await a.page.getByRole("tab", { name: "History of waves.py" }).waitFor();
    await expect.poll(() => rows(a).count()).toBe(2);
    await a.page.getByText("This is the oldest version that is kept.").waitFor();
    await a.page.getByRole("button", { name: "Restore", exact: true }).click();
    await a.onDisk("waves.py", model);
  });

  test("a version gets a name, is copied out of, and what is older is cleared", async () => {
    const a = await desk();
    await a.open();
    await a.openFile("model.py");
    await a.type(1, "  # first");
    await a.saved();
    await history(a);
    await act(a, "Name this version…");
    await a.page.getByLabel("Name", { exact: true }).fill("As sent to Grace");
    await a.page.keyboard.press("Enter");
    await expect.poll(() => rows(a).first().textContent()).toContain("As sent to Grace");
    await slider(a).waitFor();
    await a.page.getByRole("tab", { name: "model.py", exact: true }).click();
    await a.type(2, "  # second");
    await a.saved();
    await a.page.getByRole("tab", { name: "History of model.py" }).click();
    await expect.poll(() => rows(a).count()).toBe(3);

    await slider(a).focus();
    await a.page.keyboard.press("ArrowLeft");
    await a.page.getByText("As sent to Grace").first().waitFor();
    await expect.poll(() => slider(a).getAttribute("aria-valuetext")).toContain("As sent to Grace");
    await expect.poll(() => side(a, "This version")).not.toContain("# second");
    await act(a, "Copy the text of this version");
    await a.page.getByText("The version is on the clipboard.").waitFor();
    expect(await a.page.evaluate(() => navigator.clipboard.readText())).toBe(
      model.replace("4.0", "4.0  # first"),
    );
    await a.person.accessible();

    await act(a, /Clear the whole history/);
    await a.person.accessible();
    await a.page.getByRole("alertdialog").getByRole("button", { name: "Clear" }).click();
    await a.page.getByText(/of history cleared/).waitFor();
    await expect.poll(() => rows(a).count()).toBe(1);
    await a.page.getByRole("tab", { name: "model.py", exact: true }).click();
    await a.shows("# second");
  });

  test("changes from the disk are told as such, with the commit of Git where there is one", async () => {
    const a = await desk();
    await a.open();
    await a.openFile("model.py");
    await a.type(1, "  # typed");
    await a.onDisk("model.py", model.replace("4.0", "4.0  # typed"));
    a.write("model.py", model.replace("100.0", "120.0"));
    await a.shows("120.0");
    await a.saved();
    await history(a);
    await expect.poll(() => rows(a).first().textContent()).toContain("Changed on the disk");
    await a.openTerminal();
    await a.page.keyboard.type(
      "git init -q && git config user.email ada@example.org && git config user.name Ada && git add model.py && git commit -qm 'Deepen the channel' && sed -i s/120/130/ model.py && git commit -qam 'Lengthen it' && echo done-$((40+2))\n",
    );
    await a.prints("done-42");
    await a.page.getByRole("tab", { name: "model.py", exact: true }).click();
    await a.shows("130.0");
    await a.saved();
    await a.openTerminal();
    await a.page.keyboard.type("git checkout -q HEAD~1 && echo back-$((40+2))\n");
    await a.prints("back-42");
    await a.page.getByRole("tab", { name: "History of model.py" }).click();
    await expect
      .poll(() => rows(a).first().textContent(), { timeout: 20_000 })
      .toContain("Deepen the channel");
    await expect.poll(() => side(a, "This version")).toContain("120.0");
    await shots(a, "history-git");
  });

  test("a viewer reads along; the list stands beside the tabs too; a phone shows both", async () => {
    const a = await desk({ "model.py": model, "empty.bin": "\0\0" });
    const g = await another(a, "viewer");
    await Promise.all([a.open(), g.open()]);
    await a.openFile("model.py");
    await a.type(1, "  # seen");
    await a.saved();
    await g.row("model.py").click();
    await g.page.locator('[data-saved="reading"]').waitFor();
    await g.page.getByRole("button", { name: "History", exact: true }).click();
    await rows(g).first().waitFor();
    await g.person.accessible();
    await rows(g).first().click();
    await slider(g).waitFor();
    await expect.poll(() => side(g, "This version")).toContain("# seen");
    expect(await versions(g).count()).toBe(1);
    expect(await g.page.getByRole("button", { name: "Restore", exact: true }).count()).toBe(0);
    await g.page.getByRole("button", { name: "More for this version" }).click();
    await g.page.getByRole("menuitem", { name: "Copy the text of this version" }).waitFor();
    expect(await g.page.getByRole("menuitem", { name: /Clear|Name/ }).count()).toBe(0);
    await g.page.keyboard.press("Escape");
    await g.page.setViewportSize({ width: 390, height: 844 });
    await slider(g).focus();
    await g.page.keyboard.press("Home");
    await g.page.getByText("This is the oldest version that is kept.").waitFor();
    await g.person.accessible();
    await g.person.fitsOnPhone();
    await g.page.getByRole("button", { name: "Show the list of versions" }).click();
    await rows(g).first().click();
    await expect.poll(() => versions(g).count()).toBe(0);
    await expect.poll(() => slider(g).getAttribute("aria-valuetext")).toContain("Administrator");
  });

  test("is empty for a file that was never open, and says when the project is not heard", async () => {
    const a = await desk({ "model.py": model, "other.py": model });
    a.person.expected(...broken);
    await a.open();
    await a.row("other.py").click({ button: "right" });
    await a.page.getByRole("menuitem", { name: "History" }).click();
    await a.page.getByText("No history yet").waitFor();
    await a.person.accessible();
    await shots(a, "history-empty");
    await a.openFile("model.py");
    await history(a);
    await a.person.context.setOffline(true);
    await a.page.getByText("Not heard from the project: this may be old").waitFor({ timeout: 30_000 });
    await a.person.context.setOffline(false);
    await a.page.getByText("Not heard from the project").waitFor({ state: "detached", timeout: 30_000 });
  });

  test("stays smooth over 100,000 updates: a paged list, and a slider that asks for what it passes only now and then", async () => {
    const a = await desk();
    a.person.expected(...broken);
    const asked: number[] = [];
    let pages = 0;
    const lines = Array.from({ length: 2000 }, (_, i) => `line ${i} of a rather long file`);
    const text = (seq: number) =>
      lines.map((l, i) => (i === seq % 2000 ? `${l}, changed by ${seq}` : l)).join("\n");
    const sitting = (n: number) => ({
      seq: n * 50,
      first: n * 50 - 49,
      at: new Date(1_790_000_000_000 + n * 600_000).toISOString(),
      until: new Date(1_790_000_000_000 + n * 600_000 + 60_000).toISOString(),
      origin: n === 1 ? "begin" : "edit",
      by: [{ id: "x", name: n % 3 ? "Ada" : "Grace" }],
      edits: 50,
      added: 50,
      removed: n % 7,
    });
    await a.page.route(/\/history\/model\.py/, async (r) => {
      const q = new URL(r.request().url()).searchParams;
      await new Promise((done) => setTimeout(done, 20));
      const at = Number(q.get("at"));
      const told = { headers: { "Lyceum-Version": String(at) }, contentType: "text/plain" };
      if (q.has("diff")) {
        const hunk = (n: number) => ({
          old: n + 1,
          oldLines: 1,
          new: n + 1,
          newLines: 1,
          lines: [
            { kind: "removed", text: "" },
            { kind: "added", text: "" },
          ],
        });
        const hunks = [Number(q.get("diff")) % 2000, at % 2000].sort((x, y) => x - y).map(hunk);
        return r.fulfill({ json: { from: Number(q.get("diff")), to: at, hunks, added: 2, removed: 2 } });
      }
      if (q.has("at")) {
        asked.push(at);
        return r.fulfill({ ...told, body: text(at) });
      }
      const first = Math.ceil((Number(q.get("before")) || 100_001) / 50) - 1 || 1;
      const limit = Number(q.get("limit"));
      const items = Array.from({ length: Math.min(limit, first) }, (_, i) => sitting(first - i));
      const next = (items.at(-1)?.first ?? 1) > 1 ? { next: items.at(-1)?.first } : {};
      if (limit > 1) pages++;
      return r.fulfill({
        json: {
          doc: "d",
          epoch: "e",
          path: "model.py",
          sizeBytes: 4_000_000,
          oldest: 1,
          newest: 100_000,
          items,
          ...next,
        },
      });
    });
    await a.open();
    await a.openFile("model.py");
    await history(a);
    await expect.poll(() => side(a, "This version")).toContain("changed by 100000");
    // Of 2,000 sittings a page is read, and what is on the screen is drawn.
    expect(pages).toBeLessThan(4);
    expect(await rows(a).count()).toBeLessThan(60);
    await versions(a).focus();
    await a.page.keyboard.press("PageDown");
    await a.page.keyboard.press("PageDown");
    await expect.poll(() => rows(a).count()).toBeLessThan(60);

    // What the page's own work takes of the time, in pieces of more than 50 ms, and the frames.
    await a.page.evaluate(() => {
      const seen = { frames: 0, longest: 0, last: performance.now(), tasks: 0, busy: 0 };
      Object.assign(window, { seen });
      const look = (now: number) => {
        seen.longest = Math.max(seen.longest, now - seen.last);
        seen.last = now;
        seen.frames++;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
      new PerformanceObserver((list) => {
        for (const task of list.getEntries()) {
          seen.tasks++;
          seen.busy += task.duration;
        }
      }).observe({ entryTypes: ["longtask"] });
    });
    const box = await slider(a).boundingBox();
    if (box === null) throw new Error("the slider is not there");
    const y = box.y + box.height / 2;
    const before = asked.length;
    const began = Date.now();
    await a.page.mouse.move(box.x + box.width - 9, y);
    await a.page.mouse.down();
    for (let i = 1; i <= 120; i++) {
      await a.page.mouse.move(box.x + box.width - 9 - (i / 120) * (box.width / 2), y);
      await new Promise((done) => setTimeout(done, 12));
    }
    await a.page.mouse.up();
    const took = Date.now() - began;
    const at = Number(await slider(a).inputValue());
    await expect.poll(() => side(a, "This version")).toContain(`changed by ${at}`);
    const seen = await a.page.evaluate(
      () =>
        (
          window as unknown as {
            seen: { frames: number; longest: number; tasks: number; busy: number };
          }
        ).seen,
    );
    const texts = asked.length - before;
    console.log(
      `dragged for ${took} ms: ${texts} texts asked for, ${seen.frames} frames, the longest after ${seen.longest.toFixed(0)} ms, ${seen.tasks} long tasks of ${seen.busy.toFixed(0)} ms in all`,
    );
    // At most two texts a move: the place before is known when the question is asked.
    expect(texts).toBeLessThanOrEqual(120 * 2);
    // What can be felt comes in pieces: one a move and one a version that is shown, and no others. The page goes on
    // in between: frames come, and time is left, on a slow machine too, as what takes long is then done less often.
    expect(seen.tasks).toBeLessThanOrEqual(120 + texts / 2 + 5);
    expect(seen.frames).toBeGreaterThan(2 * seen.tasks);
    expect(seen.busy).toBeLessThan(0.75 * took);
    await a.person.accessible();
  });
});
