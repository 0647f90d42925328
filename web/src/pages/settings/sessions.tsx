import { useQuery, useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { sessions } from "../../api/queries";
import type { Session } from "../../api/types";
import { Tag } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Section, Setting } from "../../ui/settings";
import { Loaded } from "../../ui/state";
import { type Column, Table } from "../../ui/table";
import { Ago } from "../../ui/time";
import { t } from "../../words";
import { say } from "../say";
import { agentName } from "./agent";

export function SessionsSection() {
  const cache = useQueryClient();
  const query = useQuery(sessions());
  const end = async (work: Promise<unknown>, done: string) => {
    await say(work, done);
    await cache.invalidateQueries({ queryKey: keys.sessions });
  };
  const columns: Column<Session>[] = [
    {
      head: t("Browser"),
      cell: (s) => (
        <span title={s.agent}>
          {agentName(s.agent)} {s.current ? <Tag>{t("this one")}</Tag> : null}
        </span>
      ),
    },
    { head: t("Address"), cell: (s) => s.address, minor: true },
    { head: t("Last seen"), cell: (s) => (s.current ? t("now") : <Ago at={s.lastSeen} />) },
    {
      head: "",
      name: t("What to do"),
      align: "end",
      cell: (s) =>
        s.current ? null : (
          <Button
            aria-label={t("Sign out {browser}", { browser: agentName(s.agent) })}
            onClick={() =>
              void end(
                request("DELETE", "/account/sessions/{sid}", { path: { sid: s.id } }),
                t("It is signed out."),
              )
            }
          >
            {t("Sign out")}
          </Button>
        ),
    },
  ];
  return (
    <Section
      id="sessions"
      title={t("Signed-in browsers")}
      about={t("A browser that you sign out here loses its open pages at once.")}
    >
      <Setting whole label={t("Where you are signed in")} keywords="session device">
        <Loaded query={query} loading={t("Reading your sessions…")}>
          {(list) => (
            <>
              <Table label={t("Signed-in browsers")} columns={columns} rows={list} rowKey={(s) => s.id} />
              {list.length > 1 ? (
                <span>
                  <Button
                    look="danger"
                    onClick={() =>
                      void end(
                        request("DELETE", "/account/sessions", {}),
                        t("All other browsers are signed out."),
                      )
                    }
                  >
                    {t("Sign out all others")}
                  </Button>
                </span>
              ) : null}
            </>
          )}
        </Loaded>
      </Setting>
    </Section>
  );
}
