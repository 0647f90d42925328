import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/fetch";
import { keys } from "../../api/keys";
import { env } from "../../api/queries";
import type { EnvVar, Project } from "../../api/types";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, TextArea } from "../../ui/field";
import { Form } from "../../ui/form";
import { Section, Setting } from "../../ui/settings";
import { EmptyState, Loaded } from "../../ui/state";
import { type Column, Table } from "../../ui/table";
import { Ago } from "../../ui/time";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { say } from "../say";
import styles from "./project-settings.module.css";

export function EnvSection({ project: p }: { project: Project }) {
  const cache = useQueryClient();
  const query = useQuery(env(p.id));
  const [editing, setEditing] = useState<string>();
  const mayWrite = p.can.includes("env.write");
  const again = () => cache.invalidateQueries({ queryKey: keys.env(p.id) });
  const remove = async (name: string) => {
    const path = { id: p.id, name };
    await say(request("DELETE", "/projects/{id}/env/{name}", { path }), t("{name} is removed.", { name }));
    await again();
  };
  const columns: Column<EnvVar>[] = [
    { head: t("Name"), cell: (v) => <code>{v.name}</code> },
    { head: t("Set"), cell: (v) => <Ago at={v.changed} />, minor: true },
    {
      head: "",
      name: t("What to do"),
      align: "end",
      cell: (v) =>
        mayWrite ? (
          <span className={styles.buttons}>
            <Button aria-label={t("Replace {name}", { name: v.name })} onClick={() => setEditing(v.name)}>
              {t("Replace")}
            </Button>
            <Button
              look="danger"
              aria-label={t("Remove {name}", { name: v.name })}
              onClick={() => void remove(v.name)}
            >
              {t("Remove")}
            </Button>
          </span>
        ) : null,
    },
  ];
  return (
    <Section
      id="env"
      title={t("Environment variables")}
      about={t("Seen by every program in the project, from its next start on. Values are never shown again.")}
    >
      <Setting whole label={t("Variables")} keywords="secret key environment">
        <Loaded query={query} loading={t("Reading the variables…")}>
          {(list) =>
            list.length === 0 ? (
              <EmptyState small title={t("No variables yet")}>
                {t("For keys and addresses that do not belong in a file.")}
              </EmptyState>
            ) : (
              <Table
                label={t("Environment variables")}
                columns={columns}
                rows={list}
                rowKey={(v) => v.name}
              />
            )
          }
        </Loaded>
        {mayWrite ? (
          <span>
            <Button onClick={() => setEditing("")}>{t("Set a variable")}</Button>
          </span>
        ) : null}
      </Setting>
      {editing === undefined ? null : (
        <SetVariable project={p} name={editing} onClose={() => setEditing(undefined)} onDone={again} />
      )}
    </Section>
  );
}

function SetVariable({
  project: p,
  name: given,
  onClose,
  onDone,
}: {
  project: Project;
  /** The variable to replace; "" for a new one. */
  name: string;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={given === "" ? t("Set a variable") : t("Replace {name}", { name: given })}
    >
      <Form
        label={t("Variable")}
        submit={t("Set")}
        busy={t("Setting…")}
        buttons={<Button onClick={onClose}>{t("Cancel")}</Button>}
        onSubmit={async ({ name = given, value = "" }) => {
          await request("PUT", "/projects/{id}/env/{name}", {
            path: { id: p.id, name: name.trim() },
            body: { value },
          });
          await onDone();
          onClose();
          const running = p.state.phase === "running";
          toast({
            text: running
              ? t("{name} is set. Restart the project to use it.", { name })
              : t("{name} is set.", { name }),
          });
        }}
      >
        {given === "" ? (
          <Field
            name="name"
            label={t("Name")}
            hint={t("Letters, digits and _, not beginning with a digit.")}
            mono
            spellCheck={false}
            autoCapitalize="none"
            autoComplete="off"
            required
            autoFocus
          />
        ) : null}
        <TextArea name="value" label={t("Value")} spellCheck={false} rows={3} autoFocus={given !== ""} />
      </Form>
    </Dialog>
  );
}
