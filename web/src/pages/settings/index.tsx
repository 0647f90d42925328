import { SettingsPage as Page } from "../../ui/settings";
import { t } from "../../words";
import { useTitle } from "../title";
import { AppearanceSection } from "./appearance";
import { PasswordSection } from "./password";
import { ProfileSection } from "./profile";
import { SessionsSection } from "./sessions";
import { TokensSection } from "./tokens";

/** One's own settings. */
export function SettingsPage() {
  useTitle(t("Your settings"));
  return (
    <Page
      title={t("Your settings")}
      sections={[
        { id: "profile", title: t("Profile") },
        { id: "appearance", title: t("Appearance and editing") },
        { id: "password", title: t("Password") },
        { id: "sessions", title: t("Signed-in browsers") },
        { id: "tokens", title: t("API tokens") },
      ]}
    >
      <ProfileSection />
      <AppearanceSection />
      <PasswordSection />
      <SessionsSection />
      <TokensSection />
    </Page>
  );
}
