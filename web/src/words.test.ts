import { expect, test } from "vitest";
import { t } from "./words";

test.each([
  [t("Sign in"), "Sign in"],
  [t("Welcome, {name}", { name: "Ada {x}" }), "Welcome, Ada {x}"],
  [t("{count, plural, one {# person} other {# people}}", { count: 1 }), "1 person"],
  [t("{count, plural, one {# person} other {# people}}", { count: 1200 }), "1,200 people"],
  [t("It's the project's name"), "It's the project's name"],
])("%s", (got, want) => {
  expect(got).toBe(want);
});
