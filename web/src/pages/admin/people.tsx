import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { EllipsisVertical } from "lucide-react";
import { useState } from "react";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { adminPeople } from "../../api/queries";
import { useAccount } from "../../api/session";
import type { AdminAccount } from "../../api/types";
import { Tag } from "../../ui/badge";
import { IconButton } from "../../ui/button";
import { ConfirmDialog } from "../../ui/dialog";
import { Menu, MenuItem, MenuLine } from "../../ui/menu";
import { SearchField, useSettled } from "../../ui/search";
import { EmptyState, Loaded } from "../../ui/state";
import { type Column, Table } from "../../ui/table";
import { Ago } from "../../ui/time";
import { t } from "../../words";
import { PersonCell } from "../project-settings/people";
import { say } from "../say";
import { useTitle } from "../title";
import styles from "./admin.module.css";
import { Invitations } from "./invitations";
import { More } from "./more";

/** All accounts, and the invitations to make more. */
export function PeoplePage() {
  useTitle(t("People"));
  const [text, setText] = useState("");
  const query = useInfiniteQuery(adminPeople(useSettled(text.trim())));
  const columns: Column<AdminAccount>[] = [
    {
      head: t("Person"),
      cell: (a) => <PersonCell person={a} below={a.email} />,
    },
    {
      head: t("Is"),
      cell: (a) => (
        <span className={styles.tags}>
          {a.admin ? <Tag>{t("administrator")}</Tag> : null}
          {a.suspended ? <Tag>{t("suspended")}</Tag> : null}
        </span>
      ),
      minor: true,
    },
    { head: t("Projects"), align: "right", cell: (a) => a.projects, minor: true },
    { head: t("Browsers"), align: "right", cell: (a) => a.sessions, minor: true },
    { head: t("Last seen"), cell: (a) => (a.lastSeen === undefined ? t("never") : <Ago at={a.lastSeen} />) },
    { head: "", name: t("What to do"), align: "end", cell: (a) => <PersonMenu account={a} /> },
  ];
  return (
    <>
      <div className={styles.tools}>
        <SearchField label={t("Name or mail address")} value={text} onChange={setText} />
        <span className="quiet" aria-live="polite">
          {query.data === undefined
            ? ""
            : t("{n, plural, one {# person} other {# people}}", { n: query.data.pages[0]?.total ?? 0 })}
        </span>
      </div>
      <Loaded query={query} loading={t("Reading the accounts…")}>
        {(data) => {
          const rows = data.pages.flatMap((p) => p.items);
          if (rows.length === 0) return <EmptyState small title={t("Nobody is called that")} />;
          return <Table label={t("People")} columns={columns} rows={rows} rowKey={(a) => a.id} />;
        }}
      </Loaded>
      <More query={query} />
      <Invitations />
    </>
  );
}

function PersonMenu({ account: a }: { account: AdminAccount }) {
  const me = useAccount();
  const cache = useQueryClient();
  const [suspending, setSuspending] = useState(false);
  const again = () => cache.invalidateQueries({ queryKey: keys.admin });
  const change = (body: { admin?: boolean; suspended?: boolean }) =>
    request("PATCH", "/admin/accounts/{aid}", { path: { aid: a.id }, body });
  const signOut = () => request("DELETE", "/admin/accounts/{aid}/sessions", { path: { aid: a.id } });
  const doIt = (work: Promise<unknown>, done: string) => void say(work, done).then(again);
  const mine = a.id === me.id;
  return (
    <>
      <Menu
        trigger={
          <IconButton label={t("More about {name}", { name: a.name })}>
            <EllipsisVertical size={16} strokeWidth={1.5} />
          </IconButton>
        }
      >
        {a.admin ? (
          <MenuItem
            disabled={mine}
            onSelect={() =>
              doIt(change({ admin: false }), t("{name} is no administrator any more.", { name: a.name }))
            }
          >
            {t("Take administration away")}
          </MenuItem>
        ) : (
          <MenuItem
            disabled={a.suspended}
            onSelect={() =>
              doIt(change({ admin: true }), t("{name} is now an administrator.", { name: a.name }))
            }
          >
            {t("Make administrator")}
          </MenuItem>
        )}
        <MenuItem onSelect={() => doIt(signOut(), t("{name} is signed out everywhere.", { name: a.name }))}>
          {t("Sign out everywhere")}
        </MenuItem>
        <MenuLine />
        {a.suspended ? (
          <MenuItem
            onSelect={() =>
              doIt(change({ suspended: false }), t("{name} can sign in again.", { name: a.name }))
            }
          >
            {t("Lift the suspension")}
          </MenuItem>
        ) : (
          <MenuItem danger disabled={mine} onSelect={() => setSuspending(true)}>
            {t("Suspend")}
          </MenuItem>
        )}
      </Menu>
      <ConfirmDialog
        open={suspending}
        onClose={() => setSuspending(false)}
        title={t("Suspend {name}?", { name: a.name })}
        description={t(
          "They are signed out everywhere at once and cannot sign in. Their projects and files stay, and it can be lifted.",
        )}
        confirm={t("Suspend")}
        busy={t("Suspending…")}
        onConfirm={async () => {
          await change({ suspended: true });
          await again();
        }}
      />
    </>
  );
}
