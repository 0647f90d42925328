import { Link, useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { request } from "../../api/fetch";
import { useSite } from "../../api/session";
import { Field, PasswordField } from "../../ui/field";
import { Form } from "../../ui/form";
import { Notice } from "../../ui/state";
import { t } from "../../words";
import { Card } from "./card";
import { useEntered } from "./enter";

export function SignInPage() {
  const site = useSite();
  const { next } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  const router = useRouter();
  const entered = useEntered();
  return (
    <Card title={t("Sign in")} below={<HowToGetAnAccount />}>
      {site.setupNeeded ? (
        <Notice tone="amber">
          {t(
            "This site has no administrator yet. Open the set-up link that the server printed when it started.",
          )}
        </Notice>
      ) : null}
      <Form
        label={t("Sign in")}
        submit={t("Sign in")}
        busy={t("Signing in…")}
        wide
        onSubmit={async ({ email = "", password = "" }) => {
          entered(await request("POST", "/sessions", { body: { email, password } }));
          // A path of this app, as the router found it to be.
          if (next !== undefined) router.history.push(router.basepath.replace(/\/$/, "") + next);
          else await navigate({ to: "/projects" });
        }}
      >
        <Field
          name="email"
          type="email"
          label={t("Mail address")}
          autoComplete="username"
          required
          autoFocus
        />
        <PasswordField name="password" label={t("Password")} autoComplete="current-password" required />
      </Form>
    </Card>
  );
}

function HowToGetAnAccount() {
  const { signUp } = useSite();
  if (signUp === "open") {
    return (
      <>
        {t("No account yet?")} <Link to="/sign-up">{t("Make an account")}</Link>
      </>
    );
  }
  return signUp === "invitation"
    ? t("New accounts need an invitation. Forgot your password? Ask an administrator to reset it.")
    : t("Accounts are made by the administrators, who can also reset a password.");
}
