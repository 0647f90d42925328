// The browser side of a journey: people, each with a browser of their own, and
// what every page must hold to: no error in the console, and clean by axe.
import { existsSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import {
  type APIRequestContext,
  type Browser,
  type BrowserContext,
  chromium,
  type Page,
} from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { adminEmail, password, type Site, type SiteOptions, startSite } from "./site.ts";

export { adminEmail, password } from "./site.ts";

/** How long a page may take to show something, in ms. */
const patience = 15_000;

function chromiumPath(): string {
  const places = [
    process.env.LYCEUM_CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const found = places.find((p) => p !== undefined && existsSync(p));
  if (found === undefined)
    throw new Error("there is no Chromium: run tools/test-deps, or set LYCEUM_CHROMIUM");
  return found;
}

/** What is noted where a journey does without the worker. */
const noWorker = "Service Worker registration blocked by Playwright";

/** Someone in front of a browser. */
export class Person {
  readonly site: Site;
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong in the page; expected refusals are taken out with `expected`. */
  readonly #errors: string[] = [];
  #expected: RegExp[] = [];

  constructor(site: Site, context: BrowserContext, page: Page) {
    this.site = site;
    this.context = context;
    this.page = page;
    page.on("pageerror", (e) => this.#errors.push(`page error: ${e.stack ?? e.message}`));
    page.on("console", (m) => {
      if (m.text() === noWorker) return;
      if (m.type() === "error" || m.type() === "warning")
        this.#errors.push(`console ${m.type()}: ${m.text()} (${m.location().url})`);
    });
  }

  /** Opens a path of the site: "projects". */
  async open(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.site.url).href);
  }

  /** Errors of the console that belong to the story: the browser notes each refused request. */
  expected(...patterns: RegExp[]): void {
    this.#expected.push(...patterns);
  }

  /** Fails if anything went wrong in the page so far. */
  noErrors(): void {
    const left = this.#errors.filter((e) => !this.#expected.some((p) => p.test(e)));
    expect(left).toEqual([]);
  }

  /** Signs in on the sign-in page. */
  async signIn(email = adminEmail): Promise<void> {
    await this.open("sign-in");
    await this.page.getByLabel("Mail address").fill(email);
    await this.page.getByLabel("Password", { exact: true }).fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.getByRole("heading", { name: "Projects" }).waitFor();
  }

  /** Calls the API as this person, to prepare what a story does not tell. */
  async api<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    return call<T>(this.context.request, this.site, method, path, body);
  }

  /** Checks the page by axe in both themes (WCAG 2.2 AA). */
  async accessible(): Promise<void> {
    for (const colorScheme of ["light", "dark"] as const) {
      await this.page.emulateMedia({ colorScheme });
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
      const { violations } = await new AxeBuilder({ page: this.page })
        .setLegacyMode()
        .withTags(tags)
        .analyze();
      const told = violations.flatMap((v) =>
        v.nodes.map((n) => `${colorScheme}: ${v.id}: ${n.html}: ${n.failureSummary}`),
      );
      expect(told).toEqual([]);
    }
    await this.page.emulateMedia({ colorScheme: "light" });
  }

  /** Checks that nothing lies beside the page on a phone. */
  async fitsOnPhone(): Promise<void> {
    const before = this.page.viewportSize();
    await this.page.setViewportSize({ width: 390, height: 844 });
    const beside = await this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(beside).toBeLessThanOrEqual(0);
    if (before !== null) await this.page.setViewportSize(before);
  }
}

async function call<T>(
  request: APIRequestContext,
  site: Site,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const url = new URL(`api/v1/${path}`, site.url);
  const answer = await request.fetch(url.href, {
    method,
    headers: { Origin: url.origin },
    ...(body === undefined ? {} : { data: body }),
  });
  const text = await answer.text();
  if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${text}`);
  // A journey says which type it expects; the schema's tests hold the hub to it.
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export interface JourneyOptions {
  /** The app is kept by its service worker, for when the site cannot be reached. */
  worker?: boolean;
}

/** A site and its visitors, for one file of journeys. */
export class Journey {
  #site: Site | undefined;
  #browser: Browser | undefined;
  #people: Person[] = [];

  readonly #worker: "allow" | "block";

  /** Starts the site before the file's journeys and stops it after them. */
  constructor({ worker = false, ...options }: SiteOptions & JourneyOptions = {}) {
    this.#worker = worker ? "allow" : "block";
    beforeAll(async () => {
      [this.#site, this.#browser] = await Promise.all([
        startSite(options),
        chromium.launch({
          executablePath: chromiumPath(),
          args: ["--no-sandbox", "--disable-dev-shm-usage"],
        }),
      ]);
    }, 60_000);
    afterAll(async () => {
      await this.#browser?.close();
      await this.#site?.stop();
    }, 60_000);
  }

  get site(): Site {
    if (this.#site === undefined) throw new Error("the site is not up yet");
    return this.#site;
  }

  /** A new person with an empty browser. */
  async person({ width = 1440, height = 900 } = {}): Promise<Person> {
    if (this.#browser === undefined) throw new Error("the browser is not up yet");
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: "light",
      reducedMotion: "reduce",
      locale: "en-GB",
      // What a worker answers, a journey cannot take away from the page.
      serviceWorkers: this.#worker,
    });
    await context.grantPermissions(["clipboard-read", "clipboard-write"], {
      origin: new URL(this.site.url).origin,
    });
    context.setDefaultTimeout(patience);
    const person = new Person(this.site, context, await context.newPage());
    this.#people.push(person);
    return person;
  }

  /** The administrator, signed in without the sign-in page. */
  async admin(): Promise<Person> {
    const admin = await this.person();
    await admin.api("POST", "sessions", { email: adminEmail, password });
    return admin;
  }

  /** A new account, signed in, made by an invitation to the site. */
  async colleague(name: string, email: string): Promise<Person> {
    const admin = await this.admin();
    const { link } = await admin.api<{ link: string }>("POST", "admin/invitations", { days: 1, uses: 1 });
    await admin.context.close();
    const colleague = await this.person();
    const invitation = decodeURIComponent(link.split("/").at(-1) ?? "");
    await colleague.api("POST", "accounts", { name, email, password, invitation });
    return colleague;
  }

  /** Ends the browsers of a journey; fails if anything went wrong in one of them. */
  async over(): Promise<void> {
    const people = this.#people;
    this.#people = [];
    try {
      for (const p of people) p.noErrors();
    } finally {
      await Promise.all(people.map((p) => p.context.close()));
    }
  }
}
