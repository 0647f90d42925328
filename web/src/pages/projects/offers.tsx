import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { messageOf } from "../../api/problem";
import { offers } from "../../api/queries";
import type { InvitationOffer } from "../../api/types";
import { Avatar } from "../../ui/avatar";
import { Button } from "../../ui/button";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { roleDetail, roleName } from "../role";
import styles from "./projects.module.css";

/** Invitations that wait for an answer. */
export function Offers() {
  const { data = [] } = useQuery(offers());
  if (data.length === 0) return null;
  return (
    <section className={styles.offers} aria-label={t("Invitations")}>
      {data.map((o) => (
        <Offer key={o.id} offer={o} />
      ))}
    </section>
  );
}

function Offer({ offer: o }: { offer: InvitationOffer }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const answer = async (work: Promise<unknown>) => {
    try {
      return await work;
    } catch (e) {
      toast({ text: messageOf(e), kind: "bad" });
    } finally {
      void cache.invalidateQueries({ queryKey: keys.offers });
    }
  };
  const accept = async () => {
    const { project } = await request("POST", "/account/invitations/{iid}/accept", { path: { iid: o.id } });
    await navigate({ to: "/projects/$project", params: { project } });
  };
  const decline = () => request("POST", "/account/invitations/{iid}/decline", { path: { iid: o.id } });
  return (
    <div className={styles.offer}>
      <Avatar person={o.by} size={32} beside />
      <p>
        {t("{name} invites you to “{project}”.", { name: o.by.name, project: o.project ?? "" })}
        {o.role === undefined ? null : (
          <span className="quiet">
            {" "}
            {roleName(o.role)}: {roleDetail(o.role)}
          </span>
        )}
      </p>
      <Button onClick={() => void answer(decline())}>{t("Decline")}</Button>
      <Button look="primary" onClick={() => void answer(accept())}>
        {t("Join")}
      </Button>
    </div>
  );
}
