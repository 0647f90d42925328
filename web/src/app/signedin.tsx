// Around the pages of people who are signed in: the event stream, and the bar
// that says when nothing is heard.
import { useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { api } from "../api/address";
import { setConnection, useConnection } from "../api/connection";
import { listen } from "../api/events";
import { apply } from "../api/live";
import { isKind } from "../api/problem";
import { useSite } from "../api/session";
import { t } from "../words";
import { wasSignedOut } from "./leave";
import styles from "./signedin.module.css";

export function SignedIn() {
  useEvents();
  const { account } = useSite();
  // While the sign-in page is on its way.
  if (account === undefined) return null;
  return (
    <>
      <OfflineBar />
      <Outlet />
    </>
  );
}

/** Keeps the cache fresh by the event stream, and leaves when the session ends. */
function useEvents() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  useEffect(() => {
    let gone = false;
    const out = () => {
      if (gone) return;
      gone = true;
      void wasSignedOut(cache, navigate, router.state.location.href);
    };
    const stop = listen(() => new EventSource(api("events")), {
      event: (e) => (e.kind === "signed-out" ? out() : apply(cache, e)),
      opened: (again) => void (again && cache.invalidateQueries()),
      connection: setConnection,
    });
    // A refusal may come before the stream tells: every request that failed is looked at.
    const unwatch = cache.getQueryCache().subscribe((e) => {
      if (e.type === "updated" && e.action.type === "error" && isKind(e.action.error, "unauthenticated"))
        out();
    });
    return () => {
      unwatch();
      stop();
    };
  }, [cache, navigate, router]);
}

function OfflineBar() {
  const lost = useConnection() === "lost";
  return (
    <div role="status">
      {lost ? (
        <p className={styles.bar}>
          {t("Offline: the server is not heard. What you see may be old. Trying again…")}
        </p>
      ) : null}
    </div>
  );
}
