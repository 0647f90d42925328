// A page of settings: sections with rows, each row saying what a setting does and
// what it is now; a search above leaves the rows that match.
import { createContext, type ReactNode, useContext, useState } from "react";
import { t } from "../words";
import { Button } from "./button";
import { classes } from "./classes";
import { Field, Select } from "./field";
import { Form } from "./form";
import { fold } from "./match";
import { SearchField } from "./search";
import styles from "./settings.module.css";

const Query = createContext("");

export function SettingsPage({
  title,
  head,
  sections,
  children,
}: {
  title: string;
  head?: ReactNode;
  /** The sections by their ids, for the list at the side. */
  sections: readonly { id: string; title: string }[];
  children: ReactNode;
}) {
  const [query, setQuery] = useState("");
  return (
    <Query value={query.trim()}>
      <div className={styles.page}>
        <div className={styles.side}>
          <h1>{title}</h1>
          {head}
          <SearchField label={t("Search in the settings")} value={query} onChange={setQuery} />
          <nav aria-label={t("Sections")}>
            {sections.map((s) => (
              <a key={s.id} href={`${window.location.pathname}#${s.id}`}>
                {s.title}
              </a>
            ))}
          </nav>
        </div>
        <div className={styles.content}>
          {children}
          <p className={styles.none}>{t("No setting is called that.")}</p>
        </div>
      </div>
    </Query>
  );
}

export function Section({
  id,
  title,
  about,
  children,
}: {
  id: string;
  title: string;
  about?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section id={id} className={styles.section} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {about === undefined ? null : <p>{about}</p>}
      </header>
      {children}
    </section>
  );
}

/** Whether a search for query is about a setting with this text. */
export function found(query: string, text: string): boolean {
  return query.split(/\s+/).every((word) => word === "" || fold(text).includes(fold(word)));
}

export function Setting({
  label,
  about,
  keywords = "",
  whole,
  children,
}: {
  label: string;
  about?: ReactNode;
  /** More words to find it by. */
  keywords?: string;
  /** The control needs the whole width. */
  whole?: boolean;
  children?: ReactNode;
}) {
  const query = useContext(Query);
  if (!found(query, `${label} ${typeof about === "string" ? about : ""} ${keywords}`)) return null;
  return (
    <div data-setting="" className={classes(styles.setting, whole && styles.whole)}>
      <div>
        <h3>{label}</h3>
        {about === undefined ? null : <div className={styles.about}>{about}</div>}
      </div>
      {children === undefined ? null : <div className={styles.control}>{children}</div>}
    </div>
  );
}

/** A line of text that is saved by Enter or by the button, which shows when there is something to save. */
export function TextSetting({
  label,
  about,
  name,
  value,
  onSave,
  type = "text",
  optional,
  min,
  max,
  maxLength,
  placeholder,
}: {
  label: string;
  about?: string;
  name: string;
  value: string;
  onSave: (value: string) => Promise<unknown>;
  type?: "text" | "number";
  optional?: boolean;
  min?: number;
  max?: number;
  maxLength?: number;
  placeholder?: string;
}) {
  // What is typed, and the value that it was typed over: a new value from elsewhere replaces it.
  const [typed, setTyped] = useState({ over: value, text: value });
  const text = typed.over === value ? typed.text : value;
  const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  return (
    <Setting label={label} {...(about === undefined ? {} : { about })}>
      <div className={styles.text}>
        <SaveForm changed={text !== value} onSave={() => onSave(text)} label={label}>
          <Field
            bare
            label={label}
            name={name}
            type={type}
            value={text}
            required={!optional}
            {...bounds}
            {...(maxLength === undefined ? {} : { maxLength })}
            {...(placeholder === undefined ? {} : { placeholder })}
            onChange={(e) => setTyped({ over: value, text: e.target.value })}
          />
        </SaveForm>
      </div>
    </Setting>
  );
}

function SaveForm({
  changed,
  onSave,
  label,
  children,
}: {
  changed: boolean;
  onSave: () => Promise<unknown>;
  label: string;
  children: ReactNode;
}) {
  return (
    <Form
      label={label}
      submit={t("Save")}
      busy={t("Saving…")}
      look="plain"
      {...(changed ? {} : { submitClass: styles.idle ?? "" })}
      onSubmit={async () => {
        if (changed) await onSave();
      }}
    >
      {children}
    </Form>
  );
}

/** One of a few, saved when it is chosen. */
export function ChoiceSetting<T extends string>({
  label,
  about,
  value,
  choices,
  onSave,
}: {
  label: string;
  about?: string;
  value: T;
  choices: readonly { value: T; label: string }[];
  onSave: (value: T) => void;
}) {
  return (
    <Setting label={label} {...(about === undefined ? {} : { about })}>
      <Select bare label={label} value={value} choices={choices} onChange={onSave} />
    </Setting>
  );
}

/** A setting that is a button: something to do. */
export function DoSetting({
  label,
  about,
  button,
  danger,
  disabled,
  onClick,
}: {
  label: string;
  about?: string;
  button: string;
  danger?: boolean;
  disabled?: boolean;
  onClick: () => void;
}) {
  return (
    <Setting label={label} {...(about === undefined ? {} : { about })}>
      <Button look={danger ? "danger" : "plain"} disabled={disabled ?? false} onClick={onClick}>
        {button}
      </Button>
    </Setting>
  );
}
