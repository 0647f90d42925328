// Git as a person uses it: from the first commit to a merged conflict, with a real
// server to push to.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";

/** A git server with basic authentication: git http-backend, as forges have it. */
const host = `
import base64, http.server, os, subprocess
root = os.path.expanduser("~/.host")
subprocess.run(["git", "init", "-q", "--bare", "-b", "main", root + "/work.git"], check=True)
subprocess.run(["git", "-C", root + "/work.git", "config", "http.receivepack", "true"], check=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def do(self):
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"ada:t0ken").decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        env = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1", REMOTE_USER="ada", PATH_INFO=path, QUERY_STRING=query,
            REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type") or "", CONTENT_LENGTH=str(len(body)),
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding") or "", GIT_PROTOCOL=self.headers.get("Git-Protocol") or "")
        out = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE).stdout
        head, _, rest = out.partition(b"\\r\\n\\r\\n")
        headers = dict(l.split(": ", 1) for l in head.decode().split("\\r\\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for k, v in headers.items(): self.send_header(k, v)
        self.end_headers()
        self.wfile.write(rest)
    do_GET = do_POST = do
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("listens:%d" % server.server_port, flush=True)
server.serve_forever()
`;

const notes = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

describe("git", () => {
  const journey = new Journey({ env: { LYCEUM_PROJECT_NETWORK: "shared" } });
  afterEach(() => journey.over());
  const place = mkdtempSync(join(tmpdir(), "lyceum-git-"));
  let server: ChildProcess | undefined;
  afterAll(() => {
    server?.kill();
    rmSync(place, { recursive: true, force: true });
  });

  /** Starts the server and returns its port. */
  async function serveGit(): Promise<string> {
    server = spawn("python3", ["-c", host], {
      env: { PATH: process.env.PATH, HOME: place },
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (server.stdout === null) throw new Error("the server says nothing");
    const [said]: unknown[] = await once(server.stdout, "data");
    return /listens:(\d+)/.exec(String(said))?.[1] ?? "";
  }

  test("from an empty project to a merged conflict", async () => {
    const ada = await journey.admin();
    ada.expected(...broken);
    const desk = new Desk(ada, await makeProject(ada, "Repository", { "notes.txt": notes }));
    const { page } = desk;
    await desk.open();
    const rail = page.getByRole("button", { name: "Git", exact: true });
    const panel = page.getByRole("complementary", { name: "Project" });
    const group = (name: string) => panel.getByRole("region", { name, exact: true });
    const message = panel.getByLabel("Message of the commit");
    const says = (text: string | RegExp) =>
      page.getByRole("region", { name: "News" }).getByText(text).first().waitFor();
    /** For looking at, where somebody asks for it: both themes, and a phone. */
    const picture = async (name: string) => {
      const to = process.env.LYCEUM_PICTURES;
      if (to === undefined) return;
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${to}/git-${name}-${colorScheme}.png` });
      }
      await page.emulateMedia({ colorScheme: "light" });
      await page.setViewportSize({ width: 390, height: 844 });
      await page.screenshot({ path: `${to}/git-${name}-phone.png` });
      await page.setViewportSize({ width: 1280, height: 800 });
    };
    const files = () => page.keyboard.press("Control+b");

    // A repository, and the first commit by keys.
    await rail.click();
    await panel.getByText("No repository yet").waitFor();
    await ada.accessible();
    await panel.getByRole("button", { name: "Make one" }).click();
    await group("Unknown to Git").getByText("notes.txt").waitFor();
    await group("Unknown to Git")
      .getByRole("button", { name: /^U\s*notes.txt/ })
      .focus();
    await page.keyboard.press("s");
    await group("Staged").getByText("notes.txt").waitFor();
    await message.fill("Begin");
    await message.press("Control+Enter");
    await says("Committed: Begin");
    await panel.getByText("Nothing has changed since the last commit.").waitFor();

    // What is typed shows in the tree, and in the panel.
    await files();
    await desk.openFile("notes.txt");
    await desk.type(1, " changed");
    await desk.type(9, " changed");
    await desk.saved();
    await desk.row("notes.txt").locator('[data-letter="M"]').waitFor();
    await ada.accessible();

    // The difference: one of two changes is staged and committed.
    await rail.click();
    await group("Changed")
      .getByRole("button", { name: /notes.txt/ })
      .first()
      .click();
    const tools = page.getByRole("toolbar", { name: "Changes" });
    await tools.getByText("1 of 2").waitFor();
    await ada.accessible();
    await picture("diff");
    await tools.getByRole("button", { name: "Next change" }).click();
    await tools.getByText("2 of 2").waitFor();
    await tools.getByRole("button", { name: "Stage this change" }).click();
    await group("Staged").getByText("notes.txt").waitFor();
    await group("Changed").getByText("notes.txt").waitFor();
    await tools.getByRole("button", { name: "Inline" }).click();
    await message.fill("Change nine");
    await panel.getByRole("button", { name: "Commit", exact: true }).click();
    await says("Committed: Change nine");
    await group("Commits").getByText("Change nine").waitFor();

    // Discarded, and brought back.
    await group("Changed").getByRole("button", { name: "Discard the changes of notes.txt" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Discard" }).click();
    await panel.getByText("Nothing has changed since the last commit.").waitFor();
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    await group("Changed").getByText("notes.txt").waitFor();

    // A branch, and back.
    await panel.getByRole("button", { name: /^main/ }).click();
    await page.getByLabel("Find a branch, or name a new one").fill("topic");
    await page.keyboard.press("Enter");
    await panel.getByRole("button", { name: /^topic/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: /^main/ }).click();
    await panel.getByRole("button", { name: /^main/ }).waitFor();

    // The remote asks who it is.
    const port = await serveGit();
    await panel.getByRole("button", { name: "Push" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Address").fill(`http://127.0.0.1:${port}/work.git`);
    await dialog.getByRole("button", { name: "Add remote" }).click();
    await panel.getByRole("button", { name: "Push" }).click();
    await dialog.getByLabel("User name").fill("ada");
    await dialog.getByLabel("Token or password").fill("wrong");
    await dialog.getByRole("button", { name: "Sign in" }).click();
    await dialog.getByText("were not accepted").waitFor();
    await ada.accessible();
    await dialog.getByLabel("User name").fill("ada");
    await dialog.getByLabel("Token or password").fill("t0ken");
    await dialog.getByLabel("Keep it in this tab until it is closed").check();
    await dialog.getByRole("button", { name: "Sign in" }).click();
    await says("Pushed");

    // Somebody else pushes a change of the same line.
    const work = join(place, "other");
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=Grace", "-c", "user.email=grace@example.org", ...args], {
        env: { PATH: process.env.PATH, HOME: place },
      });
    git("clone", "-q", `http://ada:t0ken@127.0.0.1:${port}/work.git`, work);
    writeFileSync(
      join(work, "notes.txt"),
      readFileSync(join(work, "notes.txt"), "utf8").replace("one", "theirs"),
    );
    git("-C", work, "commit", "-qam", "Theirs");
    git("-C", work, "push", "-q");
    await message.fill("Mine");
    await panel.getByRole("button", { name: "Commit all" }).click();
    await says("Committed: Mine");
    await panel.getByRole("button", { name: "Pull" }).click();
    await page
      .getByRole("dialog", { name: "Both sides have commits" })
      .getByRole("button", { name: "Merge" })
      .click();
    await group("In conflict")
      .getByRole("button", { name: /notes.txt/ })
      .click();
    const merge = page.getByRole("toolbar", { name: "Merge" });
    await merge.getByText("1 conflict left").waitFor();
    await page.getByRole("button", { name: "Accept both" }).waitFor();
    await ada.accessible();
    await picture("merge");
    await page.getByRole("button", { name: "Accept both" }).click();
    await merge.getByText("no conflict left").waitFor();
    await merge.getByRole("button", { name: "Mark resolved" }).click();
    await panel.getByText("All conflicts are resolved.").waitFor();
    await message.press("Control+Enter");
    await says(/Committed: Merge/);
    // The token is still known in this tab.
    await panel.getByRole("button", { name: "Push" }).click();
    await group("Commits").getByText("Theirs").waitFor();
    await desk.onDisk("notes.txt", `one changed\ntheirs\n${notes.slice(4).replace("nine", "nine changed")}`);
    await ada.fitsOnPhone();
    ada.noErrors();
  }, 240_000);

  test("a repository that is made in a terminal is noticed, and its files are gone through by keys", async () => {
    const ada = await journey.admin();
    const names = { "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n" };
    const desk = new Desk(ada, await makeProject(ada, "Made by hand", names));
    await desk.open();
    await desk.row("a.txt").waitFor();
    await desk.openTerminal();
    await desk.page.keyboard.type("git init -q\n");
    await desk.row("a.txt").locator('[data-letter="U"]').waitFor();

    const { page } = desk;
    await page.getByRole("button", { name: "Git", exact: true }).click();
    const unknown = page.getByRole("region", { name: "Unknown to Git" });
    await unknown.getByText("c.txt").waitFor();
    await unknown.getByRole("button", { name: "Stage all" }).focus();
    await page.keyboard.press("Tab");
    /** What has the focus, by its name. */
    const at = () =>
      page.evaluate(() => {
        const e = document.activeElement;
        return e?.getAttribute("aria-label") ?? e?.getAttribute("title") ?? "";
      });
    const goes = async (key: string, to: string) => {
      await page.keyboard.press(key);
      await expect.poll(at).toBe(to);
    };
    while ((await at()) !== "a.txt") await page.keyboard.press("ArrowDown");
    await goes("ArrowDown", "b.txt");
    await goes("ArrowRight", "Discard the changes of b.txt");
    await goes("ArrowRight", "Stage b.txt");
    await goes("ArrowDown", "c.txt");
    await goes("ArrowDown", "c.txt");
    await goes("ArrowUp", "b.txt");
    await page.keyboard.press("s");
    const staged = page.getByRole("region", { name: "Staged" });
    await staged.getByText("b.txt").waitFor();
    await expect.poll(at).toBe("c.txt");
    await goes("Home", "b.txt");
    expect(await staged.locator(":focus").count()).toBe(1);
    await goes("End", "c.txt");
    // Tab leaves the list, whatever its length: along the row, and out.
    for (const _ of ["Discard", "Stage"]) await page.keyboard.press("Tab");
    await expect.poll(at).toBe("Stage c.txt");
    await page.keyboard.press("Tab");
    expect(await page.locator("[data-path] :focus").count()).toBe(0);
    await ada.accessible();
    ada.noErrors();
  });

  test("a viewer sees no git", async () => {
    const ada = await journey.admin();
    const grace = await journey.colleague("Grace Hopper", "grace@example.org");
    const id = await makeProject(ada, "Reading", { "a.txt": "a\n" });
    await addMember(ada, id, grace, "viewer");
    const desk = new Desk(grace, id);
    await desk.open();
    await desk.row("a.txt").waitFor();
    expect(await desk.page.getByRole("button", { name: "Git", exact: true }).count()).toBe(0);
    grace.noErrors();
  });
});
