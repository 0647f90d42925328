import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { broken, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { shots } from "./shots.ts";

describe("uploads and archives", () => {
  const journey = new Journey();
  const dir = mkdtempSync(join(tmpdir(), "uploads-"));
  afterEach(() => journey.over());
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  async function desk(files: Record<string, string | Buffer> = {}) {
    const ada = await journey.admin();
    const d = new Desk(ada, await makeProject(ada, "Waves", files));
    await d.open();
    return d;
  }

  test("a folder comes with what is in it, and what is there is asked about once", async () => {
    const d = await desk({ "data/a.txt": "theirs", "data/b.txt": "theirs" });
    d.person.expected(/status of 409/);
    mkdirSync(join(dir, "data/deep"), { recursive: true });
    for (const name of ["a.txt", "b.txt", "deep/c.txt"])
      writeFileSync(join(dir, "data", name), `mine ${name}`);
    writeFileSync(join(dir, "data/big.bin"), Buffer.alloc(3_500_000, 7));
    await d.page.getByLabel("Folder to upload").setInputFiles(join(dir, "data"));
    const asked = d.page.getByRole("dialog", { name: "2 files are there already" });
    await asked.waitFor();
    await d.person.accessible();
    await shots(d, "conflict");
    await asked.getByRole("button", { name: "Keep both" }).press("Enter");
    await d.page.getByRole("status").filter({ hasText: "4 files uploaded" }).waitFor();
    await d.onDisk("data/a.txt", "theirs");
    await d.onDisk("data/a (2).txt", "mine a.txt");
    await d.onDisk("data/deep/c.txt", "mine deep/c.txt");
    expect(readFileSync(d.path("data/big.bin"))).toHaveLength(3_500_000);
    await d.page.getByRole("region", { name: "Activity" }).getByRole("button", { name: "Close" }).click();
    await d.page.getByRole("region", { name: "Activity" }).waitFor({ state: "detached" });
  }, 90_000);

  test("an upload goes on by itself after the server was killed and the network was gone", async () => {
    const d = await desk();
    d.person.expected(...broken, /status of 4\d\d/);
    const path = join(dir, "large.bin");
    writeFileSync(path, "begin");
    truncateSync(path, 40_000_000);
    // Not so fast that nothing can happen meanwhile.
    const cdp = await d.page.context().newCDPSession(d.page);
    const slow = { offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: 8_000_000 };
    await cdp.send("Network.emulateNetworkConditions", slow);
    await d.page.getByLabel("Files to upload").setInputFiles(path);
    await d.page.getByText(/ % *$/).waitFor();
    process.kill(d.serverPid(), "SIGKILL");
    await d.page
      .getByText(/Trying again:/)
      .first()
      .waitFor({ timeout: 20_000 });
    await d.page.getByText(/^[1-9]\d* %$/).waitFor({ timeout: 20_000 });
    await cdp.send("Network.emulateNetworkConditions", { ...slow, offline: true });
    await d.page
      .getByText(/Trying again:/)
      .first()
      .waitFor({ timeout: 20_000 });
    await cdp.send("Network.emulateNetworkConditions", { ...slow, uploadThroughput: -1 });
    await d.page.getByRole("status").filter({ hasText: "1 file uploaded" }).waitFor({ timeout: 40_000 });
    expect(readFileSync(d.path("large.bin")).equals(readFileSync(path))).toBe(true);
  }, 120_000);

  test("a folder is downloaded as a zip file, and that is unpacked", async () => {
    const d = await desk({ "code/ä.py": "print(1)\n", "code/sub/b.txt": "b\n" });
    await d.row("code").click({ button: "right" });
    const coming = d.page.waitForEvent("download");
    await d.page.getByRole("menuitem", { name: "Download as a zip" }).click();
    const zip = join(dir, "code.zip");
    await (await coming).saveAs(zip);
    execFileSync("unzip", ["-q", "-o", zip, "-d", join(dir, "out")]);
    expect(readFileSync(join(dir, "out/code/ä.py"), "utf8")).toBe("print(1)\n");
    expect(readFileSync(join(dir, "out/code/sub/b.txt"), "utf8")).toBe("b\n");

    await d.page.getByLabel("Files to upload").setInputFiles(zip);
    await d.row("code.zip").waitFor();
    await d.row("code.zip").click();
    const content = d.page.getByRole("region", { name: "Content of the archive" });
    await content.getByText("code/sub/b.txt").waitFor();
    await d.person.accessible();
    await shots(d, "archive");
    await d.row("code.zip").click({ button: "right" });
    await d.page.getByRole("menuitem", { name: "Unpack here" }).press("Enter");
    await d.page.getByText("Unpacked to code (2).").waitFor();
    await d.onDisk("code (2)/sub/b.txt", "b\n");
  }, 90_000);
});
