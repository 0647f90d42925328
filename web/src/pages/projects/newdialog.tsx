import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/fetch";
import { putProject } from "../../api/live";
import { projectSearch } from "../../api/queries";
import type { Project } from "../../api/types";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Choices, Field } from "../../ui/field";
import { Form } from "../../ui/form";
import { SearchField, useSettled } from "../../ui/search";
import { Segments } from "../../ui/tabs";
import { t } from "../../words";
import { newProject, type SourceKind } from "./new";
import styles from "./projects.module.css";

/** Asks what a new project shall be, makes it, and opens it. */
export function NewProjectDialog({
  open,
  onClose,
  kind: first = "empty",
  copy,
}: {
  open: boolean;
  onClose: () => void;
  kind?: SourceKind;
  copy?: Project | undefined;
}) {
  return (
    <Dialog open={open} onClose={onClose} title={t("New project")}>
      <NewProjectForm onClose={onClose} first={first} copy={copy} />
    </Dialog>
  );
}

function NewProjectForm({
  onClose,
  first,
  copy,
}: {
  onClose: () => void;
  first: SourceKind;
  copy: Project | undefined;
}) {
  const [kind, setKind] = useState<SourceKind>(copy === undefined ? first : "copy");
  const [copied, setCopied] = useState(copy?.id ?? "");
  const navigate = useNavigate();
  const cache = useQueryClient();
  return (
    <>
      <Segments
        label={t("What it begins with")}
        value={kind}
        onChange={setKind}
        choices={[
          { value: "empty", label: t("Empty") },
          { value: "git", label: t("From git") },
          { value: "copy", label: t("Copy of a project") },
        ]}
      />
      <Form
        label={t("New project")}
        submit={t("Create project")}
        busy={t("Creating…")}
        buttons={<Button onClick={onClose}>{t("Cancel")}</Button>}
        onSubmit={async (values) => {
          const project = await request("POST", "/projects", { body: newProject(kind, values, copied) });
          putProject(cache, project);
          onClose();
          await navigate({ to: "/projects/$project", params: { project: project.id } });
        }}
      >
        {kind === "git" ? (
          <Field
            name="source.url"
            type="text"
            inputMode="url"
            label={t("Address of the repository")}
            hint={t("It is cloned inside the project, with https, ssh or git.")}
            placeholder="https://"
            spellCheck={false}
            autoCapitalize="none"
            required
            autoFocus
          />
        ) : null}
        {kind === "copy" ? <ChooseProject chosen={copied} onChoose={setCopied} given={copy} /> : null}
        <Field
          key={kind === "git" ? "git" : "named"}
          name="name"
          label={t("Name")}
          defaultValue={
            copy !== undefined
              ? t("Copy of {name}", { name: copy.name })
              : kind === "git"
                ? ""
                : t("Untitled")
          }
          optional={kind === "git"}
          {...(kind === "git"
            ? { hint: t("As the repository is called, when left empty.") }
            : { required: true })}
          maxLength={100}
          autoFocus={kind !== "git"}
          onFocus={(e) => e.target.select()}
        />
      </Form>
    </>
  );
}

/** One of one's own projects, found by its name. */
function ChooseProject({
  chosen,
  onChoose,
  given,
}: {
  chosen: string;
  onChoose: (id: string) => void;
  given: Project | undefined;
}) {
  const [query, setQuery] = useState("");
  const found = useQuery({ ...projectSearch(useSettled(query.trim())), enabled: given === undefined });
  if (given !== undefined) return null;
  const items = (found.data?.items ?? []).filter((p) => p.can.includes("project.copy")).slice(0, 6);
  return (
    <div className={styles.choose}>
      <SearchField label={t("Find the project to copy")} value={query} onChange={setQuery} />
      {items.length === 0 ? (
        <p className="quiet">
          {found.isLoading ? t("Looking…") : t("None of your projects is called that.")}
        </p>
      ) : (
        <Choices
          bare
          label={t("Project to copy")}
          name="copied"
          value={chosen}
          onChange={onChoose}
          choices={items.map((p) => ({ value: p.id, label: p.name }))}
        />
      )}
    </div>
  );
}
