// JupyterLab's own front end, unmodified, as a site would give it to people: one address
// has its page and its files, and leads everything else to the site, for which it all is
// one origin: who is signed in needs no token. The settings and workspaces of JupyterLab,
// which belong to the front end, are kept here too.
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { homedir } from "node:os";
import { extname, join, normalize, relative } from "node:path";

/** Where tools/test-jupyterlab puts it. */
function folder(): string {
  const cache =
    process.env.LYCEUM_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "lyceum");
  const found = join(cache, "jupyterlab", "lab");
  if (!existsSync(found)) throw new Error("there is no JupyterLab: run make deps-test");
  return found;
}

const types: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/** The front end for one project. Close it when done. */
export class Lab {
  readonly #site: URL;
  readonly #base: string;
  readonly #server: Server;
  readonly #folder = folder();
  /** Requests of the front end that the project did not answer well: method, path, status. */
  readonly refused: string[] = [];

  constructor(site: string, project: string) {
    this.#site = new URL(site);
    this.#base = `${this.#site.pathname}p/${project}/jupyter/`;
    this.#server = createServer((q, a) => this.#answer(q, a));
    this.#server.on("upgrade", (q: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(q, socket, head),
    );
  }

  /** Starts it, and returns the address of its page. */
  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${this.#port()}${this.#base}lab`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #port(): number {
    return (this.#server.address() as AddressInfo).port; // it listens on TCP
  }

  #answer(q: IncomingMessage, a: ServerResponse): void {
    const path = decodeURIComponent(new URL(q.url ?? "/", this.#site).pathname);
    const own = path.startsWith(this.#base) ? path.slice(this.#base.length) : "";
    const [kind, ...rest] = own.split("/");
    const tail = rest.join("/");
    if (kind === "lab" && (tail === "" || tail.startsWith("tree"))) send(a, "text/html", this.#page());
    else if (kind === "lab" && tail.startsWith("api/")) this.#frontEnd(q, a, tail.slice("api/".length));
    else if (kind === "static" && tail.startsWith("lab/"))
      this.#file(a, join("static", tail.slice("lab/".length)));
    else if (kind === "static") send(a, "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    else this.#pass(q, a);
  }

  /** The page: JupyterLab's own, with what its server would fill in. */
  #page(): string {
    const main = globSync(join(this.#folder, "static", "main.*.js"))[0];
    if (main === undefined) throw new Error("JupyterLab has no main script");
    const config = {
      appName: "JupyterLab",
      appVersion: "4.6.6",
      appUrl: "/lab",
      baseUrl: this.#base,
      wsUrl: `ws://127.0.0.1:${this.#port()}${this.#base}`,
      fullAppUrl: `${this.#base}lab`,
      fullStaticUrl: `${this.#base}static/lab`,
      settingsUrl: "/lab/api/settings",
      themesUrl: "/lab/api/themes",
      fullThemesUrl: `${this.#base}lab/api/themes`,
      translationsApiUrl: "/lab/api/translations",
      fullTranslationsApiUrl: `${this.#base}lab/api/translations`,
      workspacesApiUrl: "/lab/api/workspaces",
      terminalsAvailable: true,
      federated_extensions: [],
      disabledExtensions: [
        "@jupyterlab/apputils-extension:announcements",
        "@jupyterlab/extensionmanager-extension",
      ],
      mode: "multiple-document",
      cacheFiles: false,
    };
    return readFileSync(join(this.#folder, "static", "index.html"), "utf8")
      .replace(/\{\{ page_config_full \| tojson \}\}/, JSON.stringify(config).replaceAll("<", "\\u003c"))
      .replace(/"?\{\{page_config\.fullStaticUrl\}\}/, `${config.fullStaticUrl}`)
      .replaceAll("{{ base_url | escape }}", this.#base)
      .replace(/\{% if custom_css %\}.*?\{% endif %\}/s, "")
      .replaceAll(/\{[#%][^}]*[#%]\}/g, "");
  }

  #file(a: ServerResponse, name: string): void {
    const full = normalize(join(this.#folder, name));
    if (relative(this.#folder, full).startsWith("..") || !existsSync(full) || !statSync(full).isFile()) {
      send(a, "text/plain", "", 404);
      return;
    }
    send(a, types[extname(full)] ?? "application/octet-stream", readFileSync(full));
  }

  /** What jupyterlab_server answers for the front end itself. */
  #frontEnd(q: IncomingMessage, a: ServerResponse, path: string): void {
    const [kind, ...rest] = path.split("/");
    const tail = rest.join("/");
    if (kind === "themes") this.#file(a, join("themes", tail));
    else if (q.method !== "GET") send(a, "application/json", "", 204);
    else sendJSON(a, this.#kept(kind, tail));
  }

  #kept(kind: string | undefined, id: string): unknown {
    if (kind === "settings")
      return id === "" ? { settings: this.#plugins().map((p) => this.#setting(p)) } : this.#setting(id);
    if (kind === "workspaces")
      return id === "" ? { workspaces: { ids: [], values: [] } } : { data: {}, metadata: { id } };
    return { data: {}, message: "" };
  }

  #plugins(): string[] {
    return globSync("@jupyterlab/*/*.json", { cwd: join(this.#folder, "schemas") })
      .filter((name) => !name.includes("package.json"))
      .map((name) => name.replace(/\/([^/]*)\.json$/, ":$1"))
      .sort();
  }

  #setting(id: string): unknown {
    const file = join(this.#folder, "schemas", `${id.replace(":", "/")}.json`);
    const schema: unknown = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
    return { id, schema, version: "4.6.6", raw: "{}", settings: {}, last_modified: null, created: null };
  }

  #options(q: IncomingMessage) {
    const headers = { ...q.headers, host: this.#site.host };
    if (headers.origin !== undefined) headers.origin = this.#site.origin;
    return { host: this.#site.hostname, port: this.#site.port, method: q.method, path: q.url, headers };
  }

  #pass(q: IncomingMessage, a: ServerResponse): void {
    const up = request(this.#options(q), (r) => {
      if ((r.statusCode ?? 500) >= 400)
        this.refused.push(`${q.method} ${q.url?.replace(/[?].*/, "")} ${r.statusCode}`);
      a.writeHead(r.statusCode ?? 502, r.headers);
      r.pipe(a);
    });
    up.on("error", () => a.destroy());
    q.pipe(up);
  }

  #upgrade(q: IncomingMessage, socket: Socket, head: Buffer): void {
    const up = request(this.#options(q));
    up.on("upgrade", (r, other, first) => {
      const lines = r.rawHeaders.flatMap((name, i) =>
        i % 2 === 0 ? [`${name}: ${r.rawHeaders[i + 1]}`] : [],
      );
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      socket.write(first);
      other.write(head);
      other.pipe(socket).pipe(other);
      for (const s of [socket, other]) s.on("error", () => (s === socket ? other : socket).destroy());
    });
    up.on("response", (r) => {
      this.refused.push(`${q.method} ${q.url?.replace(/[?].*/, "")} ${r.statusCode}`);
      socket.destroy();
    });
    up.on("error", () => socket.destroy());
    up.end();
  }
}

function send(a: ServerResponse, type: string, body: string | Buffer, status = 200): void {
  a.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
  a.end(body);
}

function sendJSON(a: ServerResponse, body: unknown): void {
  send(a, "application/json", JSON.stringify(body));
}
