import type { Role } from "../api/types";
import { t } from "../words";

/** A role as it is written for people. */
export function roleName(role: Role): string {
  switch (role) {
    case "owner":
      return t("Owner");
    case "editor":
      return t("Editor");
    case "viewer":
      return t("Viewer");
  }
}

/** What a role may do, in one line. */
export function roleDetail(role: Role): string {
  switch (role) {
    case "owner":
      return t("Does everything: people, settings, deleting the project.");
    case "editor":
      return t("Writes files and runs code; cannot invite or delete.");
    case "viewer":
      return t("Reads files and documents; cannot run code.");
  }
}

/** The roles, the one to give most often first. */
export const roles: readonly Role[] = ["editor", "viewer", "owner"];

/** The roles as choices of a field. */
export function roleChoices(): { value: Role; label: string; detail: string }[] {
  return roles.map((value) => ({ value, label: roleName(value), detail: roleDetail(value) }));
}
