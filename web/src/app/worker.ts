// The service worker (public/worker.js) that keeps the app in the browser for when the
// site cannot be reached. Browsers have it on https and on the machine itself only.
import { siteAddress } from "../api/address";

/** Its cache of what a workspace begins with. */
const data = () => `lyceum-data ${siteAddress().href}`;

/** Lets the worker keep the app, from now on. Without one everything else works the same. */
export function keepApp(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const register = async () => {
    await navigator.serviceWorker.register(new URL("worker.js", siteAddress()), { updateViaCache: "none" });
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map((e) => e.name);
    active?.postMessage({ loaded });
  };
  // It is not to be in the way of what the page loads first.
  const begin = () => setTimeout(() => void register().catch(() => undefined), 2000);
  if (document.readyState === "complete") begin();
  else window.addEventListener("load", begin, { once: true });
}

/** Removes what was kept of answers for whoever was signed in. */
export async function forgetAnswers(): Promise<void> {
  if ("caches" in window) await caches.delete(data());
}
