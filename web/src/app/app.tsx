import { t } from "../words";

export function App() {
  return <main>{t("Lyceum")}</main>;
}
