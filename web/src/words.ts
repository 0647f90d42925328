// Every string that a person reads goes through t: the English text is the key,
// in ICU MessageFormat. Another language is one more catalogue, loaded before
// the app is mounted.
//
//	t("Sign in")
//	t("{count, plural, one {# person} other {# people}}", { count })
import { i18n } from "@lingui/core";
import { compileMessage } from "@lingui/message-utils/compileMessage";

const compiled = new Map<string, ReturnType<typeof compileMessage>>();

i18n.setMessagesCompiler((text) => {
  let c = compiled.get(text);
  if (c === undefined) {
    c = compileMessage(text);
    compiled.set(text, c);
  }
  return c;
});
i18n.loadAndActivate({ locale: "en", messages: {} });

/** The text in the person's language, with its {placeholders} filled in. */
export function t(text: string, values?: Record<string, string | number>): string {
  return values === undefined && !text.includes("{") ? i18n._(text) : i18n._(text, values ?? {});
}

/** The language that is shown, as a BCP 47 tag, for dates and numbers. */
export function locale(): string {
  return i18n.locale;
}
