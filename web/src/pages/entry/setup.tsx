import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { request } from "../../api/fetch";
import { useSite } from "../../api/session";
import { buttonClass } from "../../ui/button";
import { Field, PasswordField } from "../../ui/field";
import { Form } from "../../ui/form";
import { t } from "../../words";
import { Card } from "./card";
import { passwordLength, useEntered } from "./enter";

/** The secret behind the # of the set-up link; it is taken out of the address bar. */
function useSecret(): string {
  const [secret] = useState(() => decodeURIComponent(window.location.hash.slice(1)));
  useEffect(() => {
    if (secret !== "") window.history.replaceState(window.history.state, "", window.location.pathname);
  }, [secret]);
  return secret;
}

/** Makes the first administrator. */
export function SetupPage() {
  const site = useSite();
  const navigate = useNavigate();
  const entered = useEntered();
  const secret = useSecret();
  // As it was when the page was opened: it changes when the form is sent.
  const [needed] = useState(site.setupNeeded);
  if (!needed) return <Done />;
  if (secret === "") return <NoSecret />;
  return (
    <Card
      title={t("Set up this site")}
      lead={t("You become its first administrator. Everything here can be changed later.")}
    >
      <Form
        label={t("Set up this site")}
        submit={t("Set up")}
        busy={t("Setting up…")}
        wide
        onSubmit={async ({ siteName = "", name = "", email = "", password = "" }) => {
          const body = { secret, email, name: name.trim(), password, siteName: siteName.trim() };
          entered(await request("POST", "/setup", { body }));
          await navigate({ to: "/projects" });
        }}
      >
        <Field name="siteName" label={t("Name of the site")} defaultValue={site.name} required autoFocus />
        <Field name="name" label={t("Your name")} autoComplete="name" required />
        <Field name="email" type="email" label={t("Mail address")} autoComplete="username" required />
        <PasswordField
          name="password"
          label={t("Password")}
          hint={t("At least {count} characters; a few words are a good one.", { count: passwordLength })}
          autoComplete="new-password"
          minLength={passwordLength}
          required
        />
      </Form>
    </Card>
  );
}

function Done() {
  return (
    <Card
      title={t("This site is set up")}
      lead={t("The set-up link has done its work and is no longer valid.")}
    >
      <Link to="/sign-in" className={buttonClass("primary", true)}>
        {t("Sign in")}
      </Link>
    </Card>
  );
}

function NoSecret() {
  return (
    <Card
      title={t("Open the set-up link")}
      lead={t(
        "The server printed a link when it started; open it to make the first administrator. If it is lost, start the server again: it prints a new one.",
      )}
    >
      <code>lyceum serve</code>
    </Card>
  );
}
