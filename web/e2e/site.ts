// A real server for a journey: the built binary with its own PostgreSQL and its
// own folder, on a free port; everything that it started ends with it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, globSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const adminEmail = "ada@example.org";
export const password = "correct horse battery";

export interface Site {
  /** The site's address, with a slash at its end. */
  url: string;
  /** The first administrator's set-up link; "" when the site has one already. */
  setupLink: string;
  /** The server's data folder; a project's home is projects/{id} in it. */
  data: string;
  /** What the server wrote to its log. */
  log(): string;
  /** Kills the server as a crash would, and starts it again; projects go on meanwhile. */
  crash(meanwhile?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export interface SiteOptions {
  /** The path of the site's address: "/" or "/lyceum/". */
  basePath?: string;
  /** Leave the first administrator to the set-up link. */
  setup?: boolean;
  /** More variables of the server's environment. */
  env?: Record<string, string>;
}

const patience = 30_000;

function binary(): string {
  const bin = process.env.LYCEUM_BIN;
  if (bin === undefined || bin === "")
    throw new Error("LYCEUM_BIN names no program: run `make test-browser`");
  return bin;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("the port of a TCP server is not known");
  server.close();
  await once(server, "close");
  return address.port;
}

/** Each run's own, as the machine may still know the users of one that was cut off. */
const users = 1_100_000_000 + Math.floor(Math.random() * 100) * 7_000_000;

/** Users of projects that no other server on this machine uses: run as root, each project has its own. */
function firstUser(port: number): string {
  return String(users + port * 100);
}

/** Starts a server and waits until it is ready. */
export async function startSite({
  basePath = "/",
  setup = false,
  env = {},
}: SiteOptions = {}): Promise<Site> {
  const data = mkdtempSync(join(tmpdir(), "lyceum-"));
  // Projects run as users of their own, who must get to their folders.
  chmodSync(data, 0o711);
  const port = await freePort();
  const logFile = join(data, "serve.log");
  const admin = { LYCEUM_SETUP_ADMIN_EMAIL: adminEmail, LYCEUM_SETUP_ADMIN_PASSWORD: password };
  const serve = () =>
    spawn(binary(), ["serve"], {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        LYCEUM_LISTEN: `127.0.0.1:${port}`,
        LYCEUM_BASE_URL: `http://127.0.0.1:${port}${basePath}`,
        LYCEUM_DATA: join(data, "d"),
        LYCEUM_FIRST_UID: firstUser(port),
        LYCEUM_UIDS: "100",
        ...(setup ? {} : admin),
        ...env,
      },
      stdio: ["ignore", "pipe", openSync(logFile, "a")],
      detached: true,
    });
  let child: ChildProcess = serve();
  const log = () => readFileSync(logFile, "utf8");
  const stop = async () => {
    await end(child);
    endProjects(join(data, "d"));
    rmSync(data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  const url = `http://127.0.0.1:${port}${basePath}`;
  try {
    const setupLink = await ready(child, url, setup, log);
    const crash = async (meanwhile?: () => Promise<void>) => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      await meanwhile?.();
      child = serve();
      await ready(child, url, false, log);
    };
    return { url, setupLink, data: join(data, "d"), log, crash, stop };
  } catch (e) {
    await stop();
    throw e;
  }
}

/** Waits until the server answers, and returns the set-up link that it printed. */
async function ready(child: ChildProcess, url: string, setup: boolean, log: () => string): Promise<string> {
  let link = "";
  if (child.stdout !== null) {
    createInterface(child.stdout).on("line", (line) => {
      link = /\S+\/setup#\S+/.exec(line)?.[0] ?? link;
    });
  }
  const until = Date.now() + patience;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server ended:\n${log()}`);
    const answer = await fetch(new URL("readyz", url)).catch(() => undefined);
    if (answer?.ok && (!setup || link !== "")) return link;
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Error(`the server does not get ready:\n${log()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), patience);
  await exited;
  clearTimeout(timer);
}

/** Ends what outlives the server on purpose: running projects. */
function endProjects(data: string): void {
  for (const file of globSync(join(data, "compute", "*", "run.json"))) {
    const record: { outer?: { pid?: number }; init?: { pid?: number } } = JSON.parse(
      readFileSync(file, "utf8"),
    );
    for (const pid of [record.init?.pid, record.outer?.pid]) {
      if (pid !== undefined && pid > 1 && isProject(pid)) process.kill(pid, "SIGKILL");
    }
  }
}

/** Whether a process is still one of a project, should its number have been given to another one. */
function isProject(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("project-server");
  } catch {
    return false;
  }
}
