import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { request } from "../../api/fetch";
import { offer } from "../../api/queries";
import { useSite } from "../../api/session";
import { buttonClass } from "../../ui/button";
import { Field, PasswordField } from "../../ui/field";
import { Form } from "../../ui/form";
import { Failure, Progress } from "../../ui/state";
import { t } from "../../words";
import { Card } from "./card";
import { passwordLength, useEntered } from "./enter";

/** Makes an account; the secret of an invitation, if any, is behind the # of the address. */
export function SignUpPage() {
  const site = useSite();
  const secret = decodeURIComponent(useLocation().hash);
  const invited = useQuery(offer(secret));
  if (secret === "" && site.signUp !== "open") return <Closed />;
  if (secret !== "" && invited.data === undefined) {
    return (
      <Card title={t("Make an account")}>
        {invited.error === null ? (
          <Progress>{t("Looking at the invitation…")}</Progress>
        ) : (
          <Failure error={invited.error} onRetry={() => void invited.refetch()} />
        )}
      </Card>
    );
  }
  return <AccountForm secret={secret} />;
}

function AccountForm({ secret }: { secret: string }) {
  const site = useSite();
  const navigate = useNavigate();
  const entered = useEntered();
  const invitation = useQuery(offer(secret)).data;
  const lead =
    invitation?.project === undefined
      ? t("For {site}.", { site: site.name })
      : t("To join “{project}”.", { project: invitation.project });
  return (
    <Card
      title={t("Make an account")}
      lead={lead}
      below={
        <>
          {t("Have an account?")}{" "}
          {secret === "" ? (
            <Link to="/sign-in">{t("Sign in")}</Link>
          ) : (
            <Link to="/sign-in" search={{ next: `/invitations/${encodeURIComponent(secret)}` }}>
              {t("Sign in")}
            </Link>
          )}
        </>
      }
    >
      <Form
        label={t("Make an account")}
        submit={t("Make the account")}
        busy={t("Making the account…")}
        wide
        onSubmit={async ({ email = "", name = "", password = "" }) => {
          const body = {
            email,
            name: name.trim(),
            password,
            ...(secret === "" ? {} : { invitation: secret }),
          };
          entered(await request("POST", "/accounts", { body }));
          const project = invitation?.projectId;
          if (project === undefined) await navigate({ to: "/projects" });
          else await navigate({ to: "/projects/$project", params: { project } });
        }}
      >
        <Field
          name="name"
          label={t("Your name")}
          hint={t("As others will see it.")}
          autoComplete="name"
          required
          autoFocus
        />
        <Field
          name="email"
          type="email"
          label={t("Mail address")}
          autoComplete="username"
          defaultValue={invitation?.email ?? ""}
          required
        />
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

function Closed() {
  const { signUp } = useSite();
  return (
    <Card
      title={t("New accounts need an invitation")}
      lead={
        signUp === "invitation"
          ? t("Ask somebody who is here already to invite you, or an administrator.")
          : t("Ask an administrator of this site for an invitation.")
      }
    >
      <Link to="/sign-in" className={buttonClass("primary", true)}>
        {t("Sign in instead")}
      </Link>
    </Card>
  );
}
