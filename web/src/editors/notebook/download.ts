import { notebookText } from "../../sync/ipynb";
import type { Book } from "./book";
import { scriptExtension, scriptText } from "./nbformat";

/** Gives the notebook as it is now to the browser, as a file. */
export function saveNotebook(book: Book): void {
  save(notebookText(book.nb.doc), nameOf(book.path, "ipynb"), "application/x-ipynb+json");
}

/** The same as a script of its language. */
export function saveScript(book: Book): void {
  const { language } = book.nb;
  const extension = scriptExtension(language, book.nb.metadata.get());
  save(scriptText(book.nb.doc, language), nameOf(book.path, extension), "text/plain");
}

function nameOf(path: string, extension: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return `${name.replace(/\.ipynb$/i, "")}.${extension}`;
}

function save(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  URL.revokeObjectURL(url);
}
