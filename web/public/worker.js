// A service worker: it keeps the app itself in the browser, so that a workspace can
// be opened, and what was open in it edited, while the site cannot be reached. As
// long as the site answers, its answers count.
//
// Two caches: index.html and what it loads, and the few answers that a workspace
// begins with, which the page removes when somebody signs out.

const app = `lyceum-app ${self.registration.scope}`;
const data = `lyceum-data ${self.registration.scope}`;

/** Milliseconds for which a page is waited for, when there is one here. */
const patience = 5000;

/** What a workspace asks for first. Nothing of a project's files is among it. */
const begins = /^api\/v1\/(site|projects\/[^/]+(\/(layout|members))?)$/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (e) => {
  const path = pathOf(e.request.url);
  if (e.request.method !== "GET" || path === undefined) return;
  if (e.request.mode === "navigate" && e.request.destination === "document") {
    if (!/^(api|p)\//.test(path)) e.respondWith(page(e.request));
  } else if (path.startsWith("assets/")) e.respondWith(asset(e.request));
  else if (/^(theme\.js|favicon\.svg|output\.html)$/.test(path)) e.respondWith(latest(app, e.request));
  else if (begins.test(path)) e.respondWith(latest(data, e.request));
});

/** The page tells what it loaded before there was a worker. */
self.addEventListener("message", (e) => {
  const urls = e.data?.loaded;
  if (Array.isArray(urls)) e.waitUntil(fill(urls.filter((u) => typeof u === "string")));
});

/** The path below the site's address; undefined for what is of another site, or has a query. */
function pathOf(url) {
  const { origin, pathname, search } = new URL(url);
  const scope = new URL(self.registration.scope);
  if (origin !== scope.origin || !pathname.startsWith(scope.pathname)) return undefined;
  const path = pathname.slice(scope.pathname.length);
  return search !== "" && path.startsWith("api/") ? undefined : path;
}

/** Every page is index.html. */
async function page(request) {
  const cache = await caches.open(app);
  const kept = await cache.match(self.registration.scope);
  const network = fetch(request).then(async (answer) => {
    if (isHTML(answer)) await keepIndex(cache, kept, answer.clone());
    return isAway(answer) && kept ? kept : answer;
  });
  if (!kept) return network;
  const late = new Promise((resolve) => setTimeout(() => resolve(kept), patience));
  return Promise.race([network.catch(() => kept), late]);
}

/** A new index.html belongs to new files: the old ones go. */
async function keepIndex(cache, kept, answer) {
  const text = await answer.clone().text();
  if (kept && (await kept.clone().text()) === text) return;
  for (const request of await cache.keys()) await cache.delete(request);
  await cache.put(self.registration.scope, answer);
}

/** A file whose name says what is in it. */
async function asset(request) {
  const cache = await caches.open(app);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/** What the site says; where it cannot be reached, what it said last. */
async function latest(name, request) {
  const cache = await caches.open(name);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    else if (/^(401|403|404|410)$/.test(String(answer.status))) await cache.delete(request);
    return isAway(answer) ? ((await cache.match(request)) ?? answer) : answer;
  } catch (err) {
    const kept = await cache.match(request);
    if (kept && !request.signal.aborted) return kept;
    throw err;
  }
}

/** Keeps what the first page loaded before this worker was there. */
async function fill(urls) {
  const cache = await caches.open(app);
  const wanted = [
    self.registration.scope,
    ...urls.filter((u) => /^(assets\/|theme\.js|favicon)/.test(pathOf(u) ?? "")),
  ];
  for (const url of wanted) {
    if (await cache.match(url)) continue;
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) await cache.put(url, answer);
  }
}

function isHTML(answer) {
  return answer.ok && (answer.headers.get("Content-Type") ?? "").startsWith("text/html");
}

/** A proxy in front of the site says that it does not reach it. */
function isAway(answer) {
  return answer.status === 502 || answer.status === 504;
}
