// What a new project is asked to be, from what was filled in.
import type { Values } from "../../ui/form";

export type SourceKind = "empty" | "git" | "copy";

/** The last part of a repository's address: "waves" of https://example.org/ada/waves.git. */
export function nameOfRepository(url: string): string {
  const last = url
    .trim()
    .replace(/[/\s]+$/, "")
    .split(/[/:]/)
    .at(-1);
  return (last ?? "").replace(/\.git$/, "");
}

/** The request for a new project. */
export function newProject(kind: SourceKind, values: Values, copied: string) {
  const url = (values["source.url"] ?? "").trim();
  const name = (values.name ?? "").trim();
  switch (kind) {
    case "empty":
      return { name };
    case "git":
      return { name: name === "" ? nameOfRepository(url) : name, source: { kind, url } };
    case "copy":
      return { name, source: { kind, project: copied } };
  }
}
