// Edits without a connection: kept by the browser, and merged when there is one again.
import { rmSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey, Person } from "./harness.ts";
import { shots } from "./shots.ts";

const model = "depth = 4.0\nlength = 100.0\n\nprint(depth, length)\n";

describe("without a connection", () => {
  const journey = new Journey();
  const tabs: Person[] = [];
  afterEach(async () => {
    const opened = tabs.splice(0);
    await journey.over();
    for (const p of opened) p.noErrors();
  });

  async function desk(files: Record<string, string> = { "model.py": model, "other.txt": "other\n" }) {
    const ada = await journey.admin();
    ada.expected(...broken);
    const d = new Desk(ada, await makeProject(ada, "Waves", files));
    await d.open();
    return d;
  }

  /** Takes the connection away, and waits until the page knows. */
  async function cut(d: Desk) {
    await d.person.context.setOffline(true);
    await d.type(1, "  # offline");
    await d.page.locator('[data-saved="offline"]').waitFor({ timeout: 30_000 });
    await d.page.getByText(/Offline, \d+ edits? wait/).waitFor();
  }

  /** The tab is gone as in a crash; the browser keeps what it has. Another one is opened. */
  async function anotherTab(d: Desk): Promise<Desk> {
    await d.page.close();
    const { site, context } = d.person;
    const person = new Person(site, context, await context.newPage());
    person.expected(...broken);
    tabs.push(person);
    return new Desk(person, d.project);
  }

  test("edits outlive the tab and the server, and are merged with another's", async () => {
    const grace = await journey.colleague("Grace Hopper", "grace@example.org");
    grace.expected(...broken);
    const a = await desk();
    await addMember(a.person, a.project, grace, "editor");
    await a.openFile("model.py");
    await cut(a);
    await a.type(4, "  # twice");
    expect(await a.page.locator("[data-saved]").getAttribute("title")).toContain("kept in this browser");
    await a.person.accessible();
    await shots(a, "offline");

    // Meanwhile another edits the file, and the server is killed and comes back.
    const g = new Desk(grace, a.project);
    await g.open();
    await g.openFile("model.py");
    await g.type(2, "  # by Grace");
    await g.onDisk("model.py", model.replace("100.0", "100.0  # by Grace"));
    const b = await anotherTab(a);
    await b.person.site.crash(async () => {
      process.kill(b.serverPid(), "SIGKILL");
    });
    await b.person.context.setOffline(false);

    await b.open();
    await b.saved();
    const want = "depth = 4.0  # offline\nlength = 100.0  # by Grace\n\nprint(depth, length)  # twice\n";
    await b.onDisk("model.py", want);
    await b.shows("# by Grace");
    expect(await b.text()).toBe(want);
    await g.shows("# twice");
    expect(await g.text()).toBe(want);
  });

  test("edits of a file that is not open any more are sent when the project is opened", async () => {
    const a = await desk();
    await a.openFile("model.py");
    await cut(a);
    await a.page.keyboard.press("Alt+w");
    await a.page.locator(".cm-content").waitFor({ state: "detached" });
    const b = await anotherTab(a);
    // That the tab is closed could not be told; let it be closed all the same.
    await b.person.api("PUT", `projects/${b.project}/layout`, { layout: {} });
    await b.person.context.setOffline(false);
    await b.open();
    await b.onDisk("model.py", model.replace("4.0", "4.0  # offline"));
    expect(await b.page.locator(".cm-content").count()).toBe(0);
  });

  test("a file that was renamed meanwhile is followed with what waits; of one that is gone it is said where that is", async () => {
    const a = await desk();
    /** Something that another does, whose page has a connection. */
    const other = async (method: string, path: string, data?: object) => {
      const url = new URL(`p/${a.project}/${path}`, a.person.site.url);
      const answer = await a.person.context.request.fetch(url.href, {
        method,
        headers: { Origin: url.origin },
        ...(data && { data }),
      });
      expect(answer.status(), await answer.text()).toBe(200);
      return answer;
    };
    await a.openFile("model.py");
    await cut(a);
    await other("POST", "files/model.py", { action: "move", to: "tides.py" });
    await a.person.context.setOffline(false);
    await a.page.getByRole("tab", { name: "tides.py", exact: true }).waitFor();
    await a.saved();
    const first = model.replace("4.0", "4.0  # offline");
    await a.onDisk("tides.py", first);
    expect(await a.page.getByText("could not be").count()).toBe(0);

    // In a tab that is closed meanwhile, too.
    await cut(a);
    await a.page.keyboard.press("Alt+w");
    await a.page.locator(".cm-content").waitFor({ state: "detached" });
    await other("POST", "files/tides.py", { action: "move", to: "waves.py" });
    await a.person.context.setOffline(false);
    const second = model.replace("4.0", "4.0  # offline  # offline");
    await a.onDisk("waves.py", second);
    expect(await a.page.getByText("could not be").count()).toBe(0);

    // Deleted: what was written waits, and can be seen.
    await a.row("waves.py").waitFor();
    await a.openFile("waves.py");
    await cut(a);
    const entry: { id: string } = await (await other("DELETE", "files/waves.py")).json();
    await a.person.context.setOffline(false);
    await a.page.getByText("What you wrote waits in this browser").waitFor();
    await a.person.accessible();
    await shots(a, "offline-gone");
    await a.page.keyboard.press("Alt+w");
    const b = await anotherTab(a);
    await b.open();
    await b.page.getByText("waves.py is not there any more").waitFor();
    await b.page.getByRole("button", { name: "Show what I wrote" }).click();
    await b.shows("4.0  # offline  # offline  # offline");
    await b.page.getByRole("tab", { name: "waves.py" }).click();
    await b.page.keyboard.press("Alt+w");

    // It is back, and has it.
    await other("POST", `trash/${entry.id}`, { action: "restore" });
    await b.row("waves.py").click();
    await b.onDisk("waves.py", model.replace("4.0", "4.0  # offline  # offline  # offline"));
    await b.saved();
  });

  test("when a file began anew meanwhile, what waited is offered as text and never merged", async () => {
    const a = await desk();
    await a.openFile("model.py");
    await a.type(3, "# saved");
    await a.onDisk("model.py", model.replace("\n\n", "\n# saved\n"));
    await cut(a);
    const b = await anotherTab(a);
    rmSync(b.path(".local/state/lyceum/documents"), { recursive: true });
    process.kill(b.serverPid(), "SIGKILL");
    await b.person.context.setOffline(false);
    await b.open();
    await b.page.getByText("could not be merged").waitFor();
    await b.saved();
    // What the browser had kept was on the screen until now.
    await expect.poll(() => b.text(), { timeout: 10_000 }).toBe(model.replace("\n\n", "\n# saved\n"));
    await b.person.accessible();

    // It is there until it is dealt with, in every tab.
    const c = await anotherTab(b);
    await c.open();
    await c.page.getByText("could not be merged").waitFor();
    await c.page.getByRole("button", { name: "Copy your version" }).click();
    await c.page.getByText("Your version is on the clipboard.").waitFor();
    expect(await c.page.evaluate(() => navigator.clipboard.readText())).toContain("4.0  # offline");
    await c.page.getByRole("button", { name: "Dismiss" }).click();
    await c.page.getByText("could not be merged").waitFor({ state: "detached" });
    const d = await anotherTab(c);
    await d.open();
    await d.saved();
    expect(await d.page.getByText("could not be merged").count()).toBe(0);
  });

  test("a file that was open before is on the screen while its project does not run", async () => {
    const a = await desk();
    await a.openFile("model.py");
    await a.type(1, "  # kept");
    await a.onDisk("model.py", model.replace("4.0", "4.0  # kept"));
    await a.page.getByRole("button", { name: /State of the project/ }).click();
    await a.page.getByRole("menuitem", { name: "Stop" }).click();
    await a.page.getByRole("banner").getByText("Stopped").waitFor();
    // Whoever opens it wants it to run; here it may not.
    await a.page.route("**/start", (r) => r.abort());
    await a.page.reload();
    await a.shows("# kept");
    await a.page.getByText("This is the copy that this browser kept").waitFor();
    await a.type(2, "  # asleep");
    await a.page.getByText("Not running, ").waitFor();
    await a.person.accessible();
    await shots(a, "offline-copy");
    await a.person.fitsOnPhone();
    await a.page.unroute("**/start");
    await a.page.getByRole("button", { name: "Start", exact: true }).click();
    await a.onDisk("model.py", model.replace("4.0", "4.0  # kept").replace("100.0", "100.0  # asleep"));
    await a.saved();
  });

  test("signing out removes what the browser kept, and asks first while edits wait", async () => {
    const a = await desk();
    await a.openFile("model.py");
    const kept = (store: "updates" | "waiting") =>
      a.page.evaluate(
        (store) =>
          new Promise<number>((resolve, reject) => {
            const open = indexedDB.open("lyceum-documents");
            open.onerror = () => reject(open.error);
            open.onsuccess = () => {
              const count = open.result.transaction(store).objectStore(store).count();
              count.onsuccess = () => resolve(count.result);
              count.onerror = () => reject(count.error);
            };
          }),
        store,
      );
    await expect.poll(() => kept("updates")).toBeGreaterThan(0);
    const signOut = async () => {
      await a.page.keyboard.press("Control+k");
      await a.page.keyboard.type("Sign out");
      await a.page.keyboard.press("Enter");
    };
    await cut(a);
    await signOut();
    await a.page.getByText(/edits? of yours (is|are) not saved yet/).waitFor();
    await a.person.accessible();
    await a.person.context.setOffline(false);
    await a.saved();
    await expect.poll(() => kept("waiting")).toBe(0);
    await signOut();
    await a.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await expect.poll(() => kept("updates")).toBe(0);
  });
});

