import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { CloudOff } from "lucide-react";
import { isKind, messageOf } from "../api/problem";
import { Button, buttonClass } from "../ui/button";
import { EmptyState } from "../ui/state";
import { t } from "../words";

/** What is shown when a page cannot be: the server is away, or the page has a fault. */
export function Crash({ error, reset }: ErrorComponentProps) {
  const away = isKind(error, "offline") || isKind(error, "unavailable");
  return (
    <main id="main">
      <EmptyState
        icon={CloudOff}
        title={away ? t("The server cannot be reached") : t("This page stopped working")}
        actions={
          <>
            <Button look="primary" onClick={() => (away ? reset() : window.location.reload())}>
              {away ? t("Try again") : t("Load the page again")}
            </Button>
            {away ? null : (
              <Link to="/projects" className={buttonClass()}>
                {t("Go to your projects")}
              </Link>
            )}
          </>
        }
      >
        {messageOf(error)}
      </EmptyState>
    </main>
  );
}
