import { useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { RequestError } from "../../api/problem";
import { PasswordField } from "../../ui/field";
import { Form } from "../../ui/form";
import { Section, Setting } from "../../ui/settings";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { passwordLength } from "../entry/enter";
import styles from "./settings.module.css";

export function PasswordSection() {
  const cache = useQueryClient();
  return (
    <Section id="password" title={t("Password")}>
      <Setting
        whole
        label={t("Change the password")}
        about={t("All other browsers are signed out; API tokens go on working.")}
      >
        <Form
          className={styles.password ?? ""}
          label={t("Change the password")}
          submit={t("Change the password")}
          busy={t("Changing…")}
          look="plain"
          onSubmit={async ({ current = "", new: next = "", again = "" }, form) => {
            if (next !== again) {
              const message = t("This is not the same password.");
              throw new RequestError("invalid", message, { fields: { again: message } });
            }
            await request("POST", "/account/password", { body: { current, new: next } });
            form.reset();
            void cache.invalidateQueries({ queryKey: keys.sessions });
            toast({ text: t("The password is changed.") });
          }}
        >
          <PasswordField
            name="current"
            label={t("Present password")}
            autoComplete="current-password"
            required
          />
          <PasswordField
            name="new"
            label={t("New password")}
            hint={t("At least {count} characters; a few words are a good one.", { count: passwordLength })}
            autoComplete="new-password"
            minLength={passwordLength}
            required
          />
          <PasswordField name="again" label={t("New password again")} autoComplete="new-password" required />
        </Form>
      </Setting>
    </Section>
  );
}
