import { afterEach, describe, expect, test } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { pdf, png, wav } from "./samples.ts";

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><script>document.title = "ran"; parent.ran = 1</script><rect width="80" height="40" fill="teal" onload="parent.ran = 1"/></svg>`;
const tides = `place,depth\n${Array.from({ length: 3000 }, (_, i) => `p${i},${(i * 37) % 1000}`).join("\n")}\n`;

describe("files that are looked at", () => {
  const journey = new Journey();
  afterEach(() => journey.over());
  let id = "";
  /** The project, made by the first journey. */
  async function prepare() {
    if (id !== "") return;
    const ada = await journey.admin();
    id = await makeProject(ada, "Previews", {
      "a.png": png(64, 32),
      "b.png": png(20, 20),
      "huge.png": png(1, 1, { width: 100_000, height: 100_000 }),
      "text.png": "this is no picture",
      "drawing.svg": drawing,
      "paper.pdf": pdf(500),
      "broken.pdf": "%PDF-1.4 and nothing more",
      "tone.wav": wav(),
      "mute.mp4": "no film at all",
      "tides.csv": tides,
      "latin.txt": Buffer.from("caf\xe9 au lait\n", "latin1"),
      "list.json": `{"name": "Tides", "big": 12345678901234567890, "list": [${Array.from({ length: 1200 }, (_, i) => i).join(", ")}]}`,
      "bad.json": '{\n  "a": 1,\n}\n',
      "data.bin": Buffer.from(Uint8Array.from({ length: 70_000 }, (_, i) => (i === 65_540 ? 0xee : i % 7))),
      "empty.bin": "",
    });
    const grace = await journey.colleague("Grace Hopper", "grace@example.org");
    await addMember(ada, id, grace, "viewer");
    await ada.context.close();
    await grace.context.close();
  }

  async function desk(): Promise<Desk> {
    await prepare();
    const d = new Desk(await journey.admin(), id);
    d.person.expected(/status of 400/); // tabs are kept, that of the picture that is none too
    await d.open();
    return d;
  }
  const look = (d: Desk, name: string) => d.row(name).click();

  test("a table: keys, sorting, filter, copying, and the same file as text and back", async () => {
    const d = await desk();
    await look(d, "tides.csv");
    const grid = d.page.getByRole("grid");
    await d.page.getByText("3,000 rows · 2 columns").waitFor();
    await d.page.getByRole("gridcell", { name: "p0", exact: true }).click();
    await grid.focus();
    await d.page.keyboard.press("Control+End");
    await d.page.getByRole("gridcell", { name: "p2999", exact: true }).waitFor();
    await d.page.keyboard.press("Control+Home");
    await d.page.keyboard.press("Shift+ArrowRight");
    await d.page.keyboard.press("Shift+ArrowDown");
    await d.page.keyboard.press("Control+c");
    await d.page.getByText("2 rows are on the clipboard").waitFor();
    expect(await d.page.evaluate(() => navigator.clipboard.readText())).toBe("p0\t0\np1\t37");
    await d.person.accessible();
    await d.page.getByRole("button", { name: "depth" }).click();
    await d.page.getByRole("button", { name: "depth" }).click();
    await d.page.getByRole("gridcell", { name: "999", exact: true }).first().waitFor();
    await d.page.getByLabel("Rows with this text").fill("p299");
    await d.page.getByText("11 of 3,000 rows").waitFor();
    await d.person.fitsOnPhone();
    d.write("tides.csv", "place,depth\nnew,1\n");
    await d.page.getByLabel("Rows with this text").fill("");
    await d.page.getByRole("gridcell", { name: "new", exact: true }).waitFor();
    await d.page.getByRole("button", { name: "Edit as text" }).click();
    await d.shows("new,1");
    await d.page.getByRole("button", { name: "Show as: Table" }).click();
    await grid.waitFor();
  });

  test("pictures: size, zoom, the next one, one that is too large, one that is none", async () => {
    const d = await desk();
    await look(d, "a.png");
    await d.page.getByText("64 × 32").waitFor();
    await d.page.getByRole("img", { name: "a.png" }).waitFor();
    await d.person.accessible();
    await d.page.getByRole("group", { name: "Picture a.png" }).focus();
    await d.page.keyboard.press("+");
    await d.page.getByRole("button", { name: "125 %: show at actual size" }).waitFor();
    await d.page.keyboard.press("0");
    await d.page.keyboard.press("ArrowRight");
    await d.page.getByText("20 × 20").waitFor();
    await d.page.getByRole("tab", { name: /b\.png/ }).waitFor();
    d.write("b.png", png(30, 30));
    await d.page.getByText("30 × 30").waitFor();
    await look(d, "huge.png");
    await d.page.getByText("The picture has 10000 million pixels").waitFor();
    await look(d, "text.png");
    await d.page.getByText("This is not a picture").waitFor();
  });

  test("a drawing is a picture in which nothing runs", async () => {
    const d = await desk();
    await look(d, "drawing.svg");
    const img = d.page.getByRole("img", { name: "drawing.svg" });
    await img.waitFor();
    await d.page.getByText("80 × 40").waitFor();
    expect(await img.getAttribute("src")).toMatch(/^data:image\/svg\+xml/);
    expect(await d.page.title()).not.toBe("ran");
    expect(await d.page.evaluate(() => "ran" in window)).toBe(false);
    await d.page.getByRole("button", { name: "Edit as text" }).click();
    await d.shows("<script>");
  });

  test("a PDF of 500 pages: go to one, find, zoom, a link asks, a broken one is told", async () => {
    const d = await desk();
    await look(d, "paper.pdf");
    await d.page.getByText("of 500").waitFor();
    await d.page.getByText("This is page 1 of the tides").waitFor();
    await d.person.accessible();
    await d.page.getByLabel("Page", { exact: true }).fill("400");
    await d.page.keyboard.press("Enter");
    await d.page.getByText("This is page 400 of the tides").waitFor();
    // Pages that are far away are not drawn.
    expect(await d.page.locator(".pdfViewer canvas").count()).toBeLessThan(20);
    // It was built again, and is still at its page.
    d.write("paper.pdf", pdf(450));
    await d.page.getByText("of 450").waitFor();
    await d.page.getByText("This is page 400 of the tides").waitFor();
    await d.page.getByLabel("Find in the pages").fill("page 7 of");
    await d.page.getByText("This is page 7 of the tides").waitFor();
    await d.page.getByLabel("Page", { exact: true }).fill("1");
    await d.page.keyboard.press("Enter");
    await d.page.locator(".annotationLayer a").first().click();
    await d.page.getByRole("alertdialog").getByText("https://example.org/tides").waitFor();
    await d.page.getByRole("button", { name: "Cancel" }).click();
    await look(d, "broken.pdf");
    await d.page.getByText("This is no PDF").waitFor();
  });

  test("sound plays; what is no film is told", async () => {
    const d = await desk();
    d.person.expected(...broken);
    await look(d, "tone.wav");
    const audio = d.page.locator("audio");
    await expect.poll(() => audio.evaluate((a: HTMLAudioElement) => a.duration), { timeout: 10_000 }).toBe(1);
    await look(d, "mute.mp4");
    await d.page.getByText("This browser cannot play the file").waitFor();
  });

  test("JSON: unfold by keys, find, no number rounded, a mistake has a place", async () => {
    const d = await desk();
    await look(d, "list.json");
    const tree = d.page.getByRole("tree", { name: /JSON of/ });
    await tree.getByText("12345678901234567890").waitFor();
    await tree.focus();
    await d.page.keyboard.press("ArrowDown");
    await d.page.keyboard.press("ArrowDown");
    await d.page.keyboard.press("ArrowDown");
    await d.page.keyboard.press("ArrowRight");
    await tree.getByText("1000 … 1199").waitFor();
    await d.person.accessible();
    await d.page.getByLabel("Find in keys and values").fill("1100");
    await d.page.keyboard.press("Enter");
    await d.page.getByText("$.list[1100]", { exact: true }).waitFor();
    await d.page.getByRole("button", { name: "Copy path" }).click();
    await d.page.getByText("It is on the clipboard").waitFor();
    expect(await d.page.evaluate(() => navigator.clipboard.readText())).toBe("$.list[1100]");
    await look(d, "bad.json");
    await d.page.getByText("Line 3, column 1").waitFor();
  });

  test("bytes: offsets, finding, copying; text of another encoding; an empty file; a file that goes", async () => {
    const d = await desk();
    d.person.expected(/status of 416/); // it asks for what was there before the file shrank
    await look(d, "data.bin");
    await d.page.getByText("Not text").waitFor();
    await d.person.accessible();
    await d.page.getByLabel("Go to an offset, hexadecimal").fill("10000");
    await d.page.keyboard.press("Enter");
    await d.page.getByText("Offset 00010000 (65536)").waitFor();
    await d.page.getByLabel("Find bytes or text").fill("ee");
    await d.page.keyboard.press("Enter");
    await d.page.getByText("Offset 00010004 (65540): ee").waitFor();
    await d.page.getByRole("button", { name: "Copy" }).click();
    await d.page.getByText("1 byte is on the clipboard").waitFor();
    await look(d, "latin.txt");
    await d.page.getByText("café au lait").waitFor();
    await d.page.getByRole("button", { name: "Latin 1" }).waitFor();
    d.write("data.bin", "short\u0000");
    await d.page.getByRole("tab", { name: /data\.bin/ }).click();
    await d.page.getByText("6 B").first().waitFor();
    // By the menu, any file in any way.
    await look(d, "b.png");
    await d.page.getByRole("button", { name: "Open as", exact: true }).click();
    await d.page.getByRole("menuitemradio", { name: "Bytes (hex)" }).click();
    await d.page.getByText("Offset 00000000 (0): 89").waitFor();
  });

  test("a viewer sees what they may read", async () => {
    await prepare();
    const grace = await journey.person();
    await grace.api("POST", "sessions", { email: "grace@example.org", password: "correct horse battery" });
    const d = new Desk(grace, id);
    grace.expected(/status of 403/); // a part of the page asks for what a viewer has not
    await d.open();
    await look(d, "a.png");
    await d.page.getByText("64 × 32").waitFor();
    await look(d, "list.json");
    await d.page.getByRole("button", { name: "Read as text" }).waitFor();
  });
});
