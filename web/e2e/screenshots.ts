// Pictures of each screen in both themes and three widths, into ../screenshots:
// `make screenshots`. They are looked at before a change to the interface is done.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { addMember, Desk, makeProject } from "./desk.ts";
import { Journey, type Person } from "./harness.ts";

const folder = join(import.meta.dirname, "..", "..", "screenshots");
const sizes = { wide: [1440, 900], tablet: [1024, 768], phone: [390, 844] } as const;
const themes = ["light", "dark"] as const;

const names: [name: string, description: string][] = [
  ["Tidal energy model", "Hydrodynamics of the strait, with Grace"],
  ["Coral reef survey", ""],
  ["Introduction to Python", "Course material and exercises"],
  ["Thesis", "Chapters in LaTeX, figures from notebooks"],
  ["Gravitational lensing", ""],
  ["Weather station", "Reads the sensors on the roof every minute"],
  ["Poetry corpus", "Word frequencies over four centuries"],
  ["Linear algebra, week 4", ""],
];

const source = `"""The power that a tidal stream carries through a channel."""
from dataclasses import dataclass

import numpy as np

WATER = 1025.0  # kg/m³


@dataclass(frozen=True)
class Channel:
    width: float  # m
    depth: float  # m

    def power(self, speed: np.ndarray) -> np.ndarray:
        """Watts, for speeds in m/s."""
        return 0.5 * WATER * self.width * self.depth * speed**3


hours = np.linspace(0, 24, 97)
speed = 2.4 * np.sin(2 * np.pi * hours / 12.42)
print(f"mean: {Channel(800, 30).power(abs(speed)).mean() / 1e6:.0f} MW")
`;

interface Made {
  id: string;
}

/** Fills the site as a small laboratory would. Returns the project with most in it. */
async function fill(journey: Journey, ada: Person): Promise<string> {
  await ada.api("PATCH", "account", { name: "Ada Lovelace", colour: 9 });
  const ids: string[] = [];
  for (const [name, description] of [...names].reverse()) {
    ids.unshift((await ada.api<Made>("POST", "projects", { name, description })).id);
  }
  const [first = "", , third = "", fourth = ""] = ids;
  for (const id of [first, fourth]) await ada.api("PUT", `projects/${id}/star`);
  for (const [name, email, colour] of [
    ["Grace Hopper", "grace@example.org", 7],
    ["Alan Turing", "alan@example.org", 5],
    ["Emmy Noether", "emmy@example.org", 0],
  ] as const) {
    const person = await journey.colleague(name, email);
    const { id: account } = await person.api<Made>("PATCH", "account", { colour });
    const invited = await ada.api<Made>("POST", `projects/${first}/invitations`, {
      role: name === "Grace Hopper" ? "editor" : "viewer",
      account,
      days: 7,
      uses: 1,
    });
    if (name !== "Emmy Noether") await person.api("POST", `account/invitations/${invited.id}/accept`);
    if (name === "Grace Hopper") {
      const course = await person.api<Made>("POST", "projects", { name: "Compiler course" });
      const { id } = await ada.api<Made>("GET", "account");
      const body = { role: "editor", account: id, days: 7, uses: 1 };
      await person.api("POST", `projects/${course.id}/invitations`, body);
    }
  }
  await ada.api("POST", `projects/${first}/invitations`, { role: "viewer", days: 30, uses: 25 });
  await ada.api("PUT", `projects/${first}/env/API_KEY`, { value: "x" });
  await ada.api("POST", "account/tokens", { name: "laptop", scope: "write", days: 90 });
  await ada.api("POST", "admin/invitations", { days: 7, uses: 20 });
  for (const id of [first, third]) await ada.api("POST", `projects/${id}/start`);
  await running(ada, first);
  for (const [path, text] of [
    ["model/tides.py", source],
    ["model/__init__.py", ""],
    ["data/stations.csv", "name,lat,lon\nPentland,58.7,-3.1\n"],
    ["README.md", "# Tidal energy model\n\nHow much power runs through the strait.\n"],
  ] as const) {
    const url = new URL(`p/${first}/files/${path}?parents=1`, ada.site.url);
    const headers = { Origin: url.origin };
    const answer = await ada.context.request.put(url.href, { data: text, headers });
    if (!answer.ok()) throw new Error(`PUT ${path}: ${answer.status()} ${await answer.text()}`);
  }
  return first;
}

async function running(p: Person, id: string): Promise<void> {
  for (let i = 0; i < 150; i++) {
    const { state } = await p.api<{ state: { phase: string } }>("GET", `projects/${id}`);
    if (state.phase === "running") return;
    await p.page.waitForTimeout(200);
  }
  throw new Error("the project does not start");
}

/** Opens a screen; the picture is taken when the network is quiet. */
type Screen = (p: Person, project: string) => Promise<unknown>;

const entry: Record<string, Screen> = {
  "sign-in": (p) => p.open("sign-in"),
};

