import { useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/fetch";
import { putAccount, useAccount } from "../../api/session";
import { initials, personColour } from "../../ui/avatar";
import { Section, Setting, TextSetting } from "../../ui/settings";
import { t } from "../../words";
import { say } from "../say";
import styles from "./settings.module.css";

export function ProfileSection() {
  const account = useAccount();
  const cache = useQueryClient();
  // It shows at once, and is put back if it cannot be stored.
  const change = async (body: { name?: string; colour?: number }) => {
    putAccount(cache, { ...account, ...body });
    try {
      putAccount(cache, await request("PATCH", "/account", { body }));
    } catch (e) {
      putAccount(cache, account);
      throw e;
    }
  };
  return (
    <Section id="profile" title={t("Profile")} about={t("How the people in your projects see you.")}>
      <TextSetting
        label={t("Name")}
        about={t("Shown beside your cursor, in lists of people and in histories.")}
        name="name"
        value={account.name}
        maxLength={100}
        onSave={(name) => change({ name: name.trim() })}
      />
      <Setting label={t("Colour")} about={t("Of your cursor, and of your initials.")}>
        <fieldset className={styles.colours}>
          <legend className="visually-hidden">{t("Colour")}</legend>
          {Array.from({ length: 12 }, (_, i) => i).map((i) => (
            <label key={i}>
              <input
                type="radio"
                name="colour"
                aria-label={t("Colour {n} of 12", { n: i + 1 })}
                checked={account.colour === i}
                onChange={() => void say(change({ colour: i }))}
              />
              <span style={{ background: personColour(i) }} aria-hidden>
                {account.colour === i ? initials(account.name) : null}
              </span>
            </label>
          ))}
        </fieldset>
      </Setting>
      <Setting
        label={t("Mail address")}
        about={t("You sign in with it. Only owners of your projects and administrators see it.")}
      >
        <span>{account.email}</span>
      </Setting>
    </Section>
  );
}
