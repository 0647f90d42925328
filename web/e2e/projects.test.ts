import { afterEach, describe, expect, test } from "vitest";
import { Journey, type Person } from "./harness.ts";

interface Project {
  id: string;
  name: string;
}

const make = (p: Person, name: string) => p.api<Project>("POST", "projects", { name });
const row = (p: Person, name: string) => p.page.getByRole("listitem").filter({ hasText: name });

describe("the list of projects", () => {
  const journey = new Journey();
  afterEach(() => journey.over());

  test("a project is made in two keystrokes, starred, deleted and restored", async () => {
    const ada = await journey.admin();
    await ada.open("");
    await ada.page.getByRole("heading", { name: "Begin with a project" }).waitFor();
    await ada.accessible();
    await ada.page.keyboard.press("n");
    await ada.page.getByRole("dialog", { name: "New project" }).waitFor();
    await ada.accessible();
    await ada.page.keyboard.press("Enter");
    await ada.page.waitForURL(/\/projects\/[0-9a-f-]{36}/);
    await ada.page.goBack();

    await row(ada, "Untitled").getByRole("button", { name: "Star Untitled" }).click();
    await row(ada, "Untitled").getByRole("button", { name: "Take the star from Untitled" }).waitFor();
    await ada.accessible();
    await ada.fitsOnPhone();
    await ada.page.reload();
    await row(ada, "Untitled").getByRole("button", { name: "Take the star from Untitled" }).waitFor();

    await row(ada, "Untitled").getByRole("button", { name: "More about Untitled" }).click();
    await ada.page.getByRole("menuitem", { name: "Delete" }).click();
    await ada.page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await ada.page.getByRole("heading", { name: "Begin with a project" }).waitFor();
    await ada.page.getByRole("radio", { name: "Deleted" }).click();
    await row(ada, "Untitled").getByText("removed for good").waitFor();
    await ada.accessible();
    await row(ada, "Untitled").getByRole("button", { name: "Restore" }).click();
    await ada.page.getByRole("heading", { name: "No deleted projects" }).waitFor();
    await ada.page.getByRole("radio", { name: "All" }).click();
    await row(ada, "Untitled").waitFor();
  });

  test("what is wrong with a new project stands beside its field", async () => {
    const ada = await journey.admin();
    ada.expected(/status of 422/);
    await ada.open("projects");
    await ada.page.getByRole("button", { name: "New project" }).click();
    const dialog = ada.page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("");
    await dialog.getByRole("button", { name: "Create project" }).click();
    await dialog.getByText("Fill this in.").waitFor();
    await dialog.getByRole("radio", { name: "From git" }).click();
    await dialog.getByLabel("Address of the repository").fill("/etc");
    await dialog.getByRole("button", { name: "Create project" }).click();
    await dialog.getByText("Give the https, http, ssh or git address of a repository.").waitFor();
    expect(await dialog.getByLabel("Address of the repository").getAttribute("aria-invalid")).toBe("true");
    await ada.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  test("hundreds of projects are found and scrolled by key", async () => {
    const ada = await journey.admin();
    for (let i = 0; i < 230; i++) await make(ada, `Archive ${String(i).padStart(3, "0")}`);
    await ada.open("projects");
    await row(ada, "Archive 229").waitFor();
    // Only what is near the screen is drawn.
    expect(await ada.page.getByRole("listitem").count()).toBeLessThan(60);
    await ada.page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
    await row(ada, "Archive 000").waitFor();
    await ada.page.getByLabel("Search in the projects").fill("archive 117");
    await row(ada, "Archive 117").waitFor();
    await row(ada, "Archive 229").waitFor({ state: "detached" });
    await ada.page.getByLabel("Search in the projects").fill("nothing like it");
    await ada.page.getByRole("heading", { name: /No project is called/ }).waitFor();
    await ada.page.keyboard.press("Escape");
    await row(ada, "Archive 229").getByRole("link").focus();
    await ada.page.keyboard.press("ArrowDown");
    await ada.page.waitForFunction(() => document.activeElement?.textContent === "Archive 228");
  });

  test("a change of a project's state shows by itself", async () => {
    const ada = await journey.admin();
    const { id } = await make(ada, "Weather station");
    await ada.open("projects");
    await row(ada, "Weather station").getByText("Stopped").waitFor();
    await ada.api("POST", `projects/${id}/start`);
    await row(ada, "Weather station").getByText("Running").waitFor({ timeout: 40_000 });
    await row(ada, "Weather station").getByRole("button", { name: "More about" }).click();
    await ada.page.getByRole("menuitem", { name: "Stop" }).click();
    await row(ada, "Weather station").getByText("Stopped").waitFor({ timeout: 40_000 });
  });

  test("the palette opens a project, and the help sheet tells the keys", async () => {
    const ada = await journey.admin();
    await make(ada, "Coral survey");
    await ada.open("settings");
    await ada.page.getByRole("heading", { name: "Your settings" }).waitFor();
    await ada.page.keyboard.press("Control+k");
    await ada.page.getByRole("combobox").fill("coral");
    await ada.page.getByRole("option", { name: "Coral survey" }).waitFor();
    await ada.accessible();
    await ada.page.keyboard.press("Escape");
    await ada.page.keyboard.press("?");
    await ada.page.getByRole("dialog", { name: "Keys" }).waitFor();
    await ada.accessible();
    await ada.page.keyboard.press("Escape");
    await ada.page.keyboard.press("Control+k");
    await ada.page.keyboard.type("coral");
    await ada.page.getByRole("option", { name: "Coral survey" }).waitFor();
    await ada.page.keyboard.press("Enter");
    await ada.page.waitForURL(/\/projects\/[0-9a-f-]{36}/);
  });

  test("a server that goes away is told, and what changed meanwhile is read", async () => {
    const ada = await journey.admin();
    ada.expected(/Failed to load resource|net::ERR|EventSource/);
    await ada.open("projects");
    await row(ada, "Coral survey").waitFor();
    await ada.context.setOffline(true);
    await ada.page.getByText("Offline: the server is not heard.").waitFor({ timeout: 40_000 });
    const { id } = await (await journey.admin()).api<Project>("POST", "projects", { name: "Made meanwhile" });
    await ada.context.setOffline(false);
    await row(ada, "Made meanwhile").waitFor({ timeout: 40_000 });
    await ada.page.getByText("Offline: the server is not heard.").waitFor({ state: "detached" });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });
});
