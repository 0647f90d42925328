import type { LimitChange, Limits } from "../../api/limits";
import type { Settings } from "../../api/types";
import { Section, Setting, TextSetting } from "../../ui/settings";
import { t } from "../../words";
import { limitFields, readLimit, shownLimit } from "../limits";

type Which = "limits" | "ceilings";

/** What every project may use, and the most that one may be given. */
export function LimitSections({
  settings: s,
  change,
}: {
  settings: Settings;
  change: (body: { [K in Which]?: LimitChange }) => Promise<void>;
}) {
  return (
    <>
      <Section
        id="limits"
        title={t("Limits of projects")}
        about={t("What a project may use when it has no limits of its own. A change holds at once.")}
      >
        <Fields which="limits" now={s.limits} fixed={s.fixed} change={change} />
      </Section>
      <Section
        id="ceilings"
        title={t("Ceilings")}
        about={t("The most that any project may use, whatever is set for it.")}
      >
        <Fields which="ceilings" now={s.ceilings} fixed={s.fixed} change={change} />
      </Section>
    </>
  );
}

/** The names of the configuration's settings, which have no units in them. */
const configured = { cpu: "cpu", memoryBytes: "memory", processes: "processes", diskBytes: "disk" } as const;

function Fields({
  which,
  now,
  fixed,
  change,
}: {
  which: Which;
  now: Limits;
  fixed: readonly string[];
  change: (body: { [K in Which]?: LimitChange }) => Promise<void>;
}) {
  return limitFields().map((f) => {
    const value = shownLimit(now[f.name], f.unit);
    const label = which === "limits" ? f.label : t("Ceiling: {label}", { label: f.label });
    return fixed.includes(`${which}.${configured[f.name]}`) ? (
      <Setting key={f.name} label={label} about={t("The server's configuration sets this.")}>
        <span className="numbers">{value}</span>
      </Setting>
    ) : (
      <TextSetting
        key={f.name}
        label={label}
        name={`${which}-${f.name}`}
        value={value}
        maxLength={12}
        onSave={async (text) => change({ [which]: { [f.name]: readLimit(text, f.unit) ?? 0 } })}
      />
    );
  });
}
