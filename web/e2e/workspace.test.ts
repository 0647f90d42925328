import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey, type Person } from "./harness.ts";

const model = "depth = 4.0\nlength = 100.0\n\nprint(depth, length)\n";

/** Asks the terminal where its cursor is, and prints the answer. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
const askPlace = "read -rsdR -p $'\\e[6n' at; echo \"at:${at#*[}\"\n";

/** Pictures of one pixel and of two. */
const dot = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const twoDots = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR4nGMQUDAAIgACZwDBk0QOYQAAAABJRU5ErkJggg==",
  "base64",
);

describe("two people in one project", () => {
  const journey = new Journey();
  afterEach(() => journey.over());
  let grace: Person;

  async function pair(
    files: Record<string, string> = { "model.py": model },
    role: "editor" | "viewer" = "editor",
  ) {
    const ada = await journey.admin();
    const id = await makeProject(ada, "Waves", files);
    const other = await journey.person();
    await other.api("POST", "sessions", { email: "grace@example.org", password: "correct horse battery" });
    await addMember(ada, id, other, role);
    return { a: new Desk(ada, id), g: new Desk(other, id) };
  }
  beforeAll(async () => {
    grace = await journey.colleague("Grace Hopper", "grace@example.org");
    await grace.context.close();
  }, 60_000);

  test("write into one file at once, see each other, and the file is on the disk", async () => {
    const { a, g } = await pair();
    await Promise.all([a.open(), g.open()]);
    await Promise.all([a.openFile("model.py"), g.openFile("model.py")]);
    await Promise.all([a.type(1, "  # metres"), g.type(2, "  # also metres")]);
    const want = "depth = 4.0  # metres\nlength = 100.0  # also metres\n\nprint(depth, length)\n";
    await a.shows("also metres");
    await g.shows("0  # metres");
    await a.saved();
    await a.onDisk("model.py", want);
    expect(await a.text()).toBe(want);
    expect(await g.text()).toBe(want);

    // Each sees the other's cursor, and whose it is.
    await a.page.locator(".cm-peer-name", { hasText: "Grace Hopper" }).waitFor({ state: "attached" });
    await g.page.locator(".cm-peer-name", { hasText: "Administrator" }).waitFor({ state: "attached" });
    await a.person.accessible();

    // Undo takes back what one typed oneself, and nothing of the other.
    await a.page.keyboard.press("Control+z");
    await expect.poll(() => a.text()).not.toContain("4.0  # metres");
    expect(await a.text()).toContain("also metres");

    // Who leaves is gone from the text.
    await g.page.close();
    await a.page.locator(".cm-peer-name").waitFor({ state: "detached" });
  });

  test("a change on the disk appears in both editors, and disturbs nothing that is typed", async () => {
    const { a, g } = await pair();
    await Promise.all([a.open(), g.open()]);
    await Promise.all([a.openFile("model.py"), g.openFile("model.py")]);
    await a.type(4, "  # typed");
    a.write("model.py", `# from outside\n${model}`);
    await g.shows("# from outside");
    await a.shows("# from outside");
    await a.shows("# typed");
    await g.shows("# typed");
    await a.saved();
    await a.onDisk("model.py", `# from outside\n${model.replace("length)", "length)  # typed")}`);
  });

  test("share a terminal, whose size fits both", async () => {
    const { a, g } = await pair({});
    await a.open();
    await a.page.getByText("Open a file from the side").waitFor();
    await a.openTerminal();
    await a.page.keyboard.type("echo one-$((20+1))\n");
    await a.prints("one-21");
    await g.page.setViewportSize({ width: 900, height: 600 });
    await g.open();
    await g.page.getByText("Open a file from the side").waitFor();
    await g.openTerminal();
    await g.prints("one-21");
    await g.page.keyboard.type("echo two-$((20+2))\n");
    await a.prints("two-22");
    await a.page.getByText("so that everybody here can read all of it").waitFor();
    await a.page.getByRole("img", { name: "Grace Hopper" }).first().waitFor();
    await g.person.accessible();

    // A program asks where the cursor is: one of the two terminals answers, and only one.
    await a.page.keyboard.type(askPlace);
    await a.prints(/^at:\d+;\d+$/m);
    await a.page.keyboard.type("echo clean-$((40+2))\n");
    await g.prints(/^clean-42$/m);

    // What both typed arrived once.
    await g.page.keyboard.type("history | tail -3\n");
    await g.prints("history");
    expect((await g.printed()).match(/^one-21$/gm)).toHaveLength(1);
    expect((await g.printed()).match(/^two-22$/gm)).toHaveLength(1);
  });

  test("a viewer reads along, and can neither type nor open a terminal", async () => {
    const { a, g } = await pair({ "model.py": model, ".env": "SECRET=1\n" }, "viewer");
    await Promise.all([a.open(), g.open()]);
    await a.openFile("model.py");
    await g.row("model.py").click();
    await g.page.locator('[data-saved="reading"]').waitFor();
    await g.page.getByText("You may read this file, not change it.").waitFor();
    await g.editor.locator(".cm-line").first().click();
    await g.page.keyboard.type("not allowed");
    await a.type(1, "  # seen");
    await g.shows("# seen");
    expect(await g.text()).toBe(model.replace("4.0", "4.0  # seen"));
    expect(await g.page.getByRole("button", { name: "Terminals" }).count()).toBe(0);
    expect(await g.page.getByRole("button", { name: "New file" }).count()).toBe(0);
    await g.page.keyboard.press("Control+`");
    expect(await g.page.locator(".xterm").count()).toBe(0);
    await g.person.accessible();
  });

  test("one sees where the other is, goes there and follows", async () => {
    const lines = Array.from({ length: 300 }, (_, i) => `line ${i + 1}`).join("\n");
    const { a, g } = await pair({ "long.txt": lines });
    await Promise.all([a.open(), g.open()]);
    await g.openFile("long.txt");
    await g.editor.locator(".cm-line").first().click();
    await g.page.keyboard.press("Control+End");
    await a.page.getByRole("button", { name: "People", exact: true }).click();
    await a.page.getByRole("button", { name: "long.txt" }).click();
    await a.shows("line 300");
    await a.page.getByRole("button", { name: "Follow Grace Hopper" }).click();
    await g.page.keyboard.press("Control+Home");
    await a.shows("line 1\n");
    await a.person.accessible();
  });

  test("who is removed leaves the workspace at once, and is told why", async () => {
    const { a, g } = await pair();
    g.person.expected(...broken, /status of 40[134]/);
    await g.open();
    await g.openFile("model.py");
    const { id } = await g.person.api<{ id: string }>("GET", "account");
    await a.person.api("DELETE", `projects/${a.project}/members/${id}`);
    await g.page.getByRole("heading", { name: "There is no such project for you" }).waitFor();
    await g.person.accessible();
  });

  test("an editor who becomes a viewer can read on, and not type any more", async () => {
    const { a, g } = await pair();
    g.person.expected(...broken, /status of 40[134]/);
    await Promise.all([a.open(), g.open()]);
    await Promise.all([a.openFile("model.py"), g.openFile("model.py")]);
    const { id } = await g.person.api<{ id: string }>("GET", "account");
    await a.person.api("PUT", `projects/${a.project}/members/${id}`, { role: "viewer" });
    await g.page.locator('[data-saved="reading"]').waitFor();
    await a.type(1, "  # on");
    await g.shows("# on");
  });
});

