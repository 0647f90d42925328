// Files that are not written in UTF-8: edited as any other, and written as they were.
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { shots } from "./shots.ts";

describe("a file in Windows-1252", () => {
  const journey = new Journey();
  afterEach(() => journey.over());

  const menu = Buffer.from("Crème brûlée, 4 \x80\n", "latin1");

  async function open(): Promise<{ d: Desk; bytes: () => Buffer }> {
    const ada = await journey.admin();
    const d = new Desk(ada, await makeProject(ada, "Café", { "menu.txt": menu }));
    await d.open();
    await d.openFile("menu.txt");
    return { d, bytes: () => readFileSync(d.path("menu.txt")) };
  }

  test("stays so, until somebody types what it cannot hold and has it written as UTF-8", async () => {
    const { d, bytes } = await open();
    await d.shows("Crème brûlée, 4 €");
    const said = d.page.getByRole("contentinfo").getByText("Windows-1252");
    await said.waitFor();
    await d.type(1, " à la carte");
    const kept = Buffer.from("Crème brûlée, 4 \x80 à la carte\n", "latin1");
    await expect.poll(() => bytes().toString("latin1")).toBe(kept.toString("latin1"));

    // A letter of Latvian: the text is kept, the file stays what it was, and it is said why.
    await d.type(1, ", rīts");
    const notice = d.page.getByText("which has no “ī”");
    await notice.waitFor();
    await d.page.locator('[data-saved="problem"]').waitFor();
    expect(bytes().equals(kept)).toBe(true);
    await d.person.accessible();
    await d.person.fitsOnPhone();
    await shots(d, "encoding");

    // Taking the letter away is one way out.
    for (const _ of "īts") await d.page.keyboard.press("Backspace");
    await notice.waitFor({ state: "detached" });
    await expect.poll(() => bytes().toString("latin1")).toContain("carte, r\n");

    // The other one is the button, by keys: nothing is lost, and from then on any letter will do.
    await d.page.keyboard.type("īts");
    await notice.waitFor();
    const write = d.page.getByRole("button", { name: "Write the file as UTF-8" });
    await write.focus();
    await d.page.keyboard.press("Enter");
    await notice.waitFor({ state: "detached" });
    await expect.poll(() => bytes().toString("utf8")).toBe("Crème brûlée, 4 € à la carte, rīts\n");
    await said.waitFor({ state: "detached" });
    await d.type(1, " ☕");
    await d.saved();
    await expect.poll(() => bytes().toString("utf8")).toBe("Crème brûlée, 4 € à la carte, rīts ☕\n");
  });
});
