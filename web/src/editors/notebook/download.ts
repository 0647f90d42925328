import { type Conversion, convertNotebook } from "../../api/notebooks";
import { messageOf } from "../../api/problem";
import { notebookText } from "../../sync/ipynb";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import type { Book } from "./book";
import { scriptExtension, scriptText } from "./nbformat";

/** Gives the notebook as it is now to the browser, as a file. */
export function saveNotebook(book: Book): void {
  saveText(notebookText(book.nb.doc), nameOf(book.path, "ipynb"), "application/x-ipynb+json");
}

/** The same as a script of its language. */
export function saveScript(book: Book): void {
  const { language } = book.nb;
  const extension = scriptExtension(language, book.nb.metadata.get());
  saveText(scriptText(book.nb.doc, language), nameOf(book.path, extension), "text/plain");
}

/** The same as HTML or PDF, which the project makes; what is not installed for it is said. */
export async function saveConverted(book: Book, c: Conversion): Promise<void> {
  if (!c.ready) {
    toast({ text: lackOf(c), kind: "bad" });
    return;
  }
  toast({ text: c.to === "pdf" ? t("The PDF is being made…") : t("The HTML is being made…") });
  try {
    save(await convertNotebook(book.project, book.path, c.to), nameOf(book.path, c.to));
  } catch (e) {
    toast({ text: messageOf(e), kind: "bad" });
  }
}

/** What a conversion needs, and how it comes there. */
function lackOf({ missing = "", install }: Conversion): string {
  return install ? t("{what} In a terminal: {line}", { what: missing, line: install }) : missing;
}

function nameOf(path: string, extension: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return `${name.replace(/\.ipynb$/i, "")}.${extension}`;
}

function saveText(text: string, name: string, type: string): void {
  save(new Blob([text], { type }), name);
}

function save(what: Blob, name: string): void {
  const url = URL.createObjectURL(what);
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  URL.revokeObjectURL(url);
}
