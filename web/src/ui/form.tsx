import { type FormEvent, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { t } from "../words";
import { Button, type Look } from "./button";
import { classes } from "./classes";
import { FormContext } from "./field";
import styles from "./form.module.css";

/** The texts that were filled in, by the names of the fields. */
export type Values = Readonly<Record<string, string>>;

/** What a form needs of an error: a sentence, and what is wrong with which field. */
interface Failure {
  message: string;
  fields: Readonly<Record<string, string>>;
}

function failureOf(e: unknown): Failure {
  const message = e instanceof Error ? e.message : t("That did not work.");
  const fields = e instanceof Error && "fields" in e && typeof e.fields === "object" ? e.fields : undefined;
  return { message, fields: { ...fields } };
}

/** What is wrong with a control before anything is sent; undefined when nothing is. */
export function faultOf(v: ValidityState, el: { minLength?: number; type?: string }): string | undefined {
  if (v.valid) return undefined;
  if (v.valueMissing) return t("Fill this in.");
  if (v.tooShort) return t("Use at least {count} characters.", { count: el.minLength ?? 0 });
  if (v.typeMismatch && el.type === "email") return t("This is not a mail address.");
  if (v.rangeUnderflow || v.rangeOverflow || v.stepMismatch || v.badInput)
    return t("This number is out of range.");
  return t("This does not have the right form.");
}

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

function controls(form: HTMLFormElement): Control[] {
  return [...form.elements].filter(
    (e): e is Control =>
      e instanceof HTMLInputElement || e instanceof HTMLTextAreaElement || e instanceof HTMLSelectElement,
  );
}

function faults(form: HTMLFormElement): Record<string, string> {
  const found: Record<string, string> = {};
  for (const c of controls(form)) {
    const fault = faultOf(c.validity, {
      type: c.type,
      ...("minLength" in c ? { minLength: c.minLength } : {}),
    });
    if (fault !== undefined) found[c.name] ??= fault;
  }
  return found;
}

function valuesOf(form: HTMLFormElement): Values {
  const texts = [...new FormData(form)].filter((e): e is [string, string] => typeof e[1] === "string");
  return Object.fromEntries(texts);
}

/**
 * A form: it sends once at a time, shows each error beside its field and what
 * belongs to none above the buttons, and takes the eye to the first.
 */
export function Form({
  onSubmit,
  submit,
  busy,
  look = "primary",
  wide,
  buttons,
  children,
  label,
  className,
  submitClass,
}: {
  /** Throw an error with `fields` to say what is wrong. */
  onSubmit: (values: Values, form: HTMLFormElement) => Promise<void>;
  submit: string;
  /** What the button says while it is sent. */
  busy: string;
  look?: Look;
  wide?: boolean;
  /** More buttons before the one that sends. */
  buttons?: ReactNode;
  children: ReactNode;
  label?: string;
  className?: string;
  /** A class for the button that sends. */
  submitClass?: string;
}) {
  const form = useRef<HTMLFormElement>(null);
  const names = useRef(new Map<string, number>());
  const [failure, setFailure] = useState<Failure>();
  const [sending, setSending] = useState(false);

  const joined = useCallback((name: string) => {
    const count = names.current;
    count.set(name, (count.get(name) ?? 0) + 1);
    return () => {
      count.set(name, (count.get(name) ?? 1) - 1);
    };
  }, []);
  const state = useMemo(() => ({ errors: failure?.fields ?? {}, joined }), [failure, joined]);

  useEffect(() => {
    if (failure === undefined || form.current === null) return;
    const wrong = controls(form.current).find((c) => failure.fields[c.name] !== undefined);
    wrong?.focus();
  }, [failure]);

  const send = async (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault();
    e.stopPropagation();
    const target = e.currentTarget;
    if (sending) return;
    const early = faults(target);
    if (Object.keys(early).length > 0) {
      setFailure({ message: "", fields: early });
      return;
    }
    setSending(true);
    try {
      await onSubmit(valuesOf(target), target);
      setFailure(undefined);
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setSending(false);
    }
  };

  return (
    <FormContext value={state}>
      <form
        ref={form}
        noValidate
        aria-label={label}
        className={classes(styles.form, className)}
        onSubmit={(e) => void send(e)}
      >
        {children}
        <FormFailure failure={failure} known={(n) => (names.current.get(n) ?? 0) > 0} />
        <div className={classes(styles.buttons, !wide && styles.end)}>
          {buttons}
          <Button
            type="submit"
            className={submitClass}
            look={look}
            wide={wide ?? false}
            busy={sending && busy}
          >
            {submit}
          </Button>
        </div>
      </form>
    </FormContext>
  );
}

/** What went wrong and belongs to no field that is shown. */
function FormFailure({ failure, known }: { failure: Failure | undefined; known: (name: string) => boolean }) {
  if (failure === undefined) return <div role="alert" />;
  const entries = Object.entries(failure.fields);
  const rest = entries.filter(([name]) => !known(name)).map(([, message]) => message);
  const text = entries.length === 0 ? failure.message : rest.join(" ");
  return (
    <div role="alert" className={text === "" ? "visually-hidden" : styles.failure}>
      {text === "" ? t("Some fields need another look.") : text}
    </div>
  );
}
