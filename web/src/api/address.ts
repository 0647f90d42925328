// Addresses of the site. The app may live under a base path (/lyceum/), which
// the hub writes into index.html: every address is made from it.

/** The site's address, with a slash at its end. */
export function siteAddress(): URL {
  return new URL(".", document.baseURI);
}

/** The path that all pages are below, with a slash at both ends: "/" or "/lyceum/". */
export function basePath(): string {
  return siteAddress().pathname;
}

/** A path of the API as an address: api("projects", id) is <base>/api/v1/projects/<id>. */
export function api(...segments: string[]): URL {
  return new URL(`api/v1/${segments.map(encodeURIComponent).join("/")}`, siteAddress());
}

/**
 * An address in a project's own traffic: inProject(id, "files", "a b/c.py") is
 * <base>/p/<id>/files/a%20b/c.py. The path is relative to the project's home.
 */
export function inProject(project: string, kind: string, path = ""): URL {
  const segments = path.split("/").filter((s) => s !== "");
  const tail = [kind, ...segments].map(encodeURIComponent).join("/");
  return new URL(`p/${encodeURIComponent(project)}/${tail}`, siteAddress());
}

/** The same address for a WebSocket. */
export function socket(address: URL): URL {
  const url = new URL(address);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}
