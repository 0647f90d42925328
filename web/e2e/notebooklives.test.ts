// Kernels that die and kernels that live: what ended one is said, and what ends a server
// beside it does not end a run.
import { afterAll, describe, expect, test } from "vitest";
import { broken, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { notebook, Sheet } from "./sheet.ts";
import { shots } from "./shots.ts";

const journey = new Journey();

describe("kernels", () => {
  let d: Desk;
  let s: Sheet;
  const run = async (id: string) => {
    await s.choose(id);
    await s.press("Control+Enter");
  };
  test("begin with a notebook that is open", async () => {
    const admin = await journey.admin();
    const project = await makeProject(admin, "Lives", {
      "lives.ipynb": notebook([
        { id: "set", source: "kept = 41\nprint('set')" },
        {
          id: "loop",
          source: "import time\nfor i in range(50):\n    print('step', i, flush=True)\n    time.sleep(0.1)",
        },
        { id: "get", source: "print('still', kept + 1)" },
        { id: "more", source: "much = b'x' * (600 << 20)\nprint(len(much))" },
        { id: "kill", source: "import os\nos.kill(os.getpid(), 9)" },
        { id: "lacks", source: "import sklearn_no_such_thing" },
      ]),
    });
    d = new Desk(admin, project);
    s = new Sheet(d);
    await d.open();
    await s.open("lives.ipynb");
    await run("set");
    await s.shows("set", /\[1\].*set/);
  });
  afterAll(() => journey.over());

  test("a run goes on while the hub is killed and begins again", async () => {
    d.person.expected(...broken);
    await run("loop");
    await s.shows("loop", "step 1");
    await journey.site.crash();
    await s.shows("loop", "step 49");
    // Each line once.
    const text = (await s.cell("loop").textContent()) ?? "";
    expect(text.match(/step 7\b/g)?.length).toBe(1);
  });

  test("a kernel is found again after the project's server was killed", async () => {
    await run("loop");
    await s.shows("loop", /Runs.*step 3\b/s);
    process.kill(d.serverPid(), "SIGKILL");
    await s.shows("loop", "step 49");
    await run("get");
    await s.shows("get", "still 42");
    await s.kernel(/Idle/);
  });

  test("a package that is not there is named, with the way to have it", async () => {
    await run("lacks");
    await s.shows("lacks", /The environment lacks the package sklearn.no.such.thing/);
  });

  test("a kernel that died says why, and begins again", async () => {
    const { problems } = await d.person.api<{ problems: string[] }>("GET", "admin/machine");
    const limited = !problems.some((p) => /cgroup/i.test(p));
    if (limited) await d.person.api("PUT", `admin/projects/${d.project}/limits`, { memoryBytes: 400e6 });
    // Where a machine cannot set limits, something else ends it.
    await run(limited ? "more" : "kill");
    const said = d.page.getByRole("status").filter({ hasText: "Restart the kernel" });
    await said.getByText(limited ? /used .* of .*400 MB/ : /signal|killed/i).waitFor({ timeout: 40_000 });
    await s.kernel(/Dead/);
    await d.person.accessible();
    await shots(d, "dead");
    await said.getByRole("button", { name: "Restart the kernel" }).click();
    await s.kernel(/Idle/);
    await run("set");
    await s.shows("set", /\[1\].*set/);
  });
});
