import { afterEach, describe, expect, test } from "vitest";
import { Desk, makeProject } from "./desk.ts";
import { Journey, type Person } from "./harness.ts";

/** Which limits this machine cannot set, by the administrator's page. */
async function missing(ada: Person): Promise<string> {
  const machine = await ada.api<{ problems: string[] }>("GET", "admin/machine");
  return machine.problems.filter((p) => /cgroup/i.test(p)).join(" ");
}

describe("a project with limits", () => {
  const journey = new Journey();
  afterEach(() => journey.over());

  test("ends a runaway alone: it is named, and its terminal goes on", async (context) => {
    const ada = await journey.admin();
    const why = await missing(ada);
    if (why !== "") return context.skip(why);
    const id = await makeProject(ada, "Waves", { "a.txt": "text\n" });
    await ada.api("PUT", `admin/projects/${id}/limits`, {
      memoryBytes: 200e6,
      processes: 300,
      cpu: 1000,
      diskBytes: 20e6,
    });
    const desk = new Desk(ada, id);
    await desk.open();
    await desk.openTerminal();
    await desk.page.locator("[data-use]").getByText("of 200 MB").waitFor();
    await desk.page.keyboard.type("tail /dev/zero\n");
    await desk.page.getByText("Stopped: tail /dev/zero used").first().waitFor({ timeout: 20_000 });
    await desk.prints(/Stopped: tail/);
    await desk.page.keyboard.type("echo on-$((40+2))\n");
    await desk.prints(/^on-42$/m);
    await ada.accessible();
    if (process.env.LIMITS_SHOTS)
      await ada.page.screenshot({ path: `${process.env.LIMITS_SHOTS}/ended.png` });
    await desk.page.getByRole("button", { name: "Understood" }).click();
    await desk.page
      .getByText("Stopped: tail /dev/zero used")
      .first()
      .waitFor({ state: "hidden" })
      .catch(() => {});

    // What runs is listed, and one of it is ended.
    await desk.page.keyboard.press("Escape");
    await desk.page.locator("[data-use]").getByText("of 200 MB").click();
    await desk.page.getByRole("heading", { name: "Running things" }).waitFor();
    await desk.page.locator(".xterm-helper-textarea").first().focus();
    await desk.page.keyboard.type("sleep 4711\n");
    await desk.page.getByRole("button", { name: "End sleep 4711" }).click();
    await desk.prints(/Terminated/);
    await ada.accessible();

    // The disk: what goes through us is refused with the reason.
    const url = new URL(`p/${id}/files/large`, ada.site.url);
    await expect
      .poll(async () => {
        const answer = await ada.context.request.put(url.href, {
          data: Buffer.alloc(30e6),
          headers: { Origin: url.origin },
        });
        return `${answer.status()} ${await answer.text()}`;
      })
      .toMatch(/507.*20\.0 MB/);
  });

  test("goes on in a second terminal while a program of the first is ended", async (context) => {
    const ada = await journey.admin();
    const why = await missing(ada);
    if (why !== "") return context.skip(why);
    const id = await makeProject(ada, "Two");
    await ada.api("PUT", `admin/projects/${id}/limits`, { memoryBytes: 200e6 });
    const desk = new Desk(ada, id);
    await desk.open();
    await desk.openTerminal();
    await desk.page.keyboard.type("(sleep 4; exec tail /dev/zero) &\n");
    await desk.page.getByRole("button", { name: "Terminals" }).click();
    await desk.page.getByRole("button", { name: "New terminal" }).first().click();
    await desk.page.getByRole("tab", { name: "Terminal 2" }).waitFor();
    await desk.prints(/\$ ?$/m);
    const ended = desk.page.getByText("Stopped: tail /dev/zero used").first();
    let typed = 0;
    for (let after = 0; after < 3; typed++) {
      await desk.page.keyboard.type(`echo tick-$((${typed}+1000))\n`);
      if (await ended.isVisible()) after++;
      expect(typed).toBeLessThan(300);
    }
    await desk.prints(new RegExp(`^tick-${typed + 999}$`, "m"));
  });

  test("a fork bomb is bounded, and the project is still there", async (context) => {
    const ada = await journey.admin();
    const why = await missing(ada);
    if (why !== "") return context.skip(why);
    const id = await makeProject(ada, "Bomb");
    await ada.api("PUT", `admin/projects/${id}/limits`, { processes: 200, cpu: 1000 });
    const desk = new Desk(ada, id);
    await desk.open();
    await desk.openTerminal();
    await desk.page.keyboard.type("b(){ b|b & };b\n");
    await desk.page
      .getByText(/processes run/)
      .first()
      .waitFor({ timeout: 30_000 });
    const status = await ada.context.request.get(new URL(`p/${id}/status`, ada.site.url).href);
    expect(status.status()).toBe(200);
    await ada.api("POST", `projects/${id}/stop`);
  });

  test("the administrator sets the site's limits and a project's own", async () => {
    const ada = await journey.admin();
    const id = await makeProject(ada, "Set");
    await ada.page.goto(new URL("admin/site", ada.site.url).href);
    const memory = ada.page.getByRole("textbox", { name: "Memory, in GB", exact: true });
    await memory.fill("4");
    await memory.press("Enter");
    await expect
      .poll(
        async () =>
          (await ada.api<{ limits: { memoryBytes: number } }>("GET", "admin/settings")).limits.memoryBytes,
      )
      .toBe(4e9);
    await ada.accessible();
    await ada.page.goto(new URL(`projects/${id}/settings`, ada.site.url).href);
    await ada.page.getByText("4 GB memory, 4096 processes").waitFor();
    const cores = ada.page.getByRole("textbox", { name: "Processor cores", exact: true });
    await cores.fill("1.5");
    await cores.press("Enter");
    await ada.page.getByText("1.5 CPUs, 4 GB memory").waitFor();
    if (process.env.LIMITS_SHOTS)
      await ada.page.screenshot({ path: `${process.env.LIMITS_SHOTS}/settings.png` });
    await ada.accessible();
  });
});
