import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { adminInvitations } from "../../api/queries";
import type { Invitation } from "../../api/types";
import { day, moment } from "../../ui/ago";
import { Button } from "../../ui/button";
import { CopyField } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Field, Select } from "../../ui/field";
import { Form } from "../../ui/form";
import { Section, Setting } from "../../ui/settings";
import { EmptyState, Loaded, Notice } from "../../ui/state";
import { type Column, Table } from "../../ui/table";
import { t } from "../../words";
import { say } from "../say";

/** Invitations to the site. */
export function Invitations() {
  const cache = useQueryClient();
  const query = useQuery(adminInvitations());
  const [making, setMaking] = useState(false);
  const again = () => cache.invalidateQueries({ queryKey: keys.adminInvitations });
  const revoke = async (i: Invitation) => {
    await say(
      request("DELETE", "/admin/invitations/{iid}", { path: { iid: i.id } }),
      t("The invitation is taken back."),
    );
    await again();
  };
  const columns: Column<Invitation>[] = [
    { head: t("For"), cell: (i) => i.email ?? t("whoever has the link") },
    { head: t("Uses left"), align: "right", cell: (i) => i.uses },
    { head: t("By"), cell: (i) => i.by.name, minor: true },
    { head: t("Good until"), cell: (i) => day(i.expires), minor: true },
    {
      head: "",
      name: t("What to do"),
      align: "end",
      cell: (i) => <Button onClick={() => void revoke(i)}>{t("Take back")}</Button>,
    },
  ];
  return (
    <Section
      id="invitations"
      title={t("Invitations to the site")}
      about={t("A link with which people make an account, whatever the sign-up setting.")}
    >
      <Setting whole label={t("Open invitations")}>
        <Loaded query={query} loading={t("Reading the invitations…")}>
          {(list) =>
            list.length === 0 ? (
              <EmptyState small title={t("No open invitations")} />
            ) : (
              <Table label={t("Open invitations")} columns={columns} rows={list} rowKey={(i) => i.id} />
            )
          }
        </Loaded>
        <span>
          <Button onClick={() => setMaking(true)}>{t("Invite to the site")}</Button>
        </span>
      </Setting>
      {making ? <NewInvitation onClose={() => setMaking(false)} onDone={again} /> : null}
    </Section>
  );
}

function NewInvitation({ onClose, onDone }: { onClose: () => void; onDone: () => Promise<void> }) {
  const [made, setMade] = useState<Invitation>();
  if (made !== undefined) {
    return (
      <Dialog open onClose={onClose} title={t("Send this link")}>
        <Notice tone="amber">
          {t("It is shown only now. Whoever has it can make an account until {when}.", {
            when: moment(made.expires),
          })}
        </Notice>
        <CopyField label={t("Link of the invitation")} value={made.link ?? ""} />
      </Dialog>
    );
  }
  return (
    <Dialog open onClose={onClose} title={t("Invite to the site")}>
      <Form
        label={t("Invite to the site")}
        submit={t("Make the link")}
        busy={t("Making…")}
        buttons={<Button onClick={onClose}>{t("Cancel")}</Button>}
        onSubmit={async ({ email = "", days = "7", uses = "1" }) => {
          const body = {
            days: Number(days),
            uses: Number(uses),
            ...(email === "" ? {} : { email: email.trim() }),
          };
          setMade(await request("POST", "/admin/invitations", { body }));
          await onDone();
        }}
      >
        <Field
          name="email"
          type="email"
          label={t("Mail address")}
          optional
          hint={t("Only for this address; left empty, for whoever has the link.")}
          autoFocus
        />
        <Field
          name="uses"
          type="number"
          label={t("For how many people")}
          defaultValue="1"
          min={1}
          max={1000}
          required
        />
        <Select
          name="days"
          label={t("Good for")}
          defaultValue="7"
          choices={[1, 7, 30, 365].map((n) => ({
            value: String(n),
            label: n === 365 ? t("a year") : t("{n, plural, one {# day} other {# days}}", { n }),
          }))}
        />
      </Form>
    </Dialog>
  );
}
