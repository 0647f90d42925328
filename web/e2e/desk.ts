// A workspace as a person sees it: the words of the journeys that are about one.
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import type { Person } from "./harness.ts";

/** What a browser notes when a connection is broken on purpose, or a file is looked for that is gone. */
export const broken = [/WebSocket/, /net::ERR_/, /status of 50[234]/, /Failed to load resource/];

/** A project that is open in a person's browser. */
export class Desk {
  readonly person: Person;
  readonly page: Page;
  readonly project: string;

  constructor(person: Person, project: string) {
    this.person = person;
    this.page = person.page;
    this.project = project;
  }

  /** Opens the workspace, and waits until the project's files are there. */
  async open(path = ""): Promise<void> {
    // Without WebGL the terminal is drawn with elements, whose text can be read.
    await this.page.addInitScript(() => {
      const get = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (
        this: HTMLCanvasElement,
        kind: string,
        ...rest: unknown[]
      ) {
        return kind.startsWith("webgl") ? null : Reflect.apply(get, this, [kind, ...rest]);
      } as typeof get;
    });
    await this.person.open(`projects/${this.project}${path}`);
    await this.ready();
  }

  async ready(): Promise<void> {
    await this.page.getByRole("banner").getByText("Running").waitFor();
  }

  /** The row of a file or folder in the explorer. */
  row(name: string): Locator {
    return this.page.getByRole("treeitem", { name, exact: true });
  }

  /** Opens a file from the explorer; its live document is there when this returns. */
  async openFile(name: string): Promise<void> {
    await this.row(name).click();
    await this.saved();
  }

  /** The text editor that is on the screen. */
  get editor(): Locator {
    return this.page.locator(".cm-content:visible").first();
  }

  /** The text in it, without the names of others. */
  async text(): Promise<string> {
    const lines = await this.editor.locator(".cm-line").evaluateAll((found) =>
      found.map((line) => {
        const copy = line.cloneNode(true) as HTMLElement;
        for (const peer of copy.querySelectorAll(".cm-peer")) peer.remove();
        return copy.textContent ?? "";
      }),
    );
    return lines.join("\n");
  }

  /** Waits until the text has a part. */
  async shows(part: string): Promise<void> {
    await expect.poll(() => this.text(), { timeout: 15_000 }).toContain(part);
  }

  /** Types at the end of a line; line from 1. */
  async type(line: number, text: string): Promise<void> {
    await this.editor
      .locator(".cm-line")
      .nth(line - 1)
      .click();
    await this.page.keyboard.press("End");
    await this.page.keyboard.type(text);
  }

  /** Waits until the document on the screen is saved. */
  async saved(): Promise<void> {
    await this.page.locator('[data-saved="saved"]').waitFor();
  }

  async state(): Promise<string | null> {
    return this.page.locator("[data-saved]").getAttribute("data-saved");
  }

  /** The terminal on the screen. */
  get terminal(): Locator {
    return this.page.locator(".xterm-rows:visible").first();
  }

  /** What the terminal shows, a row a line. */
  async printed(): Promise<string> {
    const rows = await this.terminal.locator("> div").allTextContents();
    return rows.map((r) => r.replaceAll("\u00a0", " ").trimEnd()).join("\n");
  }

  /** Waits until the terminal shows a part. */
  async prints(part: string | RegExp): Promise<void> {
    await expect.poll(() => this.printed(), { timeout: 20_000 }).toMatch(part);
  }

  /** Opens a terminal by its key, and waits for the shell. */
  async openTerminal(): Promise<void> {
    await this.page.keyboard.press("Control+`");
    await this.prints(/\$ ?$/m);
  }

  /** Where a path of the project is on the disk. */
  path(path: string): string {
    return join(this.person.site.data, "projects", this.project, path);
  }

  read(path: string): string {
    return readFileSync(this.path(path), "utf8");
  }

  write(path: string, text: string | Uint8Array): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  /** Waits until a file on the disk is so. */
  async onDisk(path: string, want: string): Promise<void> {
    await expect.poll(() => this.read(path), { timeout: 15_000 }).toBe(want);
  }

  /** The process of the project's server, on this machine. */
  serverPid(): number {
    for (const file of globSync("/proc/[0-9]*/cmdline")) {
      const args = cmdline(file).split("\0");
      const own = args.includes("project-server") && args.includes(this.project) && !args.includes("--init");
      // The wrapper that confines it names its arguments too.
      if (own && args[0]?.includes("lyceum")) return Number(file.split("/")[2]);
    }
    throw new Error("the project's server does not run");
  }
}

function cmdline(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // it ended meanwhile
  }
}

/** Makes a project with files in it, running. */
export async function makeProject(
  owner: Person,
  name: string,
  files: Record<string, string | Buffer> = {},
): Promise<string> {
  const { id } = await owner.api<{ id: string }>("POST", "projects", { name });
  await owner.api("POST", `projects/${id}/start`);
  await expect
    .poll(async () => (await owner.api<{ state: { phase: string } }>("GET", `projects/${id}`)).state.phase, {
      timeout: 30_000,
    })
    .toBe("running");
  for (const [path, body] of Object.entries(files)) {
    const url = new URL(`p/${id}/files/${path}?parents=1`, owner.site.url);
    const answer = await owner.context.request.put(url.href, { data: body, headers: { Origin: url.origin } });
    expect(answer.status(), await answer.text()).toBe(200);
  }
  return id;
}

/** Makes a person a member of a project. */
export async function addMember(
  owner: Person,
  project: string,
  member: Person,
  role: "editor" | "viewer",
): Promise<void> {
  const { id } = await member.api<{ id: string }>("GET", "account");
  await owner.api("POST", `projects/${project}/invitations`, { account: id, role });
  const offers = await member.api<{ id: string; projectId: string }[]>("GET", "account/invitations");
  const offer = offers.find((o) => o.projectId === project);
  if (offer === undefined) throw new Error("there is no invitation");
  await member.api("POST", `account/invitations/${offer.id}/accept`);
}
