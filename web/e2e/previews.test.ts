import type { Locator } from "playwright-core";
import { afterEach, describe, expect, test } from "vitest";
import { addMember, broken, Desk, makeProject } from "./desk.ts";
import { Journey } from "./harness.ts";
import { avif, gif, pdf, png, tiff, wav } from "./samples.ts";

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><script>document.title = "ran"; parent.ran = 1</script><rect width="80" height="40" fill="teal" onload="parent.ran = 1"/></svg>`;
const tides = `place,depth\n${Array.from({ length: 3000 }, (_, i) => `p${i},${(i * 37) % 1000}`).join("\n")}\n`;

/** A picture that ends after it has said how large it is. */
const damaged = avif.subarray(0, 210);

/** A GIF of one pixel whose header says that it has as many on each side as one likes. */
function claiming(side: number): Buffer {
  const bytes = gif(1, 1, 1);
  bytes.writeUInt16LE(side, 6);
  bytes.writeUInt16LE(side, 8);
  return bytes;
}

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
      "locked.pdf": pdf(3, { password: "sesame" }),
      "chapters.pdf": pdf(30, {
        chapters: [
          { title: "Spring tides", page: 4 },
          { title: "At the equinox", page: 12, deep: true },
          { title: "Neap tides", page: 25 },
        ],
      }),
      "kinds/a.tif": tiff(30, 20),
      "kinds/odd.tif": tiff(30, 20, 6),
      "kinds/huge.tif": tiff(1, 1).fill(0),
      "kinds/b.avif": avif,
      "kinds/cut.avif": damaged,
      "bombs/frames.gif": gif(4000, 4000, 300),
      "bombs/large.gif": gif(5000, 5200, 100),
      "bombs/claims.gif": claiming(60_000),
      "tone.wav": wav(),
      "mute.mp4": "no film at all",
      "tides.csv": tides,
      "latin.txt": Buffer.from("caf\xe9 au lait\n", "latin1"),
      "cyrillic.txt": Buffer.from("\xcf\xf0\xe8\xe2\xe5\xf2 and more\n", "latin1"),
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
  const tree = (d: Desk) => d.page.getByRole("tree", { name: "Files of the project" });
  /** How large it is shown, in percent of its size. */
  const percent = async (d: Desk) => {
    const name = await d.page.getByRole("button", { name: /show at actual size/ }).getAttribute("aria-label");
    return Number.parseInt(name ?? "", 10);
  };
  /** Two fingers that move apart from the middle of a place, until they are so many times as far apart. */
  const pinch = async (d: Desk, place: Locator, times: number) => {
    const box = await place.boundingBox();
    if (box === null) throw new Error("the place is not to be seen");
    const cdp = await d.page.context().newCDPSession(d.page);
    await cdp.send("Emulation.setTouchEmulationEnabled", { enabled: true, maxTouchPoints: 2 });
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const fingers = (far: number) => [
      { x: x - far, y, id: 1 },
      { x: x + far, y, id: 2 },
    ];
    await cdp.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: fingers(40) });
    for (let step = 1; step <= 8; step++) {
      const far = 40 * (1 + ((times - 1) * step) / 8);
      await cdp.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: fingers(far) });
    }
    await cdp.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await cdp.send("Emulation.setTouchEmulationEnabled", { enabled: false });
    await cdp.detach();
  };

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

  test("a PDF with a password asks for it, says when it is wrong, and opens by keys", async () => {
    const d = await desk();
    await d.row("locked.pdf").click();
    await tree(d).focus();
    await d.page.keyboard.press("Enter");
    await d.page.getByRole("heading", { name: "The file is encrypted" }).waitFor();
    const field = d.page.getByLabel("Its password");
    await expect.poll(() => field.evaluate((e) => e === document.activeElement)).toBe(true);
    await d.person.accessible();
    await d.page.keyboard.type("open\n");
    await d.page.getByText("This is not its password.").waitFor();
    await d.person.accessible();
    expect(await d.page.locator(".pdfViewer canvas").count()).toBe(0);
    await field.fill("sesame");
    await d.page.getByRole("button", { name: "Open", exact: true }).click();
    await d.page.getByText("This is page 1 of the tides").waitFor();
    await d.page.getByText("of 3", { exact: true }).waitFor();
  });

  test("a PDF with an outline: chapters by mouse and by keys, its keys, and two fingers", async () => {
    const d = await desk();
    await look(d, "chapters.pdf");
    await d.page.getByText("This is page 1 of the tides").waitFor();
    const page = d.page.getByLabel("Page", { exact: true });
    await d.page.getByRole("button", { name: "Outline" }).click();
    const outline = d.page.getByRole("navigation", { name: "Outline" });
    await outline.getByRole("button", { name: "Neap tides" }).click();
    await d.page.getByText("This is page 25 of the tides").waitFor();
    await expect.poll(() => page.inputValue()).toBe("25");
    await outline.getByRole("button", { name: "At the equinox" }).press("Enter");
    await d.page.getByText("This is page 12 of the tides").waitFor();
    await d.person.accessible();
    await outline.getByRole("button", { name: "At the equinox" }).press("ArrowRight");
    await expect.poll(() => page.inputValue()).toBe("13");
    const pages = d.page.getByRole("document", { name: "Pages of chapters.pdf" });
    await pages.press("1");
    await d.page.getByRole("button", { name: "100 %: show at actual size" }).waitFor();
    await pages.press("+");
    await d.page.getByRole("button", { name: "120 %: show at actual size" }).waitFor();
    await pages.press("-");
    await d.page.getByRole("button", { name: "100 %: show at actual size" }).waitFor();
    await pages.hover();
    await d.page.keyboard.down("Control"); // as the touchpad of a laptop tells a pinch
    await d.page.mouse.wheel(0, -100);
    await d.page.keyboard.up("Control");
    await expect.poll(() => percent(d)).toBeGreaterThan(140);
    await pages.press("1");
    await pinch(d, pages, 2);
    await expect.poll(() => percent(d)).toBeGreaterThan(150);
    await pages.press("Home");
    await expect.poll(() => page.inputValue()).toBe("1");
    await pages.press("End");
    await d.page.getByText("This is page 30 of the tides").waitFor();
    await d.person.fitsOnPhone();
    await d.page.setViewportSize({ width: 390, height: 844 });
    const bar = d.page.getByRole("toolbar", { name: "What can be done with the file" });
    await expect.poll(async () => (await bar.boundingBox())?.height ?? 999).toBeLessThanOrEqual(80);
    await d.person.accessible();
  });

  test("TIFF and AVIF are shown; what the browser cannot show is told, with the way to have it", async () => {
    const d = await desk();
    await look(d, "kinds");
    await look(d, "a.tif");
    const shown = (name: string) =>
      d.page.getByRole("img", { name }).evaluate((e) => (e as HTMLImageElement).naturalWidth);
    await d.page.getByText("30 × 20").waitFor();
    await expect.poll(() => shown("a.tif")).toBe(30);
    await look(d, "b.avif");
    await d.page.getByText("2 × 2").waitFor();
    await expect.poll(() => shown("b.avif")).toBe(2);
    await look(d, "cut.avif");
    await d.page.getByText("This browser cannot show the picture").waitFor();
    await d.person.accessible();
    let coming = d.page.waitForEvent("download");
    await d.page.getByRole("button", { name: "Download" }).last().click();
    expect((await coming).suggestedFilename()).toBe("cut.avif");
    // It is whole now: the same tab shows it.
    d.write("kinds/cut.avif", avif);
    await expect.poll(() => shown("cut.avif"), { timeout: 15_000 }).toBe(2);
    d.person.expected(/status of 4(13|22)/);
    await look(d, "odd.tif");
    await d.page
      .getByText(/cannot be (shown|decoded|read)|not a picture|damaged/)
      .first()
      .waitFor();
    coming = d.page.waitForEvent("download");
    await d.page.getByRole("button", { name: "Download" }).last().press("Enter");
    expect((await coming).suggestedFilename()).toBe("odd.tif");
    await look(d, "huge.tif");
    await d.page.getByText("This is not a picture").waitFor();
  });

  test("pictures that are bombs are bounded, and the page goes on answering", async () => {
    const d = await desk();
    await look(d, "huge.png");
    await d.page.getByText("The picture has 10000 million pixels, too many to be shown here.").waitFor();
    const coming = d.page.waitForEvent("download");
    await d.page.getByRole("button", { name: "Download" }).last().click();
    expect((await coming).suggestedFilename()).toBe("huge.png");
    await d.person.accessible();
    await look(d, "bombs");
    await look(d, "claims.gif");
    await d.page.getByText("The picture has 3600 million pixels").waitFor();
    // Its first frame, made smaller by the server.
    await look(d, "large.gif");
    await d.page.getByText("5000 × 5200").waitFor();
    await d.page.getByRole("button", { name: "Load full size" }).waitFor();
    const large = d.page.getByRole("img", { name: "large.gif" });
    await expect.poll(() => large.evaluate((e) => (e as HTMLImageElement).naturalWidth)).toBe(2048);
    // 4,800 million pixels in 300 frames: the browser draws them as it can, and keys are heard all the while.
    await look(d, "frames.gif");
    await d.page.getByRole("img", { name: "frames.gif" }).waitFor();
    await d.page.getByRole("group", { name: "Picture frames.gif" }).focus();
    for (const [key, want] of [
      ["1", "100 %"],
      ["+", "125 %"],
      ["-", "100 %"],
    ] as const) {
      await d.page.keyboard.press(key);
      await d.page.getByRole("button", { name: `${want}: show at actual size` }).waitFor();
    }
    await look(d, "claims.gif");
    await d.page.getByText("The picture has 3600 million pixels").waitFor();
  });

  test("a picture is zoomed by keys, wheel and two fingers, and moved", async () => {
    const d = await desk();
    await look(d, "a.png");
    await d.page.getByText("64 × 32").waitFor();
    const stage = d.page.getByRole("group", { name: "Picture a.png" });
    const img = d.page.getByRole("img", { name: "a.png" });
    await stage.focus();
    await d.page.keyboard.press("+");
    await d.page.keyboard.press("+");
    expect(await percent(d)).toBe(156);
    await d.page.keyboard.press("1");
    expect(await percent(d)).toBe(100);
    await pinch(d, stage, 3);
    expect(await percent(d)).toBeGreaterThan(250);
    const before = await img.boundingBox();
    await d.page.keyboard.press("ArrowLeft"); // larger than it is: moved, not the next one
    await expect.poll(async () => (await img.boundingBox())?.x).toBe((before?.x ?? 0) + 60);
    await d.page.keyboard.press("0");
    expect(await percent(d)).toBe(100);
    await stage.hover();
    await d.page.mouse.wheel(0, -400);
    await expect.poll(() => percent(d)).toBeGreaterThan(200);
    await stage.dblclick();
    await expect.poll(() => percent(d)).toBe(100);
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
    await d.page.getByText("café au lait").waitFor(); // edited, and written back as it is
    await d.page.getByText("Latin 1 (Windows-1252)").waitFor();
    await look(d, "cyrillic.txt"); // not known, so read by lines
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