describe("without the site", () => {
  const journey = new Journey({ worker: true });
  afterEach(() => journey.over());

  test("a workspace is opened again, its file edited, and all of it merged when the site is back", async () => {
    const ada = await journey.admin();
    ada.expected(...broken);
    const a = new Desk(ada, await makeProject(ada, "Waves", { "model.py": model }));
    await a.open();
    await a.openFile("model.py");
    await a.type(1, "  # before");
    await a.onDisk("model.py", model.replace("4.0", "4.0  # before"));
    // The worker has what the page is made of, and the editor was loaded.
    const kept = () =>
      a.page.evaluate(async () => {
        const names = await caches.keys();
        const counts = await Promise.all(
          names.map(async (n) => (await (await caches.open(n)).keys()).length),
        );
        return counts.reduce((n, c) => n + c, 0);
      });
    await expect.poll(kept, { timeout: 30_000 }).toBeGreaterThan(20);
    await a.page.reload();
    await a.saved();
    await expect.poll(() => a.page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);

    await a.person.site.crash(async () => {
      await a.page.reload();
      await a.shows("# before");
      await a.type(2, "  # without");
      await a.page.getByText(/Offline, \d+ edits? wait/).waitFor({ timeout: 30_000 });
      await a.page.reload();
      await a.shows("# without");
      await a.type(4, "  # still");
      await a.page.getByText("This is the copy that this browser kept").waitFor({ timeout: 30_000 });
      await a.person.accessible();
      await shots(a, "offline-site");
    });
    const want = model.replace("4.0", "4.0  # before").replace("100.0", "100.0  # without");
    await a.onDisk("model.py", want.replace("length)", "length)  # still"));
    await a.saved();
  });
});
