import { afterEach, describe, test } from "vitest";
import { Journey } from "./harness.ts";

describe("administration", () => {
  const journey = new Journey();
  afterEach(() => journey.over());

  test("every page can be read by everybody who administers", async () => {
    const ada = await journey.admin();
    await ada.api("POST", "projects", { name: "Tidal model" });
    for (const [path, heading] of [
      ["admin/people", "Invitations to the site"],
      ["admin/projects", "Administration"],
      ["admin/site", "Accounts"],
      ["admin/machine", "Administration"],
      ["admin/audit", "Administration"],
    ] as const) {
      await ada.open(path);
      await ada.page.getByRole("heading", { name: heading }).waitFor();
      await ada.page.waitForLoadState("networkidle");
      await ada.accessible();
      await ada.fitsOnPhone();
    }
    await ada.page.getByRole("cell", { name: "project.create" }).waitFor();
  });

  test("to everybody else the pages are not there", async () => {
    const grace = await journey.colleague("Grace Hopper", "grace@example.org");
    await grace.open("admin/people");
    await grace.page.getByRole("heading", { name: "There is no such page" }).waitFor();
    await grace.accessible();
  });

  test("the site is renamed for all, and its settings are checked", async () => {
    const ada = await journey.admin();
    const alan = await journey.colleague("Alan Turing", "alan@example.org");
    await alan.open("projects");
    await ada.open("admin/site");
    const name = ada.page.getByRole("textbox", { name: "Name of the site" });
    await name.fill("The lab");
    await name.press("Enter");
    await alan.page.getByRole("link", { name: "The lab: projects" }).waitFor();
    await ada.page.getByRole("radio", { name: "By invitation" }).check();
    await ada.page.getByText("Saved.").waitFor();
    const days = ada.page.getByRole("spinbutton", { name: "Grace time, in days" });
    await days.fill("9999");
    await days.press("Enter");
    await ada.page.getByText("This number is out of range.").waitFor();
  });

  test("whoever is suspended is out at once, and comes back", async () => {
    const ada = await journey.admin();
    const emmy = await journey.colleague("Emmy Noether", "emmy@example.org");
    emmy.expected(/status of 40[13]/);
    await emmy.open("projects");
    await emmy.page.getByRole("heading", { name: "Begin with a project" }).waitFor();
    await ada.open("admin/people");
    await ada.page.getByRole("searchbox", { name: "Name or mail address" }).fill("emmy");
    await ada.page.getByRole("button", { name: "More about Emmy Noether" }).click();
    await ada.page.getByRole("menuitem", { name: "Suspend" }).click();
    await ada.page.getByRole("alertdialog").getByRole("button", { name: "Suspend" }).click();
    await ada.page.getByText("suspended", { exact: true }).waitFor();
    await emmy.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await ada.page.getByRole("button", { name: "More about Emmy Noether" }).click();
    await ada.page.getByRole("menuitem", { name: "Lift the suspension" }).click();
    await ada.page.getByText("suspended", { exact: true }).waitFor({ state: "detached" });
    await emmy.signIn("emmy@example.org");
  });
});
