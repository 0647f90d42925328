import { useQuery, useQueryClient } from "@tanstack/react-query";
import { EllipsisVertical } from "lucide-react";
import { useState } from "react";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { invitations, members } from "../../api/queries";
import { useAccount } from "../../api/session";
import type { Invitation, Member, Person, Project, Role } from "../../api/types";
import { day } from "../../ui/ago";
import { Avatar } from "../../ui/avatar";
import { Button, IconButton } from "../../ui/button";
import { ConfirmDialog } from "../../ui/dialog";
import { Select } from "../../ui/field";
import { Menu, MenuItem } from "../../ui/menu";
import { Section, Setting } from "../../ui/settings";
import { Loaded } from "../../ui/state";
import { type Column, Table } from "../../ui/table";
import { t } from "../../words";
import { roleDetail, roleName, roles } from "../role";
import { say } from "../say";
import { InviteDialog } from "./invite";
import styles from "./project-settings.module.css";

export function PeopleSection({ project: p }: { project: Project }) {
  const [inviting, setInviting] = useState(false);
  const mayManage = p.can.includes("members.manage");
  return (
    <Section id="people" title={t("People")} about={t("Everybody here sees the same files, live.")}>
      <Members project={p} mayManage={mayManage} onInvite={() => setInviting(true)} />
      {mayManage ? <Pending project={p} /> : null}
      {inviting ? <InviteDialog project={p} onClose={() => setInviting(false)} /> : null}
    </Section>
  );
}

/** A person with a line below the name. */
export function PersonCell({
  person,
  you,
  below,
}: {
  person: Person;
  you?: boolean;
  below?: string | undefined;
}) {
  return (
    <span className={styles.person}>
      <Avatar person={person} size={28} beside />
      <span>
        {you ? t("{name} (you)", { name: person.name }) : person.name}
        {below === undefined ? null : <small>{below}</small>}
      </span>
    </span>
  );
}

/** A change of a role that asks first. */
interface Asking {
  member: Member;
  what: "hand-over" | "remove";
}

function Members({
  project: p,
  mayManage,
  onInvite,
}: {
  project: Project;
  mayManage: boolean;
  onInvite: () => void;
}) {
  const me = useAccount();
  const cache = useQueryClient();
  const query = useQuery(members(p.id));
  const [asking, setAsking] = useState<Asking>();
  const again = () => cache.invalidateQueries({ queryKey: keys.members(p.id) });
  const setRole = (aid: string, role: Role) =>
    request("PUT", "/projects/{id}/members/{aid}", { path: { id: p.id, aid }, body: { role } });
  const give = async (m: Member, role: Role) => {
    const done = t("{name} is now {role}.", { name: m.person.name, role: roleName(role).toLowerCase() });
    await say(setRole(m.person.id, role), done);
    await again();
  };
  const columns: Column<Member>[] = [
    {
      head: t("Person"),
      cell: (m) => <PersonCell person={m.person} you={m.person.id === me.id} below={m.email} />,
    },
    {
      head: t("Role"),
      cell: (m) =>
        mayManage ? (
          <div className={styles.role}>
            <Select
              bare
              label={t("Role of {name}", { name: m.person.name })}
              value={m.role}
              title={roleDetail(m.role)}
              choices={roles.map((value) => ({ value, label: roleName(value) }))}
              onChange={(role) => void give(m, role)}
            />
          </div>
        ) : (
          <span title={roleDetail(m.role)}>{roleName(m.role)}</span>
        ),
    },
    { head: t("Since"), cell: (m) => day(m.since), minor: true },
    {
      head: "",
      name: t("What to do"),
      align: "end",
      cell: (m) =>
        !mayManage || m.person.id === me.id ? null : (
          <Menu
            trigger={
              <IconButton label={t("More about {name}", { name: m.person.name })}>
                <EllipsisVertical size={16} strokeWidth={1.5} />
              </IconButton>
            }
          >
            {p.role === "owner" && m.role !== "owner" ? (
              <MenuItem onSelect={() => setAsking({ member: m, what: "hand-over" })}>
                {t("Hand the project over")}
              </MenuItem>
            ) : null}
            <MenuItem danger onSelect={() => setAsking({ member: m, what: "remove" })}>
              {t("Remove from the project")}
            </MenuItem>
          </Menu>
        ),
    },
  ];
  const name = asking?.member.person.name ?? "";
  return (
    <Setting
      whole
      label={t("Members")}
      keywords="role owner editor viewer invite hand over"
      about={
        <ul>
          {roles.map((r) => (
            <li key={r}>
              {roleName(r)}: {roleDetail(r)}
            </li>
          ))}
        </ul>
      }
    >
      <Loaded query={query} loading={t("Reading the members…")}>
        {(list) => <Table label={t("Members")} columns={columns} rows={list} rowKey={(m) => m.person.id} />}
      </Loaded>
      {mayManage ? (
        <span>
          <Button look="primary" onClick={onInvite}>
            {t("Invite people")}
          </Button>
        </span>
      ) : null}
      <ConfirmDialog
        open={asking?.what === "remove"}
        onClose={() => setAsking(undefined)}
        title={t("Remove {name}?", { name })}
        description={t("What they have open in this project closes at once. Their work stays.")}
        confirm={t("Remove")}
        busy={t("Removing…")}
        onConfirm={async () => {
          const aid = asking?.member.person.id ?? "";
          await request("DELETE", "/projects/{id}/members/{aid}", { path: { id: p.id, aid } });
          await again();
        }}
      />
      <ConfirmDialog
        open={asking?.what === "hand-over"}
        onClose={() => setAsking(undefined)}
        title={t("Hand the project over to {name}?", { name })}
        description={t("{name} becomes an owner, and you an editor. Only an owner can give it back.", {
          name,
        })}
        confirm={t("Hand over")}
        busy={t("Handing over…")}
        onConfirm={async () => {
          await setRole(asking?.member.person.id ?? "", "owner");
          await setRole(me.id, "editor");
          await again();
        }}
      />
    </Setting>
  );
}

function Pending({ project: p }: { project: Project }) {
  const cache = useQueryClient();
  const query = useQuery(invitations(p.id));
  const revoke = async (i: Invitation) => {
    const path = { id: p.id, iid: i.id };
    await say(
      request("DELETE", "/projects/{id}/invitations/{iid}", { path }),
      t("The invitation is taken back."),
    );
    await cache.invalidateQueries({ queryKey: keys.invitations(p.id) });
  };
  const columns: Column<Invitation>[] = [
    {
      head: t("For"),
      cell: (i) =>
        i.account !== undefined ? (
          <PersonCell person={i.account} below={i.email} />
        ) : (
          (i.email ??
          t("Whoever has the link ({uses, plural, one {# use} other {# uses}} left)", { uses: i.uses }))
        ),
    },
    { head: t("Role"), cell: (i) => (i.role === undefined ? "" : roleName(i.role)) },
    { head: t("By"), cell: (i) => i.by.name, minor: true },
    { head: t("Good until"), cell: (i) => day(i.expires), minor: true },
    {
      head: "",
      name: t("What to do"),
      align: "end",
      cell: (i) => <Button onClick={() => void revoke(i)}>{t("Take back")}</Button>,
    },
  ];
  if (query.data?.length === 0) return null;
  return (
    <Setting whole label={t("Pending invitations")} keywords="invite link">
      <Loaded query={query} loading={t("Reading the invitations…")}>
        {(list) => (
          <Table label={t("Pending invitations")} columns={columns} rows={list} rowKey={(i) => i.id} />
        )}
      </Loaded>
    </Setting>
  );
}
