import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { projectSearch, tokens } from "../../api/queries";
import { useAccount } from "../../api/session";
import type { Token } from "../../api/types";
import { day } from "../../ui/ago";
import { Tag } from "../../ui/badge";
import { Button } from "../../ui/button";
import { CopyField } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Choices, Field, Select } from "../../ui/field";
import { Form } from "../../ui/form";
import { Section, Setting } from "../../ui/settings";
import { EmptyState, Loaded, Notice } from "../../ui/state";
import { type Column, Table } from "../../ui/table";
import { Ago } from "../../ui/time";
import { t } from "../../words";
import { say } from "../say";
import styles from "./settings.module.css";

type Scope = Token["scope"];

function scopeName(scope: Scope): string {
  return scope === "read" ? t("Read") : scope === "write" ? t("Read and write") : t("Administer the site");
}

export function TokensSection() {
  const cache = useQueryClient();
  const query = useQuery(tokens());
  const [making, setMaking] = useState(false);
  const revoke = async (token: Token) => {
    await say(
      request("DELETE", "/account/tokens/{tid}", { path: { tid: token.id } }),
      t("The token “{name}” no longer works.", { name: token.name }),
    );
    await cache.invalidateQueries({ queryKey: keys.tokens });
  };
  const columns: Column<Token>[] = [
    { head: t("Name"), cell: (k) => k.name },
    {
      head: t("May"),
      cell: (k) => (
        <>
          {scopeName(k.scope)} {k.project === undefined ? null : <Tag>{t("one project")}</Tag>}
        </>
      ),
    },
    {
      head: t("Last used"),
      cell: (k) => (k.lastUsed === undefined ? t("never") : <Ago at={k.lastUsed} />),
      minor: true,
    },
    { head: t("Good until"), cell: (k) => day(k.expires), minor: true },
    {
      head: "",
      name: t("What to do"),
      align: "end",
      cell: (k) => (
        <Button
          look="danger"
          aria-label={t("Remove {name}", { name: k.name })}
          onClick={() => void revoke(k)}
        >
          {t("Remove")}
        </Button>
      ),
    },
  ];
  return (
    <Section id="tokens" title={t("API tokens")} about={t("With a token a program acts for you.")}>
      <Setting whole label={t("Your tokens")} keywords="secret key program">
        <Loaded query={query} loading={t("Reading your tokens…")}>
          {(list) =>
            list.length === 0 ? (
              <EmptyState small title={t("No tokens yet")}>
                {t("Make one for a script, or for the command line of another machine.")}
              </EmptyState>
            ) : (
              <Table label={t("API tokens")} columns={columns} rows={list} rowKey={(k) => k.id} />
            )
          }
        </Loaded>
        <span>
          <Button onClick={() => setMaking(true)}>{t("Make a token")}</Button>
        </span>
      </Setting>
      {making ? <NewToken onClose={() => setMaking(false)} /> : null}
    </Section>
  );
}

function NewToken({ onClose }: { onClose: () => void }) {
  const account = useAccount();
  const cache = useQueryClient();
  const projects = useQuery(projectSearch(""));
  const [scope, setScope] = useState<Scope>("write");
  const [made, setMade] = useState<Token>();
  if (made !== undefined) {
    return (
      <Dialog open onClose={onClose} title={t("The token “{name}”", { name: made.name })}>
        <Notice tone="amber">
          {t("This is the only time that it is shown. Copy it now, and keep it like a password.")}
        </Notice>
        <CopyField label={t("Token")} value={made.secret ?? ""} />
      </Dialog>
    );
  }
  const scopes: { value: Scope; label: string; detail: string }[] = [
    { value: "read", label: scopeName("read"), detail: t("Sees your projects and reads their files.") },
    {
      value: "write",
      label: scopeName("write"),
      detail: t("Does all that you may in projects; not your password or sessions."),
    },
  ];
  if (account.admin) {
    scopes.push({
      value: "admin",
      label: scopeName("admin"),
      detail: t("The same, and what administrators do."),
    });
  }
  return (
    <Dialog open onClose={onClose} title={t("Make a token")}>
      <Form
        label={t("Make a token")}
        submit={t("Make the token")}
        busy={t("Making…")}
        buttons={<Button onClick={onClose}>{t("Cancel")}</Button>}
        onSubmit={async ({ name = "", days = "90", project = "" }) => {
          const body = {
            name: name.trim(),
            scope,
            days: Number(days),
            ...(project === "" ? {} : { project }),
          };
          setMade(await request("POST", "/account/tokens", { body }));
          await cache.invalidateQueries({ queryKey: keys.tokens });
        }}
      >
        <Field
          name="name"
          label={t("Name")}
          hint={t("What it is for, so that you know it again.")}
          maxLength={100}
          required
          autoFocus
        />
        <Choices label={t("It may")} name="scope" value={scope} onChange={setScope} choices={scopes} />
        <div className={styles.pair}>
          <Select
            name="project"
            label={t("In")}
            choices={[
              { value: "", label: t("All your projects") },
              ...(projects.data?.items ?? []).map((p) => ({ value: p.id, label: p.name })),
            ]}
          />
          <Select
            name="days"
            label={t("Good for")}
            defaultValue="90"
            choices={[7, 30, 90, 366].map((n) => ({
              value: String(n),
              label: n === 366 ? t("a year") : t("{n} days", { n }),
            }))}
          />
        </div>
      </Form>
    </Dialog>
  );
}
