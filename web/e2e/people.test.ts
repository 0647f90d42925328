import { afterEach, describe, expect, test } from "vitest";
import { adminEmail, Journey, password } from "./harness.ts";

interface Project {
  id: string;
}

describe("the people and settings of a project", () => {
  const journey = new Journey();
  afterEach(() => journey.over());

  test("an invitation by name is accepted from the list; the project is handed over and left", async () => {
    const ada = await journey.admin();
    const { id } = await ada.api<Project>("POST", "projects", { name: "Tidal model" });
    const grace = await journey.colleague("Grace Hopper", "grace@example.org");
    await grace.open("projects");
    await grace.page.getByRole("heading", { name: "Begin with a project" }).waitFor();

    await ada.open(`projects/${id}/settings`);
    await ada.accessible();
    await ada.fitsOnPhone();
    await ada.page.getByRole("button", { name: "Invite people" }).click();
    await ada.accessible();
    await ada.page.getByRole("searchbox", { name: "Name, or whole mail address" }).fill("grace");
    await ada.page.getByRole("button", { name: "Grace Hopper" }).click();
    await ada.page.getByRole("dialog").getByRole("button", { name: "Invite" }).click();
    await ada.page.getByRole("cell", { name: "Grace Hopper" }).waitFor();

    // It appears in Grace's open page by itself.
    await grace.page.getByText("invites you to “Tidal model”.").waitFor();
    await grace.accessible();
    await grace.page.getByRole("button", { name: "Join" }).click();
    await grace.page.waitForURL(new RegExp(id));

    await ada.page.getByRole("combobox", { name: "Role of Grace Hopper" }).waitFor();
    await ada.page.getByRole("button", { name: "More about Grace Hopper" }).click();
    await ada.page.getByRole("menuitem", { name: "Hand the project over" }).click();
    await ada.page.getByRole("alertdialog").getByRole("button", { name: "Hand over" }).click();
    // Ada still manages it as an administrator, but is no owner any more.
    await ada.page.getByText("an owner can invite you again").waitFor();
    await ada.page.getByRole("button", { name: "Leave" }).click();
    await ada.page.getByRole("alertdialog").getByRole("button", { name: "Leave" }).click();
    await ada.page.getByRole("heading", { name: "Begin with a project" }).waitFor();

    // Grace is the last owner now.
    grace.expected(/status of 409/);
    await grace.open(`projects/${id}/settings`);
    await grace.page.getByRole("button", { name: "Leave" }).click();
    await grace.page.getByRole("alertdialog").getByRole("button", { name: "Leave" }).click();
    await grace.page.getByRole("alertdialog").getByText(/owner/).last().waitFor();
  });

  test("a link lets people join as viewers until it is taken back", async () => {
    const ada = await journey.admin();
    const { id } = await ada.api<Project>("POST", "projects", { name: "Open lecture" });
    await ada.open(`projects/${id}/settings`);
    await ada.page.getByRole("button", { name: "Invite people" }).click();
    await ada.page.getByRole("radio", { name: "By link" }).click();
    await ada.page.getByLabel("For how many people").fill("5");
    await ada.page.getByRole("dialog").getByRole("radio", { name: "Viewer" }).check();
    await ada.page.getByRole("button", { name: "Make the link" }).click();
    const link = await ada.page.getByLabel("Link of the invitation").inputValue();
    await ada.page.getByRole("dialog").getByRole("button", { name: "Close" }).click();

    const alan = await journey.colleague("Alan Turing", "alan@example.org");
    await alan.page.goto(link);
    await alan.page.getByRole("heading", { name: "Join “Open lecture”" }).waitFor();
    await alan.accessible();
    await alan.page.getByRole("button", { name: "Join" }).click();
    await alan.page.waitForURL(new RegExp(id));
    await alan.open(`projects/${id}/settings`);
    await alan.page.getByRole("cell", { name: "Alan Turing (you)" }).waitFor();
    expect(await alan.page.getByRole("heading", { name: "Environment variables" }).count()).toBe(0);

    await ada.page.getByText("4 uses left").waitFor();
    await ada.page.getByRole("button", { name: "Take back" }).click();
    const late = await journey.colleague("Emmy Noether", "emmy@example.org");
    late.expected(/status of 404/);
    await late.page.goto(link);
    await late.page.getByRole("heading", { name: "This invitation no longer holds" }).waitFor();

    // Whoever is removed loses the page at once.
    alan.expected(/status of 404/);
    await ada.page.getByRole("button", { name: "More about Alan Turing" }).click();
    await ada.page.getByRole("menuitem", { name: "Remove from the project" }).click();
    await ada.page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await alan.page.getByRole("heading", { name: "There is no such project" }).waitFor();
  });

  test("name, short name, variables; delete asks for the name", async () => {
    const ada = await journey.admin();
    ada.expected(/status of 422/);
    const { id } = await ada.api<Project>("POST", "projects", { name: "Thesis" });
    await ada.open(`projects/${id}/settings`);
    const slug = ada.page.getByRole("textbox", { name: "Short name" });
    await slug.fill("Not a slug");
    await slug.press("Enter");
    await ada.page.getByText(/Use 1 to 40 of a-z/).waitFor();
    await slug.fill("thesis");
    await slug.press("Enter");
    await ada.page.getByText(/Use 1 to 40 of a-z/).waitFor({ state: "detached" });
    await ada.page.waitForLoadState("networkidle");
    await ada.open("projects/thesis/settings");
    await ada.page.waitForURL(new RegExp(`${id}/settings`));

    await ada.page.getByRole("button", { name: "Set a variable" }).click();
    const dialog = ada.page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("9BAD");
    await dialog.getByLabel("Value").fill("secret value");
    await dialog.getByRole("button", { name: "Set", exact: true }).click();
    await dialog.getByText(/Use letters, digits and _/).waitFor();
    await dialog.getByLabel("Name").fill("API_KEY");
    await dialog.getByRole("button", { name: "Set", exact: true }).click();
    await ada.page.getByRole("cell", { name: "API_KEY", exact: true }).waitFor();
    expect(await ada.page.content()).not.toContain("secret value");

    await ada.page.getByRole("button", { name: "Delete", exact: true }).click();
    const confirm = ada.page.getByRole("alertdialog");
    expect(await confirm.getByRole("button", { name: "Delete" }).isDisabled()).toBe(true);
    await ada.accessible();
    await confirm.getByLabel("Type Thesis to go on").fill("Thesis");
    await confirm.getByRole("button", { name: "Delete" }).click();
    await ada.page.getByRole("button", { name: "Undo" }).click();
    await ada.page.getByRole("link", { name: "Thesis" }).waitFor();
  });
});

