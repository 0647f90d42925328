import type { EditorKeys } from "../../api/preferences";
import { usePreferences } from "../../api/session";
import { ChoiceSetting, Section, Setting } from "../../ui/settings";
import { Segments } from "../../ui/tabs";
import { setTheme, type Theme, useTheme } from "../../ui/theme";
import { t } from "../../words";
import { say } from "../say";

export function AppearanceSection() {
  const theme = useTheme();
  const [preferences, prefer] = usePreferences();
  const choose = (next: Theme) => {
    setTheme(next);
    void say(prefer({ theme: next }));
  };
  return (
    <Section id="appearance" title={t("Appearance and editing")} about={t("For you, in every browser.")}>
      <Setting label={t("Theme")} about={t("Light, dark, or as your system is set.")} keywords="dark light">
        <Segments
          label={t("Theme")}
          value={theme}
          onChange={choose}
          choices={[
            { value: "system", label: t("System") },
            { value: "light", label: t("Light") },
            { value: "dark", label: t("Dark") },
          ]}
        />
      </Setting>
      <ChoiceSetting<EditorKeys>
        label={t("Keys of the text editor")}
        about={t("Vim keys give editors their normal, insert and visual modes.")}
        value={preferences.editorKeys}
        choices={[
          { value: "default", label: t("Standard") },
          { value: "vim", label: t("Vim") },
        ]}
        onSave={(editorKeys) => void say(prefer({ editorKeys }))}
      />
    </Section>
  );
}
