import { useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/fetch";
import { putProject } from "../../api/live";
import type { Project } from "../../api/types";
import { TextArea } from "../../ui/field";
import { Form } from "../../ui/form";
import { Section, Setting, TextSetting } from "../../ui/settings";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import styles from "./project-settings.module.css";

/** Changes what is said about a project. */
function useChange(p: Project) {
  const cache = useQueryClient();
  return async (body: { name?: string; description?: string; slug?: string }) => {
    putProject(cache, await request("PATCH", "/projects/{id}", { path: { id: p.id }, body }));
  };
}

export function AboutSection({ project: p }: { project: Project }) {
  const change = useChange(p);
  if (!p.can.includes("project.describe")) {
    return (
      <Section id="about" title={t("About")} about={t("Its owners can change this.")}>
        <Setting label={t("Name")}>
          <span>{p.name}</span>
        </Setting>
        <Setting label={t("Description")} whole>
          <p>{p.description === "" ? t("None.") : p.description}</p>
        </Setting>
      </Section>
    );
  }
  return (
    <Section id="about" title={t("About")}>
      <TextSetting
        label={t("Name")}
        about={t("Shown in everybody's list of projects.")}
        name="name"
        value={p.name}
        maxLength={100}
        onSave={(name) => change({ name: name.trim() })}
      />
      <Setting whole label={t("Description")} about={t("What it is about, for the people in it.")}>
        <Form
          className={styles.description ?? ""}
          label={t("Description")}
          submit={t("Save")}
          busy={t("Saving…")}
          look="plain"
          onSubmit={async ({ description = "" }) => {
            await change({ description });
            toast({ text: t("The description is saved.") });
          }}
        >
          <TextArea
            key={p.description}
            bare
            label={t("Description")}
            name="description"
            defaultValue={p.description}
            maxLength={2000}
            rows={3}
          />
        </Form>
      </Setting>
      <TextSetting
        label={t("Short name")}
        about={t("For addresses, unique on this site: small letters, digits and hyphens. Empty for none.")}
        name="slug"
        value={p.slug ?? ""}
        optional
        maxLength={40}
        placeholder={t("none")}
        onSave={(slug) => change({ slug: slug.trim() })}
      />
    </Section>
  );
}
