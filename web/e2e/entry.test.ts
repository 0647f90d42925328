import { afterEach, describe, expect, test } from "vitest";
import { adminEmail, Journey, password } from "./harness.ts";

describe("a new site", () => {
  const journey = new Journey({ setup: true });
  afterEach(() => journey.over());

  test("the set-up link makes the first administrator, once", async () => {
    const ada = await journey.person();
    await ada.open("");
    await ada.page.getByText("no administrator yet").waitFor();
    await ada.accessible();

    await ada.page.goto(journey.site.setupLink);
    await ada.page.getByRole("heading", { name: "Set up this site" }).waitFor();
    expect(ada.page.url()).not.toContain("#");
    await ada.accessible();
    await ada.fitsOnPhone();
    await ada.page.getByLabel("Name of the site").fill("The lab");
    await ada.page.getByRole("button", { name: "Set up" }).click();
    await ada.page.getByText("Fill this in.").first().waitFor();
    await ada.page.getByLabel("Your name").fill("Ada Lovelace");
    await ada.page.getByLabel("Mail address").fill(adminEmail);
    await ada.page.getByLabel("Password", { exact: true }).fill("short");
    await ada.page.getByRole("button", { name: "Set up" }).click();
    await ada.page.getByText("Use at least 10 characters.").waitFor();
    await ada.page.getByLabel("Password", { exact: true }).fill(password);
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: "Begin with a project" }).waitFor();
    await ada.page.getByText("The lab").waitFor();
    await ada.page.reload();
    await ada.page.getByRole("heading", { name: "Begin with a project" }).waitFor();

    const late = await journey.person();
    await late.page.goto(journey.site.setupLink);
    await late.page.getByRole("heading", { name: "This site is set up" }).waitFor();
    await late.accessible();
  });

  test("signing in goes on to where one wanted to go, and out again", async () => {
    const ada = await journey.person();
    ada.expected(/status of 401/);
    await ada.open("settings?x=1#tokens");
    await ada.page.getByLabel("Mail address").fill(adminEmail);
    await ada.page.getByLabel("Password", { exact: true }).fill("not the password");
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("alert").getByText("The mail address or the password is wrong.").waitFor();
    await ada.accessible();
    await ada.page.getByLabel("Password", { exact: true }).fill(password);
    await ada.page.keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: "Your settings" }).waitFor();
    await ada.page.getByRole("button", { name: "Your account" }).click();
    await ada.page.getByRole("menuitem", { name: "Sign out" }).click();
    await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await ada.open("projects");
    await ada.page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  test("an invitation to the site makes an account while sign-up is closed", async () => {
    const ada = await journey.admin();
    await ada.open("admin/people");
    await ada.page.getByRole("button", { name: "Invite to the site" }).click();
    await ada.accessible();
    await ada.page.getByRole("button", { name: "Make the link" }).click();
    const link = await ada.page.getByLabel("Link of the invitation").inputValue();

    const grace = await journey.person();
    await grace.open("sign-up");
    await grace.page.getByRole("heading", { name: "New accounts need an invitation" }).waitFor();
    await grace.page.goto(link);
    await grace.page.getByText("Ada Lovelace invites you.").waitFor();
    await grace.accessible();
    await grace.page.getByRole("link", { name: "Make an account" }).click();
    await grace.page.getByLabel("Your name").fill("Grace Hopper");
    await grace.page.getByLabel("Mail address").fill(adminEmail);
    await grace.page.getByLabel("Password", { exact: true }).fill(password);
    await grace.accessible();
    await grace.fitsOnPhone();
    grace.expected(/status of 409/);
    await grace.page.getByRole("button", { name: "Make the account" }).click();
    await grace.page.getByText(/already|taken/i).waitFor();
    await grace.page.getByLabel("Mail address").fill("grace@example.org");
    await grace.page.getByRole("button", { name: "Make the account" }).click();
    await grace.page.getByRole("heading", { name: "Begin with a project" }).waitFor();

    const late = await journey.person();
    late.expected(/status of 404/);
    await late.page.goto(link);
    await late.page.getByRole("heading", { name: "This invitation no longer holds" }).waitFor();
  });
});
