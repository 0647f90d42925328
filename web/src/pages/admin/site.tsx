import { useQuery, useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import type { LimitChange } from "../../api/limits";
import { adminSettings } from "../../api/queries";
import type { Settings } from "../../api/types";
import { Choices } from "../../ui/field";
import { Section, Setting, TextSetting } from "../../ui/settings";
import { Loaded } from "../../ui/state";
import { t } from "../../words";
import { say } from "../say";
import { useTitle } from "../title";
import styles from "./admin.module.css";
import { LimitSections } from "./limits";

/** The site's settings. */
export function SiteSettingsPage() {
  useTitle(t("Site settings"));
  const query = useQuery(adminSettings());
  return (
    <div className={styles.narrow}>
      <Loaded query={query} loading={t("Reading the settings…")}>
        {(s) => <SiteSettings settings={s} />}
      </Loaded>
    </div>
  );
}

function SiteSettings({ settings: s }: { settings: Settings }) {
  const cache = useQueryClient();
  // It shows at once, and is put back if it cannot be stored.
  const change = async (body: Partial<Settings>) => {
    cache.setQueryData(keys.adminSettings, { ...s, ...body });
    try {
      cache.setQueryData(keys.adminSettings, await request("PATCH", "/admin/settings", { body }));
    } catch (e) {
      cache.setQueryData(keys.adminSettings, s);
      throw e;
    }
    await cache.invalidateQueries({ queryKey: keys.site });
  };
  const limit = async (body: { limits?: LimitChange; ceilings?: LimitChange }) => {
    cache.setQueryData(keys.adminSettings, await request("PATCH", "/admin/settings", { body }));
  };
  return (
    <>
      <Section id="name" title={t("Name")}>
        <TextSetting
          label={t("Name of the site")}
          about={t("Shown at the top of every page and on the sign-in page.")}
          name="siteName"
          value={s.siteName}
          maxLength={100}
          onSave={(siteName) => change({ siteName: siteName.trim() })}
        />
      </Section>
      <Section id="sign-up" title={t("Accounts")}>
        <Setting whole label={t("Who may make an account")}>
          <Choices
            bare
            label={t("Who may make an account")}
            name="signUp"
            value={s.signUp}
            onChange={(signUp) => void say(change({ signUp }), t("Saved."))}
            choices={[
              {
                value: "closed",
                label: t("Closed"),
                detail: t("Only people whom an administrator invites to the site."),
              },
              {
                value: "invitation",
                label: t("By invitation"),
                detail: t("Also people whom somebody invites to a project."),
              },
              {
                value: "open",
                label: t("Open"),
                detail: t("Anybody. Needs a machine that can keep people's projects apart."),
              },
            ]}
          />
        </Setting>
      </Section>
      <Section id="projects" title={t("Projects")}>
        <TextSetting
          label={t("Stop after, in minutes")}
          about={t(
            "A project that nobody uses is stopped after this long; its people are warned five minutes before.",
          )}
          name="idleTimeoutSeconds"
          type="number"
          min={1}
          max={525600}
          value={String(Math.round(s.idleTimeoutSeconds / 60))}
          onSave={(minutes) => change({ idleTimeoutSeconds: Number(minutes) * 60 })}
        />
        <TextSetting
          label={t("Grace time, in days")}
          about={t("A deleted project can be restored for this long; then its files are removed.")}
          name="deleteGraceDays"
          type="number"
          min={0}
          max={365}
          value={String(s.deleteGraceDays)}
          onSave={(days) => change({ deleteGraceDays: Number(days) })}
        />
      </Section>
      <LimitSections settings={s} change={limit} />
    </>
  );
}
