import { lazy, Suspense } from "react";
import { Progress } from "../../../ui/state";
import { t } from "../../../words";

const Panel = lazy(() => import("./panel"));

/** The panel of Git, loaded when it is first shown. */
export function GitSide() {
  return (
    <Suspense fallback={<Progress>{t("Opening {path}…", { path: t("Git") })}</Progress>}>
      <Panel />
    </Suspense>
  );
}
