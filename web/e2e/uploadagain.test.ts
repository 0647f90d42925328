import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CDPSession } from "playwright-core";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey, type Person } from "./harness.ts";
import { shots } from "./shots.ts";

describe("uploads that are interrupted", () => {
  const journey = new Journey();
  const dir = mkdtempSync(join(tmpdir(), "uploads-"));
  afterEach(() => journey.over());
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  async function desk(person?: Person, project?: string) {
    const who = person ?? (await journey.admin());
    const d = new Desk(who, project ?? (await makeProject(who, "Waves")));
    await d.open();
    return d;
  }

  /** A file whose bytes differ from place to place. */
  function large(name: string, bytes: number): string {
    const path = join(dir, name);
    writeFileSync(
      path,
      Buffer.from(Uint32Array.from({ length: 250_000 }, (_, i) => i * 2_654_435_761).buffer),
    );
    truncateSync(path, bytes);
    return path;
  }

  /** A network in which something can happen meanwhile. */
  async function slow(d: Desk): Promise<(bytes: number) => Promise<void>> {
    const cdp = await d.page.context().newCDPSession(d.page);
    const limit = (bytes: number) =>
      cdp.send("Network.emulateNetworkConditions", {
        offline: false,
        latency: 5,
        downloadThroughput: -1,
        uploadThroughput: bytes,
      });
    await limit(4_000_000);
    return async (bytes) => void (await limit(bytes));
  }

  const activity = (d: Desk) => d.page.getByRole("region", { name: "Activity" });

  test("the site is killed and started again: it goes on, and nothing is lost", async () => {
    const d = await desk();
    d.person.expected(...broken, /status of 4\d\d/);
    const path = large("large.bin", 30_000_000);
    const limit = await slow(d);
    await d.page.getByLabel("Files to upload").setInputFiles(path);
    await d.page.getByText(/^[1-9]\d? %$/).waitFor();
    await journey.site.crash(async () => {
      await d.page
        .getByText(/Trying again:/)
        .first()
        .waitFor();
    });
    await d.page.getByText(/^[1-9]\d? %$/).waitFor({ timeout: 30_000 });
    await limit(-1);
    await d.page.getByRole("status").filter({ hasText: "1 file uploaded" }).waitFor({ timeout: 40_000 });
    expect(readFileSync(d.path("large.bin")).equals(readFileSync(path))).toBe(true);
  }, 120_000);

  test("who is no member any more cannot go on, and nothing appears", async () => {
    const ada = await journey.admin();
    const project = await makeProject(ada, "Waves");
    const grace = await journey.colleague("Grace", "grace@example.org");
    await addMember(ada, project, grace, "editor");
    const d = await desk(grace, project);
    grace.expected(...broken, /status of 4\d\d/);
    const path = large("secret.bin", 30_000_000);
    const limit = await slow(d);
    await d.page.getByLabel("Files to upload").setInputFiles(path);
    await d.page.getByText(/^[1-9]\d? %$/).waitFor();
    const { id } = await grace.api<{ id: string }>("GET", "account");
    await ada.api("DELETE", `projects/${project}/members/${id}`);
    await limit(-1);
    // The page is another's now: it says so instead of the workspace.
    await activity(d).waitFor({ state: "detached" });
    const uploads = await ada.context.request.get(
      new URL(`p/${project}/uploads?all=1`, journey.site.url).href,
    );
    const left: { path: string; offset: number; size: number }[] = await uploads.json();
    expect(left).toHaveLength(1);
    expect(left[0]?.offset).toBeLessThan(left[0]?.size ?? 0);
    const files = await ada.context.request.get(
      new URL(`p/${project}/files/secret.bin`, journey.site.url).href,
    );
    expect(files.status()).toBe(404);
  }, 120_000);

  test("it is paused, goes on, fails for want of room, and is tried again", async () => {
    const d = await desk();
    d.person.expected(...broken);
    const path = large("large.bin", 20_000_000);
    const limit = await slow(d);
    await d.page.getByLabel("Files to upload").setInputFiles(path);
    await d.page.getByText(/^[1-9]\d? %$/).waitFor();
    await shots(d, "sending");
    await activity(d).getByRole("button", { name: "Pause" }).click();
    await activity(d)
      .getByText(/^Paused at [1-9][\d.]* MB of 20 MB$/)
      .waitFor();
    await d.person.accessible();
    await shots(d, "paused");
    // A disk that is full, as the project says it.
    const full = {
      title: "Insufficient Storage",
      status: 507,
      code: "exhausted",
      detail: "The disk is full.",
    };
    await d.page.route(/uploads\/[0-9a-f-]{36}$/, (route) =>
      route.request().method() === "PATCH"
        ? route.fulfill({ status: 507, contentType: "application/problem+json", body: JSON.stringify(full) })
        : route.continue(),
    );
    await activity(d).getByRole("button", { name: "Go on" }).press("Enter");
    await activity(d).getByText("The disk is full.").waitFor();
    await activity(d).getByRole("status").filter({ hasText: "A file did not arrive" }).waitFor();
    await d.person.accessible();
    await shots(d, "failed");
    await d.page.unrouteAll();
    await limit(-1);
    await activity(d).getByRole("button", { name: "Try again with large.bin" }).press("Enter");
    await d.page.getByRole("status").filter({ hasText: "1 file uploaded" }).waitFor({ timeout: 40_000 });
    expect(readFileSync(d.path("large.bin")).equals(readFileSync(path))).toBe(true);
  }, 120_000);

  test("after a reload it waits for its file, and goes on or is discarded", async () => {
    const d = await desk();
    d.person.expected(...broken, /status of 4\d\d/);
    const path = large("large.bin", 30_000_000);
    await slow(d);
    await d.page.getByLabel("Files to upload").setInputFiles([path, large("other.bin", 20_000_000)]);
    await expect.poll(() => d.page.getByText(/^[1-9]\d? %$/).count(), { timeout: 20_000 }).toBe(2);
    d.page.on("dialog", (dialog) => void dialog.accept());
    // Nothing keeps the file but the page: the browser's memory of it is gone too.
    await d.page.evaluate(() => localStorage.clear());
    await d.page.reload();
    await d.ready();
    await activity(d).getByRole("heading", { name: "2 uploads are not finished" }).waitFor();
    await activity(d)
      .getByText(/^[1-9][\d.]* MB of 30 MB are here. Choose the file again to go on.$/)
      .waitFor();
    await d.person.accessible();
    await d.person.fitsOnPhone();
    await shots(d, "unfinished");

    // Another file is refused, by the mouse; the right one is taken, by keys.
    const wrong = join(dir, "wrong.bin");
    writeFileSync(wrong, "wrong");
    const choose = activity(d).getByRole("button", { name: "Choose large.bin again" });
    let chooser = d.page.waitForEvent("filechooser");
    await choose.click();
    await (await chooser).setFiles(wrong);
    await d.page.getByText("This is another file than the one that was being uploaded.").waitFor();
    await activity(d).getByRole("button", { name: "Discard other.bin" }).click();
    await activity(d).getByRole("heading", { name: "An upload is not finished" }).waitFor();
    const sent = bytesSent(await d.page.context().newCDPSession(d.page));
    chooser = d.page.waitForEvent("filechooser");
    await choose.press("Enter");
    await (await chooser).setFiles(path);
    await d.page.getByRole("status").filter({ hasText: "1 file uploaded" }).waitFor({ timeout: 40_000 });
    expect(readFileSync(d.path("large.bin")).equals(readFileSync(path))).toBe(true);
    expect(await sent()).toBeLessThan(30_000_000);
    await activity(d).getByRole("button", { name: "Close" }).press("Enter");
    await activity(d).waitFor({ state: "detached" });
  }, 120_000);

  /** How many bytes of uploads the page says that it sends from now on. */
  function bytesSent(cdp: CDPSession): () => Promise<number> {
    let sum = 0;
    const ready = cdp.send("Network.enable");
    cdp.on("Network.requestWillBeSentExtraInfo", ({ headers }) => {
      if (headers["Upload-Offset"] !== undefined) sum += Number(headers["Content-Length"] ?? 0);
    });
    return async () => {
      await ready;
      expect(sum).toBeGreaterThan(0);
      return sum;
    };
  }

  test("folders are dropped with what is in them, files are pasted", async () => {
    const ada = await journey.admin();
    const d = await desk(ada, await makeProject(ada, "Waves", { "into/keep.txt": "" }));
    mkdirSync(join(dir, "tides/deep/empty"), { recursive: true });
    writeFileSync(join(dir, "tides/a.txt"), "A");
    writeFileSync(join(dir, "tides/deep/ü b.txt"), "B");
    await d.row("into").waitFor();
    await drop(d, [join(dir, "tides")]);
    await d.page.getByRole("status").filter({ hasText: "3 files uploaded" }).waitFor();
    await d.onDisk("into/tides/a.txt", "A");
    await d.onDisk("into/tides/deep/ü b.txt", "B");
    expect(existsSync(d.path("into/tides/deep/empty"))).toBe(true);
    await activity(d).getByRole("button", { name: "Close" }).click();

    // A picture from another program, by the keys of the system.
    await d.page.getByRole("tree").press("Home");
    await d.page.evaluate(async () => {
      const canvas = new OffscreenCanvas(8, 8);
      canvas.getContext("2d")?.fillRect(0, 0, 4, 4);
      const picture = await canvas.convertToBlob({ type: "image/png" });
      await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
    });
    await d.page.getByRole("tree").press("Control+v");
    await d.page.getByRole("status").filter({ hasText: "1 file uploaded" }).waitFor();
    await expect.poll(() => existsSync(d.path("into/image.png"))).toBe(true);
    // Several files, as a file manager has them on the clipboard.
    await d.page.evaluate(() => {
      const clipboardData = new DataTransfer();
      for (const name of ["one.txt", "two.txt"]) clipboardData.items.add(new File([name], name));
      const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
      document.activeElement?.dispatchEvent(paste);
    });
    await d.onDisk("into/two.txt", "two.txt");
    await d.onDisk("into/one.txt", "one.txt");
  }, 90_000);

  /** Drops files and folders of the disk on the row "into", as the browser has it from the system. */
  async function drop(d: Desk, files: string[]) {
    const box = await d.row("into").boundingBox();
    if (box === null) throw new Error("the row is not to be seen");
    const cdp = await d.page.context().newCDPSession(d.page);
    const at = {
      x: box.x + 40,
      y: box.y + box.height / 2,
      data: { items: [], files, dragOperationsMask: 1 },
    };
    for (const type of ["dragEnter", "dragOver", "drop"] as const)
      await cdp.send("Input.dispatchDragEvent", { type, ...at });
  }
});
