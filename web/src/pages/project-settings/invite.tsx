import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { people } from "../../api/queries";
import type { Invitation, Person, Project, Role } from "../../api/types";
import { moment } from "../../ui/ago";
import { Avatar } from "../../ui/avatar";
import { Button } from "../../ui/button";
import { CopyField } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Choices, Field, Select } from "../../ui/field";
import { Form } from "../../ui/form";
import { SearchField, useSettled } from "../../ui/search";
import { Notice } from "../../ui/state";
import { Segments } from "../../ui/tabs";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { roleChoices } from "../role";
import styles from "./project-settings.module.css";

type How = "name" | "mail" | "link";

/** Invites a person by name or by mail, or whoever holds a link. */
export function InviteDialog({ project: p, onClose }: { project: Project; onClose: () => void }) {
  const [how, setHow] = useState<How>("name");
  const [role, setRole] = useState<Role>("editor");
  const [person, setPerson] = useState<Person>();
  const [made, setMade] = useState<Invitation>();
  const cache = useQueryClient();
  const invite = async (more: { account?: string; email?: string; days?: number; uses?: number }) => {
    const body = { role, days: 7, uses: 1, ...more };
    const answer = await request("POST", "/projects/{id}/invitations", { path: { id: p.id }, body });
    await cache.invalidateQueries({ queryKey: keys.invitations(p.id) });
    if (answer.link === undefined) {
      toast({ text: t("{name} is invited, and finds it under Projects.", { name: person?.name ?? "" }) });
      onClose();
    } else setMade(answer);
  };
  if (made !== undefined) return <Made invitation={made} onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title={t("Invite to “{name}”", { name: p.name })}>
      <Segments
        label={t("How to invite")}
        value={how}
        onChange={setHow}
        choices={[
          { value: "name", label: t("By name") },
          { value: "mail", label: t("By mail address") },
          { value: "link", label: t("By link") },
        ]}
      />
      <Form
        label={t("Invite")}
        submit={how === "link" ? t("Make the link") : t("Invite")}
        busy={t("Inviting…")}
        buttons={<Button onClick={onClose}>{t("Cancel")}</Button>}
        onSubmit={async ({ email = "", days = "7", uses = "1" }) => {
          if (how === "link") await invite({ days: Number(days), uses: Number(uses) });
          else if (how === "mail") await invite({ email: email.trim(), days: Number(days) });
          else if (person === undefined) throw new Error(t("Choose a person first."));
          else await invite({ account: person.id });
        }}
      >
        {how === "name" ? <FindPerson chosen={person} onChoose={setPerson} /> : null}
        {how === "mail" ? (
          <Field
            name="email"
            type="email"
            label={t("Mail address")}
            hint={t("You get a link to send; whoever has an account also finds it under Projects.")}
            required
            autoFocus
          />
        ) : null}
        {how === "name" ? null : (
          <div className={styles.pair}>
            <Select
              name="days"
              label={t("Good for")}
              defaultValue="7"
              choices={[1, 7, 30, 365].map((n) => ({
                value: String(n),
                label: n === 365 ? t("a year") : t("{n, plural, one {# day} other {# days}}", { n }),
              }))}
            />
            {how === "link" ? (
              <Field
                name="uses"
                type="number"
                label={t("For how many people")}
                defaultValue="1"
                min={1}
                max={1000}
                required
              />
            ) : null}
          </div>
        )}
        <Choices label={t("As")} name="role" value={role} onChange={setRole} choices={roleChoices()} />
      </Form>
    </Dialog>
  );
}

function FindPerson({
  chosen,
  onChoose,
}: {
  chosen: Person | undefined;
  onChoose: (p: Person | undefined) => void;
}) {
  const [query, setQuery] = useState("");
  const settled = useSettled(query.trim());
  const found = useQuery(people(settled));
  if (chosen !== undefined) {
    return (
      <div className={styles.person}>
        <Avatar person={chosen} size={28} beside />
        <span>{chosen.name}</span>
        <Button onClick={() => onChoose(undefined)}>{t("Choose another")}</Button>
      </div>
    );
  }
  return (
    <div className={styles.stack}>
      <SearchField autoFocus label={t("Name, or whole mail address")} value={query} onChange={setQuery} />
      {settled.length < 2 ? (
        <p className="quiet">
          {t("People who have an account here are found by two letters of their name.")}
        </p>
      ) : (found.data ?? []).length === 0 ? (
        <p className="quiet">
          {found.isFetching ? t("Looking…") : t("Nobody here is called that. Try a link instead.")}
        </p>
      ) : (
        <ul className={styles.found} aria-label={t("People found")}>
          {(found.data ?? []).map((p) => (
            <li key={p.id}>
              <button type="button" onClick={() => onChoose(p)}>
                <Avatar person={p} beside />
                {p.name}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Made({ invitation: i, onClose }: { invitation: Invitation; onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={t("Send this link")}>
      <Notice tone="amber">
        {t("It is shown only now. Whoever has it can use it until {when}.", { when: moment(i.expires) })}
      </Notice>
      <CopyField label={t("Link of the invitation")} value={i.link ?? ""} />
    </Dialog>
  );
}
