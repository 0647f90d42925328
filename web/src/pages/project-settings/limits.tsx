import { useQuery, useQueryClient } from "@tanstack/react-query";
import { request } from "../../api/fetch";
import { limitsOf } from "../../api/limits";
import { site } from "../../api/queries";
import type { Project } from "../../api/types";
import { Section, Setting, TextSetting } from "../../ui/settings";
import { t } from "../../words";
import { limitFields, limitsText, readLimit, shownLimit, withLimit } from "../limits";

/** What the project may use of the machine; an administrator can change it. */
export function LimitsSection({ project: p }: { project: Project }) {
  const cache = useQueryClient();
  const query = limitsOf(p.id);
  const { data } = useQuery(query);
  const admin = useQuery(site()).data?.account?.admin === true;
  if (data === undefined) return null;
  const set = async (name: ReturnType<typeof limitFields>[number]["name"], value: number | undefined) => {
    const body = withLimit(data.own, name, value);
    cache.setQueryData(
      query.queryKey,
      await request("PUT", "/admin/projects/{pid}/limits", { path: { pid: p.id }, body }),
    );
  };
  return (
    <Section
      id="limits"
      title={t("Limits")}
      about={t("What its programs and files may use together. A program that takes too much is ended alone.")}
    >
      <Setting
        label={t("What it may use")}
        keywords="cpu memory disk processes quota"
        about={
          <>
            <p>{limitsText(data.limits)}</p>
            {admin ? null : <p>{t("Who needs more asks an administrator of the site.")}</p>}
          </>
        }
      />
      {admin
        ? limitFields().map((f) => (
            <TextSetting
              key={f.name}
              label={f.label}
              about={t("Empty: as for all projects of the site. “none”: no limit.")}
              name={`limit-${f.name}`}
              value={shownLimit(data.own[f.name], f.unit)}
              placeholder={shownLimit(data.defaults[f.name], f.unit)}
              optional
              maxLength={12}
              onSave={async (text) => set(f.name, readLimit(text, f.unit))}
            />
          ))
        : null}
    </Section>
  );
}
