import { lazy, Suspense } from "react";
import { Progress } from "../../../ui/state";
import { t } from "../../../words";

const Panel = lazy(() => import("./panel"));

/** The panel of history, loaded when it is first shown. */
export function HistorySide() {
  return (
    <Suspense fallback={<Progress>{t("Opening…")}</Progress>}>
      <Panel />
    </Suspense>
  );
}
