import { afterEach, describe, expect, test } from "vitest";
import { adminEmail, Journey, password } from "./harness.ts";

describe("one's own settings", () => {
  const journey = new Journey();
  afterEach(() => journey.over());

  test("name, colour, theme and keys stay", async () => {
    const ada = await journey.admin();
    await ada.open("settings");
    const name = ada.page.getByRole("textbox", { name: "Name", exact: true });
    await name.fill("Ada Lovelace");
    await ada.page.getByRole("button", { name: "Save" }).first().click();
    await ada.page.getByLabel("Colour 5 of 12").click();
    await expect.poll(() => ada.page.getByLabel("Colour 5 of 12").isChecked()).toBe(true);
    await ada.page.getByRole("combobox", { name: "Keys of the text editor" }).selectOption("vim");
    await ada.page.getByRole("radio", { name: "Dark" }).click();
    await ada.page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
    await ada.page.waitForLoadState("networkidle");
    await ada.page.reload();
    await ada.page.getByRole("radio", { name: "Dark", checked: true }).waitFor();
    expect(await name.inputValue()).toBe("Ada Lovelace");
    expect(await ada.page.getByLabel("Colour 5 of 12").isChecked()).toBe(true);
    expect(await ada.page.getByRole("combobox", { name: "Keys of the text editor" }).inputValue()).toBe(
      "vim",
    );
    await ada.page.getByRole("radio", { name: "System" }).click();
    await ada.page.waitForLoadState("networkidle");
    await ada.accessible();
    await ada.fitsOnPhone();
  });

  test("the search leaves the settings that match", async () => {
    const ada = await journey.admin();
    await ada.open("settings");
    await ada.page.getByRole("searchbox", { name: "Search in the settings" }).fill("vim");
    await ada.page.getByRole("heading", { name: "Keys of the text editor" }).waitFor();
    await ada.page.getByRole("heading", { name: "Password" }).waitFor({ state: "hidden" });
    await ada.page.getByRole("searchbox", { name: "Search in the settings" }).fill("no such thing");
    await ada.page.getByText("No setting is called that.").waitFor();
  });

  test("another browser is signed out from here, and says so at once", async () => {
    const ada = await journey.admin();
    const elsewhere = await journey.admin();
    elsewhere.expected(/status of 401/);
    await elsewhere.open("projects");
    await elsewhere.page.getByRole("heading", { name: "Begin with a project" }).waitFor();
    await ada.open("settings");
    await ada.page
      .getByRole("button", { name: /^Sign out Chrome/ })
      .first()
      .waitFor();
    await ada.page.getByRole("button", { name: "Sign out all others" }).click();
    await elsewhere.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await elsewhere.page.getByText("You were signed out.").waitFor();
    await elsewhere.accessible();
    await elsewhere.page.getByLabel("Mail address").fill(adminEmail);
    await elsewhere.page.getByLabel("Password", { exact: true }).fill(password);
    await elsewhere.page.keyboard.press("Enter");
    await elsewhere.page.getByRole("heading", { name: "Begin with a project" }).waitFor();
  });

  test("a token is shown once and works until it is removed", async () => {
    const ada = await journey.admin();
    await ada.open("settings");
    await ada.page.getByRole("button", { name: "Make a token" }).click();
    const dialog = ada.page.getByRole("dialog");
    await ada.accessible();
    await dialog.getByLabel("Name").fill("laptop");
    await dialog.getByRole("radio", { name: "Read", exact: false }).first().check();
    await dialog.getByRole("button", { name: "Make the token" }).click();
    const token = await dialog.getByLabel("Token", { exact: true }).inputValue();
    await ada.accessible();
    await dialog.getByRole("button", { name: "Close" }).click();
    await ada.page.getByRole("cell", { name: "laptop", exact: true }).waitFor();
    expect(await ada.page.content()).not.toContain(token);
    const ask = () =>
      fetch(new URL("api/v1/account", journey.site.url), { headers: { Authorization: `Bearer ${token}` } });
    expect((await ask()).status).toBe(200);
    await ada.page.getByRole("button", { name: "Remove laptop" }).click();
    await ada.page.getByText("No tokens yet").waitFor();
    expect((await ask()).status).toBe(401);
  });

  test("the password is changed with the present one only", async () => {
    const ada = await journey.admin();
    ada.expected(/status of 422/);
    await ada.open("settings");
    const fill = async (current: string, next: string, again: string) => {
      await ada.page.getByLabel("Present password").fill(current);
      await ada.page.getByLabel("New password", { exact: true }).fill(next);
      await ada.page.getByLabel("New password again").fill(again);
      await ada.page.getByRole("button", { name: "Change the password" }).click();
    };
    await fill("wrong password", "a new long password", "another one");
    await ada.page.getByText("This is not the same password.").waitFor();
    await fill("wrong password", "a new long password", "a new long password");
    await ada.page.getByText("This is not your present password.").waitFor();
    await fill(password, "a new long password", "a new long password");
    await ada.page.getByText("The password is changed.").waitFor();
    expect(await ada.page.getByLabel("Present password").inputValue()).toBe("");
  });
});