const screens: Record<string, Screen> = {
  projects: (p) => p.open("projects"),
  "new-project": async (p) => {
    await p.open("projects");
    await p.page.getByRole("button", { name: "New project" }).click();
    await p.page.getByRole("dialog").waitFor();
  },
  palette: async (p) => {
    await p.open("projects");
    await p.page.getByRole("link", { name: "Thesis" }).waitFor();
    await p.page.keyboard.press("Control+k");
    await p.page.keyboard.type("t");
  },
  workspace: (p, project) => p.open(`projects/${project}/files/model/tides.py`),
  "project-settings": (p, project) => p.open(`projects/${project}/settings`),
  people: (p, project) => p.open(`projects/${project}/settings#people`),
  invite: async (p, project) => {
    await p.open(`projects/${project}/settings`);
    await p.page.getByRole("button", { name: "Invite people" }).click();
  },
  settings: (p) => p.open("settings"),
  "admin-people": (p) => p.open("admin/people"),
  "admin-projects": (p) => p.open("admin/projects"),
  "admin-site": (p) => p.open("admin/site"),
  "admin-machine": (p) => p.open("admin/machine"),
  "admin-audit": (p) => p.open("admin/audit"),
  "no-page": (p) => p.open("nothing/here"),
};

const journey = new Journey();

test("every screen has its pictures", async () => {
  mkdirSync(folder, { recursive: true });
  const stranger = await journey.person();
  const ada = await journey.admin();
  const project = await fill(journey, ada);
  const { link } = await ada.api<{ link: string }>("POST", "admin/invitations", { days: 7, uses: 20 });
  entry.invitation = (p) => p.page.goto(link);
  for (const [size, [width, height]] of Object.entries(sizes)) {
    for (const [person, list] of [
      [stranger, entry],
      [ada, screens],
    ] as const) {
      await person.page.setViewportSize({ width, height });
      for (const [name, show] of Object.entries(list)) {
        await show(person, project);
        // The event stream and sockets never rest: what is read by requests shows within this.
        await person.page.waitForTimeout(name === "workspace" ? 2500 : 700);
        for (const colorScheme of themes) {
          await person.page.emulateMedia({ colorScheme });
          await person.page.waitForTimeout(150);
          await person.page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
        }
      }
    }
  }
});

const fresh = new Journey({ setup: true });

test("the set-up of a new site has its pictures", async () => {
  mkdirSync(folder, { recursive: true });
  const ada = await fresh.person();
  await ada.page.goto(fresh.site.setupLink);
  await ada.page.getByRole("heading", { name: "Set up this site" }).waitFor();
  for (const [size, [width, height]] of Object.entries(sizes)) {
    await ada.page.setViewportSize({ width, height });
    for (const colorScheme of themes) {
      await ada.page.emulateMedia({ colorScheme });
      await ada.page.waitForTimeout(300);
      await ada.page.screenshot({ path: join(folder, `set-up-${size}-${colorScheme}.png`) });
    }
  }
});

// The README's picture, docs/images/workspace.png, is a copy of together-light.png.
test("two people at work have their pictures", async () => {
  const ada = await journey.admin();
  const grace = await journey.colleague("Grace Hopper", "hopper@example.org");
  await grace.api("PATCH", "account", { colour: 7 });
  const id = await makeProject(ada, "Tidal energy model", {
    "model/tides.py": source,
    "data/stations.csv": "name,lat,lon\nPentland,58.7,-3.1\n",
    "README.md": "# Tidal energy model\n",
  });
  await addMember(ada, id, grace, "editor");
  const [desk, other] = [new Desk(ada, id), new Desk(grace, id)];
  await ada.page.setViewportSize({ width: 1440, height: 900 });
  await desk.open("/files/model/tides.py");
  await desk.shows("WATER");
  await other.open("/files/model/tides.py");
  await other.shows("WATER");
  await ada.page.keyboard.press("Control+k");
  await ada.page.keyboard.type("split below");
  await ada.page.keyboard.press("Enter");
  await desk.openTerminal();
  await ada.page.getByRole("tab", { name: "tides.py" }).last().click(); // the second one, which the split made
  await desk.editor.waitFor();
  await ada.page.keyboard.press("Alt+w");
  await desk.terminal.click({ force: true });
  await ada.page.keyboard.type("clear; ls -l model; wc -l data/stations.csv\n");
  await desk.prints("stations.csv");
  await other.type(15, "  # not for turbines");
  await desk.shows("not for turbines");
  await ada.page.getByRole("button", { name: "People", exact: true }).click();
  await ada.page.getByText("Grace Hopper").first().waitFor();
  await ada.page.waitForTimeout(5000); // presence is read every few seconds
  for (const colorScheme of themes) {
    await ada.page.emulateMedia({ colorScheme });
    await ada.page.waitForTimeout(700);
    await ada.page.screenshot({ path: join(folder, `together-${colorScheme}.png`) });
  }
});
