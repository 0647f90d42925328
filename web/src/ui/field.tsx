import { ChevronDown, Eye, EyeOff } from "lucide-react";
import {
  type ComponentProps,
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useState,
} from "react";
import { t } from "../words";
import { IconButton } from "./button";
import { classes } from "./classes";
import styles from "./field.module.css";

/** What a form tells its fields: the error of each, by name, and which fields there are. */
export interface FormState {
  errors: Readonly<Record<string, string>>;
  joined(name: string): () => void;
}

export const FormContext = createContext<FormState | undefined>(undefined);

function useError(name: string | undefined, own: string | undefined): string | undefined {
  const form = useContext(FormContext);
  const joined = form?.joined;
  useEffect(() => (name === undefined ? undefined : joined?.(name)), [name, joined]);
  return own ?? (name === undefined ? undefined : form?.errors[name]);
}

interface Described {
  label: string;
  /** A line below that helps to fill it in. */
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  /** The label is for screen readers only, because the place says it. */
  bare?: boolean;
}

/** Label, control, hint and error, tied together. */
function Frame({
  label,
  hint,
  error,
  optional,
  bare,
  id,
  children,
}: Described & { id: string; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={bare ? "visually-hidden" : styles.label}>
        {label}
        {optional ? <span className={styles.optional}>{t("optional")}</span> : null}
      </label>
      {children}
      {error !== undefined ? (
        <span id={`${id}-error`} className={styles.error}>
          {error}
        </span>
      ) : hint !== undefined ? (
        <span id={`${id}-hint`} className={styles.hint}>
          {hint}
        </span>
      ) : null}
    </div>
  );
}

function describedBy(id: string, error: string | undefined, hint: ReactNode) {
  return {
    "aria-invalid": error !== undefined || undefined,
    "aria-describedby": error !== undefined ? `${id}-error` : hint !== undefined ? `${id}-hint` : undefined,
  };
}

type FieldProps = Described & Omit<ComponentProps<"input">, "id"> & { mono?: boolean };

export function Field({ label, hint, error, optional, bare, mono, className, ...rest }: FieldProps) {
  const id = useId();
  const wrong = useError(rest.name, error);
  return (
    <Frame {...{ label, hint, error: wrong, id }} optional={optional ?? false} bare={bare ?? false}>
      <input
        {...rest}
        id={id}
        className={classes(styles.input, mono && styles.mono, className)}
        {...describedBy(id, wrong, hint)}
      />
    </Frame>
  );
}

/** A password, that can be shown while it is typed. */
export function PasswordField({ label, hint, error, ...rest }: FieldProps) {
  const id = useId();
  const wrong = useError(rest.name, error);
  const [shown, setShown] = useState(false);
  return (
    <Frame {...{ label, hint, error: wrong, id }}>
      <span className={styles.secret}>
        <input
          {...rest}
          id={id}
          type={shown ? "text" : "password"}
          spellCheck={false}
          autoCapitalize="none"
          className={styles.input}
          {...describedBy(id, wrong, hint)}
        />
        <IconButton
          label={shown ? t("Hide the password") : t("Show the password")}
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff size={16} strokeWidth={1.5} /> : <Eye size={16} strokeWidth={1.5} />}
        </IconButton>
      </span>
    </Frame>
  );
}

export function TextArea({
  label,
  hint,
  error,
  optional,
  bare,
  ...rest
}: Described & Omit<ComponentProps<"textarea">, "id">) {
  const id = useId();
  const wrong = useError(rest.name, error);
  return (
    <Frame {...{ label, hint, error: wrong, id }} optional={optional ?? false} bare={bare ?? false}>
      <textarea {...rest} id={id} className={styles.input} {...describedBy(id, wrong, hint)} />
    </Frame>
  );
}

export interface Choice<T extends string = string> {
  value: T;
  label: string;
  /** A line that explains it. */
  detail?: string;
}

type SelectProps<T extends string> = Described &
  Omit<ComponentProps<"select">, "id" | "onChange" | "value" | "defaultValue"> & {
    choices: readonly Choice<T>[];
    value?: T;
    defaultValue?: T;
    onChange?: (value: T) => void;
  };

export function Select<T extends string>(props: SelectProps<T>) {
  const { label, hint, error, optional, bare, choices, onChange, ...rest } = props;
  const id = useId();
  const wrong = useError(rest.name, error);
  return (
    <Frame {...{ label, hint, error: wrong, id }} optional={optional ?? false} bare={bare ?? false}>
      <span className={styles.select}>
        <select
          {...rest}
          id={id}
          className={styles.input}
          {...describedBy(id, wrong, hint)}
          onChange={(e) => {
            const chosen = choices.find((c) => c.value === e.target.value);
            if (chosen !== undefined) onChange?.(chosen.value);
          }}
        >
          {choices.map((c) => (
            <option key={c.value} value={c.value}>
              {c.label}
            </option>
          ))}
        </select>
        <ChevronDown size={16} strokeWidth={1.5} aria-hidden />
      </span>
    </Frame>
  );
}

/** A few choices, each explained in a line. */
export function Choices<T extends string>({
  label,
  name,
  choices,
  value,
  onChange,
  bare,
}: {
  label: string;
  name: string;
  choices: readonly Choice<T>[];
  value: T;
  onChange: (value: T) => void;
  bare?: boolean;
}) {
  return (
    <fieldset className={styles.choices}>
      <legend className={bare ? "visually-hidden" : undefined}>{label}</legend>
      {choices.map((c) => (
        <label key={c.value} className={styles.choice}>
          <input
            type="radio"
            name={name}
            value={c.value}
            checked={c.value === value}
            onChange={() => onChange(c.value)}
          />
          <span>{c.label}</span>
          {c.detail === undefined ? null : <small>{c.detail}</small>}
        </label>
      ))}
    </fieldset>
  );
}

export function Check({
  label,
  detail,
  ...rest
}: { label: string; detail?: string } & ComponentProps<"input">) {
  return (
    <label className={styles.choice}>
      <input {...rest} type="checkbox" />
      <span>{label}</span>
      {detail === undefined ? null : <small>{detail}</small>}
    </label>
  );
}