describe("below a base path", () => {
  const journey = new Journey({ basePath: "/lyceum/" });
  afterEach(() => journey.over());

  test("signing in, lists, deep links and events work", async () => {
    const ada = await journey.person();
    await ada.open("settings");
    await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(new URL(ada.page.url()).pathname).toBe("/lyceum/sign-in");
    await ada.page.getByLabel("Mail address").fill(adminEmail);
    await ada.page.getByLabel("Password", { exact: true }).fill(password);
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: "Your settings" }).waitFor();
    expect(new URL(ada.page.url()).pathname).toBe("/lyceum/settings");
    await ada.page.getByRole("link", { name: "Projects", exact: true }).click();
    await ada.page.getByRole("heading", { name: "Begin with a project" }).waitFor();
    expect(new URL(ada.page.url()).pathname).toBe("/lyceum/projects");
    // Told by the event stream.
    const { id } = await ada.api<Project>("POST", "projects", { name: "Tides" });
    await ada.page.getByRole("link", { name: "Tides" }).waitFor();
    await ada.page.getByRole("link", { name: "Tides" }).click();
    await ada.page.waitForURL(`**/lyceum/projects/${id}**`);
    await ada.open(`projects/${id}/settings`);
    await ada.page.getByRole("textbox", { name: "Name", exact: true }).waitFor();
    await ada.open("admin");
    await ada.page.getByRole("cell", { name: adminEmail }).waitFor();
    expect(new URL(ada.page.url()).pathname).toBe("/lyceum/admin/people");
  });
});
