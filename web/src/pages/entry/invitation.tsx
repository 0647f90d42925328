import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { request } from "../../api/fetch";
import { isKind } from "../../api/problem";
import { offer } from "../../api/queries";
import { useSite } from "../../api/session";
import type { InvitationOffer } from "../../api/types";
import { moment } from "../../ui/ago";
import { Avatar } from "../../ui/avatar";
import { buttonClass } from "../../ui/button";
import { Form } from "../../ui/form";
import { Failure, Progress } from "../../ui/state";
import { t } from "../../words";
import { roleDetail, roleName } from "../role";
import { Card } from "./card";
import styles from "./card.module.css";

/** What an invitation's link opens. */
export function InvitationPage() {
  const { secret } = useParams({ from: "/invitations/$secret" });
  const found = useQuery(offer(secret));
  if (found.data !== undefined) return <Offer secret={secret} offer={found.data} />;
  if (isKind(found.error, "not-found")) return <Gone />;
  return (
    <Card title={t("Invitation")}>
      {found.error === null ? (
        <Progress>{t("Looking at the invitation…")}</Progress>
      ) : (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      )}
    </Card>
  );
}

function Offer({ secret, offer: o }: { secret: string; offer: InvitationOffer }) {
  const site = useSite();
  const title =
    o.project === undefined
      ? t("You are invited to {site}", { site: site.name })
      : t("Join “{name}”", { name: o.project });
  return (
    <Card title={title} below={t("The invitation can be used until {when}.", { when: moment(o.expires) })}>
      <div className={styles.person}>
        <Avatar person={o.by} size={32} beside />
        <span>
          {t("{name} invites you.", { name: o.by.name })}
          {o.role === undefined ? null : (
            <span className="quiet">
              <br />
              {roleName(o.role)}: {roleDetail(o.role)}
            </span>
          )}
        </span>
      </div>
      {site.account === undefined ? <Enter secret={secret} /> : <Accept secret={secret} offer={o} />}
    </Card>
  );
}

function Accept({ secret, offer: o }: { secret: string; offer: InvitationOffer }) {
  const navigate = useNavigate();
  if (o.project === undefined) {
    return (
      <>
        <p>{t("It makes an account, and you have one already.")}</p>
        <Link to="/projects" className={buttonClass("primary", true)}>
          {t("Go to your projects")}
        </Link>
      </>
    );
  }
  return (
    <Form
      submit={t("Join")}
      busy={t("Joining…")}
      wide
      onSubmit={async () => {
        const { project } = await request("POST", "/invitations/{secret}/accept", { path: { secret } });
        await navigate({ to: "/projects/$project", params: { project } });
      }}
    >
      {null}
    </Form>
  );
}

function Enter({ secret }: { secret: string }) {
  const { signUp } = useSite();
  const found = useQuery(offer(secret)).data;
  // While sign-up is closed, an invitation to a project is for those who have an account.
  const mayMake = found?.project === undefined || signUp !== "closed";
  return (
    <div className={styles.stack}>
      {mayMake ? (
        <Link to="/sign-up" hash={encodeURIComponent(secret)} className={buttonClass("primary", true)}>
          {t("Make an account")}
        </Link>
      ) : null}
      <Link
        to="/sign-in"
        search={{ next: `/invitations/${encodeURIComponent(secret)}` }}
        className={buttonClass(mayMake ? "plain" : "primary", true)}
      >
        {t("Sign in")}
      </Link>
    </div>
  );
}

function Gone() {
  return (
    <Card
      title={t("This invitation no longer holds")}
      lead={t("It was used, taken back, or is too old. Ask whoever sent it for a new one.")}
    >
      <Link to="/projects" className={buttonClass("primary", true)}>
        {t("Go on to the site")}
      </Link>
    </Card>
  );
}