describe("one person's workspace", () => {
  const journey = new Journey();
  afterEach(() => journey.over());

  async function desk(files: Record<string, string | Buffer> = { "model.py": model }): Promise<Desk> {
    const ada = await journey.admin();
    return new Desk(ada, await makeProject(ada, "Waves", files));
  }

  test("a stopped project starts when it is opened; a stop and its end are shown", async () => {
    const ada = await journey.admin();
    const { id } = await ada.api<{ id: string }>("POST", "projects", { name: "Asleep" });
    const d = new Desk(ada, id);
    await d.open();
    await d.page.getByText("No files yet").waitFor();
    await ada.accessible();
    await d.page.getByRole("button", { name: /State of the project/ }).click();
    await d.page.getByRole("menuitem", { name: "Stop" }).click();
    await d.page.getByText(/Start it to see its files/).waitFor();
    await ada.accessible();
    await d.page.getByRole("button", { name: "Start", exact: true }).click();
    await d.ready();
  });

  test("tabs and splits, the side and open folders are there again", async () => {
    const d = await desk({ "model.py": model, "notes/ideas.md": "# Ideas\n" });
    await d.open();
    await d.openFile("model.py");
    await d.row("notes").click();
    await d.row("ideas.md").click({ modifiers: ["Alt"] });
    await d.page.getByRole("tab", { name: "ideas.md" }).waitFor();
    await d.page.waitForResponse((r) => r.url().endsWith("/layout") && r.request().method() === "PUT");
    await d.page.reload();
    await d.page.getByRole("tab", { name: "ideas.md" }).waitFor();
    await d.page.getByRole("tab", { name: "model.py" }).waitFor();
    await d.row("ideas.md").waitFor();
    await expect.poll(() => d.page.locator(".cm-content:visible").count()).toBe(2);
    const [left, right] = await Promise.all(
      ["model.py", "ideas.md"].map((name) => d.page.getByRole("tab", { name }).boundingBox()),
    );
    expect(right?.x).toBeGreaterThan((left?.x ?? 0) + 300);
    await d.person.accessible();

    // A file that is gone meanwhile is shown as such.
    d.person.expected(/status of 404/);
    rmSync(d.path("notes/ideas.md"));
    await d.page.reload();
    await d.page.getByText("There is no such file").waitFor();
  });

  test("a terminal is where it was after a reload, and each key arrived once", async () => {
    const d = await desk({});
    await d.open();
    await d.page.getByText("Open a file from the side").waitFor();
    const kept = d.page.waitForResponse((r) => r.url().endsWith("/layout") && r.request().method() === "PUT");
    await d.openTerminal();
    // What asked for the cursor's place is answered once, and not again when it is replayed.
    await d.page.keyboard.type(askPlace);
    await d.prints(/^at:\d+;\d+$/m);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    await d.page.keyboard.type('read -r line; echo "got:$line:${#line}"\n');
    // The page goes away in the middle of a line.
    await d.page.keyboard.type("The quick brown fox ");
    await d.prints("fox");
    await kept;
    await d.page.reload();
    await d.prints("quick brown fox");
    await d.page.locator(".xterm-screen:visible").click();
    await d.page.keyboard.type("jumps over the lazy dog\n");
    await d.prints(/^got:The quick brown fox jumps over the lazy dog:43$/m);
    await d.page.keyboard.type("exit\n");
    await d.page.getByText("Press Enter to run it again").waitFor();
    await d.page.keyboard.press("Enter");
    await d.page.keyboard.type("echo again-$((1+1))\n");
    await d.prints("again-2");
  });

  test("a program that prints without end can be watched, and stopped", async () => {
    const d = await desk({});
    await d.open();
    await d.page.getByText("Open a file from the side").waitFor();
    let printed = 0;
    d.page.on("websocket", (w) =>
      w.on("framereceived", (f) => {
        if (w.url().includes("/term/")) printed += f.payload.length;
      }),
    );
    await d.openTerminal();
    await d.page.keyboard.type("yes a line that is printed again and again\n");
    await d.prints(/(a line that is printed again and again\n){10}/);
    // More than is ever drawn, and than lies here undrawn.
    await expect.poll(() => printed, { timeout: 60_000 }).toBeGreaterThan(20_000_000);
    await d.page.keyboard.press("Control+c");
    await d.prints(/\$ ?$/);
    await d.page.keyboard.type("echo over-$((1+1))\n");
    await d.prints(/^over-2$/m);
  });

  test("files are made, renamed, moved, uploaded, downloaded and deleted", async () => {
    const d = await desk({ "model.py": model, "notes/ideas.md": "# Ideas\n" });
    await d.open();
    await d.row("model.py").waitFor();
    await d.page.keyboard.press("Alt+n");
    await d.page.getByLabel("Name of the new file").fill("new.txt");
    await d.page.keyboard.press("Enter");
    await d.saved();
    await d.page.keyboard.type("hello");
    await d.onDisk("new.txt", "hello");

    // Renamed while it is open: the tab and what is typed go along.
    await d.row("new.txt").click();
    await d.page.getByRole("tree").focus();
    await d.page.keyboard.press("F2");
    await d.page.getByLabel("New name").fill("renamed.txt");
    await d.page.keyboard.press("Enter");
    await d.page.getByRole("tab", { name: "renamed.txt" }).waitFor();
    await d.type(1, " world");
    await d.onDisk("renamed.txt", "hello world");
    expect(existsSync(d.path("new.txt"))).toBe(false);

    // Dragged into a folder.
    await d.row("renamed.txt").dragTo(d.row("notes"));
    await expect.poll(() => existsSync(d.path("notes/renamed.txt"))).toBe(true);
    await d.type(1, "!");
    await d.onDisk("notes/renamed.txt", "hello world!");

    // Uploaded, and not replaced without being asked.
    const files = [
      { name: "up.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n") },
      { name: "model.py", mimeType: "text/plain", buffer: Buffer.from("other\n") },
    ];
    d.person.expected(/status of 4(04|09|12)/);
    await d.row("model.py").click();
    const chooser = d.page.waitForEvent("filechooser");
    await d.page.getByRole("button", { name: "Upload files" }).click();
    await (await chooser).setFiles(files);
    const ask = d.page.getByRole("dialog", { name: "A file is there already" });
    await ask.waitFor();
    expect(d.read("model.py")).toBe(model);
    await d.person.accessible();
    await ask.getByRole("button", { name: "Replace", exact: true }).click();
    await d.onDisk("model.py", "other\n");
    await d.row("up.csv").waitFor();

    const down = d.page.waitForEvent("download");
    await d.row("up.csv").click({ button: "right" });
    await d.page.getByRole("menuitem", { name: "Download" }).click();
    expect((await down).suggestedFilename()).toBe("up.csv");

    await d.row("up.csv").click({ button: "right" });
    await d.page.getByRole("menuitem", { name: "Delete for good…" }).click();
    await d.page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await d.row("up.csv").waitFor({ state: "detached" });
    expect(existsSync(d.path("up.csv"))).toBe(false);

    // What happens on the disk is shown.
    d.write("outside.txt", "x");
    await d.row("outside.txt").waitFor();
  });

  test("the explorer and the palette are used by keys alone", async () => {
    const d = await desk({ "a/one.txt": "1\n", "b.txt": "2\n" });
    await d.open();
    await d.row("b.txt").waitFor();
    await d.page.keyboard.press("Control+Shift+E");
    await d.page.keyboard.press("Home");
    await d.page.keyboard.press("ArrowRight");
    await d.row("one.txt").waitFor();
    await d.page.keyboard.press("ArrowDown");
    await d.page.keyboard.press("Enter");
    await d.saved();
    await d.shows("1");
    await d.page.keyboard.press("Control+p");
    await d.page.getByRole("combobox", { name: "Go to a file" }).fill("b.t");
    await d.page.getByRole("option", { name: /b\.txt/ }).waitFor();
    await d.person.accessible();
    await d.page.keyboard.press("Enter");
    await d.page.getByRole("tab", { name: "b.txt", selected: true }).waitFor();
    await d.page.keyboard.press("Alt+w");
    await d.page.getByRole("tab", { name: "b.txt" }).waitFor({ state: "detached" });
    await d.page.keyboard.press("Control+b");
    await d.page.getByRole("tree").waitFor({ state: "detached" });
    await d.page.keyboard.press("Control+s");
    await d.page.getByText("Everything is saved as you type.").waitFor();
  });

  test("what is no text, too large, empty or with CR LF is shown as it is", async () => {
    const d = await desk({
      "raw.bin": Buffer.from([0, 1, 2, 255]),
      "empty.txt": "",
      "dos.txt": "one\r\ntwo\r\n",
      "dot.png": dot,
    });
    d.write("large.log", `${"a line of a log that is too long to be edited\n".repeat(200_000)}`);
    await d.open();
    await d.row("raw.bin").click();
    await d.page.getByLabel("Bytes of raw.bin").waitFor();
    await d.row("dot.png").click();
    await d.page.getByText("1 × 1").waitFor();
    await d.person.accessible();
    await d.row("large.log").click();
    await d.page.getByLabel("Text of large.log").waitFor();
    await d.openFile("empty.txt");
    await d.type(1, "no more");
    await d.onDisk("empty.txt", "no more");
    await d.openFile("dos.txt");
    await d.type(1, "\n1½");
    await d.onDisk("dos.txt", "one\r\n1½\r\ntwo\r\n");
  });

  test("edits made without a network are kept, and merged when it is back", async () => {
    const d = await desk();
    d.person.expected(...broken);
    await d.open();
    await d.openFile("model.py");
    await d.person.context.setOffline(true);
    await d.type(1, "  # offline");
    await expect.poll(() => d.state(), { timeout: 30_000 }).toBe("offline");
    await d.page.getByText("Offline, ").waitFor();
    d.write("model.py", model.replace("100.0", "120.0"));
    await d.type(4, "  # still");
    await d.person.context.setOffline(false);
    await d.saved();
    await d.shows("120.0");
    await d.onDisk("model.py", "depth = 4.0  # offline\nlength = 120.0\n\nprint(depth, length)  # still\n");
  });

  test("a file that is deleted while it is open can be written again", async () => {
    const d = await desk();
    d.person.expected(/status of 404/);
    await d.open();
    await d.openFile("model.py");
    await d.type(1, "  # kept");
    await d.onDisk("model.py", model.replace("4.0", "4.0  # kept"));
    rmSync(d.path("model.py"));
    await d.page.getByText("The file was deleted. Its text is still here.").waitFor();
    expect(await d.text()).toContain("# kept");
    await d.person.accessible();
    await d.page.getByRole("button", { name: "Write it again" }).click();
    await d.onDisk("model.py", model.replace("4.0", "4.0  # kept"));
    await d.page.getByText("The file was deleted.").waitFor({ state: "detached" });
    await d.type(2, "  # on");
    await d.onDisk("model.py", model.replace("4.0", "4.0  # kept").replace("100.0", "100.0  # on"));
  });

  test("a project that is deleted while it is open says so, and opens again when it is restored", async () => {
    const d = await desk();
    d.person.expected(...broken, /status of 40[49]/);
    await d.open();
    await d.openFile("model.py");
    await d.person.api("DELETE", `projects/${d.project}`);
    await d.page.getByRole("heading", { name: "“Waves” is deleted" }).waitFor();
    await d.person.accessible();
    await d.page.getByRole("button", { name: "Restore it" }).click();
    await d.ready();
    await d.shows("print(depth, length)");
  });

  test("a project that nobody uses says when it will be stopped, and runs on when it is asked to", async () => {
    const d = await desk();
    await d.person.api("PATCH", "admin/settings", { idleTimeoutSeconds: 60 });
    await d.open();
    await d.page.getByRole("button", { name: "Keep running" }).waitFor({ timeout: 60_000 });
    await d.person.accessible();
    const left = d.page.getByText(/it will be stopped at|about to be stopped/);
    await left.waitFor();
    const answer = d.page.waitForResponse((r) => r.url().endsWith("/keep-running"));
    await d.page.getByRole("button", { name: "Keep running" }).click();
    expect((await answer).status()).toBe(200);
    await d.person.api("PATCH", "admin/settings", { idleTimeoutSeconds: 3600 });
    await left.waitFor({ state: "detached", timeout: 60_000 });
  });

  test("when the history of a file is lost, edits that cannot be merged are kept for their author", async () => {
    const d = await desk();
    d.person.expected(...broken);
    await d.open();
    await d.openFile("model.py");
    await d.type(3, "# saved");
    await d.saved();
    await d.onDisk("model.py", model.replace("\n\n", "\n# saved\n"));
    await d.person.context.setOffline(true);
    await d.type(1, "  # not merged");
    await expect.poll(() => d.state(), { timeout: 30_000 }).toBe("offline");
    rmSync(d.path(".local/state/lyceum/documents"), { recursive: true });
    process.kill(d.serverPid(), "SIGKILL");
    await d.person.context.setOffline(false);
    await d.page.getByText("could not be merged").waitFor();
    await d.saved();
    expect(await d.text()).toBe(model.replace("\n\n", "\n# saved\n"));
    await d.page.getByRole("button", { name: "Copy your version" }).click();
    await d.page.getByText("Your version is on the clipboard.").waitFor();
    const kept = await d.page.evaluate(() => navigator.clipboard.readText());
    expect(kept).toContain("depth = 4.0  # not merged");
    await d.person.accessible();
    await d.page.getByRole("button", { name: "Dismiss" }).click();
    await d.type(1, "  # anew");
    await d.saved();
  });

  test("whole folders are uploaded; a picture follows its file", async () => {
    const d = await desk({ "plots/a.txt": "" });
    const dir = mkdtempSync(join(tmpdir(), "lyceum-folder-"));
    mkdirSync(join(dir, "deep/er"), { recursive: true });
    writeFileSync(join(dir, "one.txt"), "1");
    writeFileSync(join(dir, "deep/er/two.txt"), "2");
    writeFileSync(join(dir, "dot.png"), dot);
    await d.open();
    await d.row("plots").click();
    await d.row("a.txt").waitFor();
    const chooser = d.page.waitForEvent("filechooser");
    await d.page.getByRole("button", { name: "More for files" }).click();
    await d.page.getByRole("menuitem", { name: "Upload a folder" }).click();
    await (await chooser).setFiles(dir);
    await d.page.getByText("3 files uploaded").waitFor();
    const name = basename(dir);
    await expect.poll(() => existsSync(d.path(`plots/${name}/deep/er/two.txt`))).toBe(true);
    await d.row(name).click();
    await d.row("dot.png").click();
    await d.page.getByText("1 × 1").waitFor();
    d.write(`plots/${name}/dot.png`, twoDots);
    await d.page.getByText("2 × 1").waitFor();
    rmSync(dir, { recursive: true });
  });

  test("the project's server is killed: everything comes back and nothing is lost", async () => {
    const d = await desk();
    d.person.expected(...broken);
    await d.open();
    await d.openTerminal();
    await d.page.keyboard.type('read -r line; echo "got:$line:"\n');
    await d.prints("read");
    await d.openFile("model.py");
    await d.type(1, "  # before");
    const pid = d.serverPid();
    process.kill(pid, "SIGKILL");
    await d.type(2, "  # while it is away");
    await expect.poll(() => d.serverPid(), { timeout: 20_000 }).not.toBe(pid);
    await d.saved();
    await d.onDisk(
      "model.py",
      "depth = 4.0  # before\nlength = 100.0  # while it is away\n\nprint(depth, length)\n",
    );
    // The terminal lives with the supervisor: the shell never knew.
    await d.page.getByRole("tab", { name: /Terminal/ }).click();
    await d.page.locator(".xterm-screen:visible").click();
    await d.page.keyboard.type("still here\n");
    await d.prints(/^got:still here:$/m);
  });

  test("it can be used on a phone", async () => {
    const ada = await journey.admin();
    const id = await makeProject(ada, "Pocket", { "model.py": model });
    const small = await journey.person({ width: 390, height: 844 });
    await small.api("POST", "sessions", { email: "ada@example.org", password: "correct horse battery" });
    const d = new Desk(small, id);
    await d.open();
    await small.accessible();
    await d.openFile("model.py");
    await d.page.getByRole("tree").waitFor({ state: "detached" });
    await d.type(1, "  # thumb");
    await d.onDisk("model.py", model.replace("4.0", "4.0  # thumb"));
    await small.accessible();
    await small.fitsOnPhone();
  });
});

describe("a site below a path", () => {
  const journey = new Journey({ basePath: "/lyceum/" });
  afterEach(() => journey.over());

  test("files, documents and terminals work there too", async () => {
    const ada = await journey.admin();
    const d = new Desk(ada, await makeProject(ada, "Below", { "notes/a b.py": model }));
    await d.open("/files/notes/a%20b.py");
    await d.shows("print(depth, length)");
    await d.saved();
    await d.type(1, "  # below");
    await d.onDisk("notes/a b.py", model.replace("4.0", "4.0  # below"));
    await d.openTerminal();
    await d.page.keyboard.type("echo sub-$((3*3))\n");
    await d.prints("sub-9");
  });
});
