import { Link } from "@tanstack/react-router";
import { MapPinOff } from "lucide-react";
import { buttonClass } from "../ui/button";
import { EmptyState } from "../ui/state";
import { t } from "../words";

export function NotFound() {
  return (
    <main id="main">
      <EmptyState
        icon={MapPinOff}
        title={t("There is no such page")}
        actions={
          <Link to="/projects" className={buttonClass("primary")}>
            {t("Go to your projects")}
          </Link>
        }
      >
        {t("The address may be mistyped, or what it named is gone.")}
      </EmptyState>
    </main>
  );
}
