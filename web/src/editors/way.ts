import { useState } from "react";
import { type FileKind, kindOf, waysOf } from "./kind";

const place = "lyceum.ways";
const most = 200;

/** How files were last opened on this device, when it was not their own way: a path of a project to a kind. */
type Kept = Record<string, string>;

function read(): Kept {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? "{}");
    if (typeof kept !== "object" || kept === null || Array.isArray(kept)) return {};
    return Object.fromEntries(Object.entries(kept).filter(([, v]) => typeof v === "string"));
  } catch {
    return {}; // what is kept is no JSON, or nothing may be kept
  }
}

/** The way in which a file was opened last, or its own. */
export function keptWay(project: string, path: string): FileKind {
  const kept = read()[`${project}/${path}`];
  return waysOf(path).find((k) => k === kept) ?? kindOf(path);
}

export function keepWay(project: string, path: string, kind: FileKind): void {
  const { [`${project}/${path}`]: _, ...others } = read();
  const list = Object.entries(others).slice(-(most - 1));
  if (kind !== kindOf(path)) list.push([`${project}/${path}`, kind]);
  try {
    localStorage.setItem(place, JSON.stringify(Object.fromEntries(list)));
  } catch {
    // Nothing may be kept here: it holds while the tab is open.
  }
}

/** As what a tab shows its file: each tab on its own; the last choice is where the next one begins. */
export function useWay(project: string, path: string): [FileKind, (kind: FileKind) => void] {
  const [chosen, setChosen] = useState<{ path: string; kind: FileKind }>();
  // A choice goes along when the file is renamed, unless that makes it another kind of file.
  const fits = chosen && (chosen.path === path || kindOf(chosen.path) === kindOf(path));
  const kind = fits ? chosen.kind : keptWay(project, path);
  const choose = (next: FileKind) => {
    setChosen({ path, kind: next });
    keepWay(project, path, next);
  };
  return [kind, choose];
}
