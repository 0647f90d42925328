import { LanguageSupport, StreamLanguage, type StreamParser } from "@codemirror/language";

/** A language that the editor can show; its code is loaded when first used. */
export type Language = { name: string; load: () => Promise<LanguageSupport> };

const legacy = (name: string, mode: () => Promise<StreamParser<unknown>>): Language => ({
  name,
  load: async () => new LanguageSupport(StreamLanguage.define(await mode())),
});

const python: Language = {
  name: "Python",
  load: async () => (await import("@codemirror/lang-python")).python(),
};
const json: Language = { name: "JSON", load: async () => (await import("@codemirror/lang-json")).json() };
const yaml: Language = { name: "YAML", load: async () => (await import("@codemirror/lang-yaml")).yaml() };
const html: Language = { name: "HTML", load: async () => (await import("@codemirror/lang-html")).html() };
const xml: Language = { name: "XML", load: async () => (await import("@codemirror/lang-xml")).xml() };
const css: Language = { name: "CSS", load: async () => (await import("@codemirror/lang-css")).css() };
const cpp: Language = { name: "C++", load: async () => (await import("@codemirror/lang-cpp")).cpp() };
const c: Language = { name: "C", load: cpp.load };
const java: Language = { name: "Java", load: async () => (await import("@codemirror/lang-java")).java() };
const rust: Language = { name: "Rust", load: async () => (await import("@codemirror/lang-rust")).rust() };
const sql: Language = { name: "SQL", load: async () => (await import("@codemirror/lang-sql")).sql() };
const javascript = (name: string, o: { typescript?: boolean; jsx?: boolean }): Language => ({
  name,
  load: async () => (await import("@codemirror/lang-javascript")).javascript(o),
});
const markdown: Language = {
  name: "Markdown",
  load: async () => {
    const m = await import("@codemirror/lang-markdown");
    return m.markdown({ base: m.markdownLanguage });
  },
};
const shell = legacy("Shell", async () => (await import("@codemirror/legacy-modes/mode/shell")).shell);
const go = legacy("Go", async () => (await import("@codemirror/legacy-modes/mode/go")).go);
const r = legacy("R", async () => (await import("@codemirror/legacy-modes/mode/r")).r);
const julia = legacy("Julia", async () => (await import("@codemirror/legacy-modes/mode/julia")).julia);
const octave = legacy("Octave", async () => (await import("@codemirror/legacy-modes/mode/octave")).octave);
const fortran = legacy(
  "Fortran",
  async () => (await import("@codemirror/legacy-modes/mode/fortran")).fortran,
);
const tex = legacy("TeX", async () => (await import("@codemirror/legacy-modes/mode/stex")).stex);
const toml = legacy("TOML", async () => (await import("@codemirror/legacy-modes/mode/toml")).toml);
const ruby = legacy("Ruby", async () => (await import("@codemirror/legacy-modes/mode/ruby")).ruby);
const lua = legacy("Lua", async () => (await import("@codemirror/legacy-modes/mode/lua")).lua);
const perl = legacy("Perl", async () => (await import("@codemirror/legacy-modes/mode/perl")).perl);
const haskell = legacy(
  "Haskell",
  async () => (await import("@codemirror/legacy-modes/mode/haskell")).haskell,
);
const ini = legacy("INI", async () => (await import("@codemirror/legacy-modes/mode/properties")).properties);
const diff = legacy("Diff", async () => (await import("@codemirror/legacy-modes/mode/diff")).diff);
const cmake = legacy("CMake", async () => (await import("@codemirror/legacy-modes/mode/cmake")).cmake);
const swift = legacy("Swift", async () => (await import("@codemirror/legacy-modes/mode/swift")).swift);
const dockerfile = legacy(
  "Dockerfile",
  async () => (await import("@codemirror/legacy-modes/mode/dockerfile")).dockerFile,
);
const kotlin = legacy("Kotlin", async () => (await import("@codemirror/legacy-modes/mode/clike")).kotlin);
const scala = legacy("Scala", async () => (await import("@codemirror/legacy-modes/mode/clike")).scala);
const csharp = legacy("C#", async () => (await import("@codemirror/legacy-modes/mode/clike")).csharp);

const extensions: Record<string, Language> = {
  py: python,
  pyi: python,
  pyw: python,
  json,
  jsonc: json,
  ipynb: json,
  geojson: json,
  yaml,
  yml: yaml,
  html,
  htm: html,
  xml,
  svg: xml,
  css,
  scss: css,
  c,
  h: c,
  cc: cpp,
  cpp,
  cxx: cpp,
  hpp: cpp,
  hh: cpp,
  cu: cpp,
  java,
  rs: rust,
  sql,
  js: javascript("JavaScript", {}),
  mjs: javascript("JavaScript", {}),
  cjs: javascript("JavaScript", {}),
  jsx: javascript("JavaScript", { jsx: true }),
  ts: javascript("TypeScript", { typescript: true }),
  mts: javascript("TypeScript", { typescript: true }),
  tsx: javascript("TypeScript", { typescript: true, jsx: true }),
  md: markdown,
  markdown,
  qmd: markdown,
  rmd: markdown,
  sh: shell,
  bash: shell,
  zsh: shell,
  go,
  r,
  jl: julia,
  m: octave,
  f: fortran,
  f90: fortran,
  f95: fortran,
  tex,
  sty: tex,
  cls: tex,
  bib: tex,
  toml,
  rb: ruby,
  lua,
  pl: perl,
  hs: haskell,
  ini,
  cfg: ini,
  conf: ini,
  properties: ini,
  diff,
  patch: diff,
  cmake,
  swift,
  kt: kotlin,
  scala,
  cs: csharp,
};

const names: Record<string, Language> = {
  dockerfile,
  containerfile: dockerfile,
  "cmakelists.txt": cmake,
  ".bashrc": shell,
  ".bash_profile": shell,
  ".profile": shell,
  ".zshrc": shell,
  ".gitconfig": ini,
  ".editorconfig": ini,
  "cargo.lock": toml,
  gemfile: ruby,
  rakefile: ruby,
};

/** The language of a file, by its name, or else by its first line ("#!/usr/bin/env python3"). */
export function languageOf(path: string, firstLine = ""): Language | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const dot = name.lastIndexOf(".");
  const known = names[name] ?? (dot > 0 ? extensions[name.slice(dot + 1)] : undefined);
  if (known || !firstLine.startsWith("#!")) return known;
  if (/\bpython/.test(firstLine)) return python;
  if (/\b(ba|z|da)?sh\b/.test(firstLine)) return shell;
  if (/\bnode\b/.test(firstLine)) return extensions.js;
  if (/\bRscript\b/.test(firstLine)) return r;
  if (/\bjulia\b/.test(firstLine)) return julia;
  if (/\bruby\b/.test(firstLine)) return ruby;
  if (/\bperl\b/.test(firstLine)) return perl;
  return undefined;
}
