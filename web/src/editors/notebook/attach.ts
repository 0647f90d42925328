import type { ClipboardEvent, DragEvent } from "react";
import { plain } from "../../sync/ipynb";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import type { Book } from "./book";
import { type Cell, record } from "./cell";

/** Largest picture that is put into a cell, in bytes: it is in the notebook's file. */
const largest = 5 << 20;

/** What a markdown cell does with pictures that are pasted or dropped: they become its attachments. */
export function pasteFiles(book: Book, cell: Cell) {
  const take = (files: FileList | undefined): boolean => {
    const pictures = [...(files ?? [])].filter((f) => f.type.startsWith("image/"));
    if (pictures.length === 0 || cell.head.get().type !== "markdown" || !book.page.writable.get())
      return false;
    void attach(book, cell, pictures);
    return true;
  };
  return {
    onPasteCapture: (e: ClipboardEvent<HTMLElement>) => {
      if (!take(e.clipboardData.files)) return;
      e.preventDefault();
      e.stopPropagation();
    },
    onDropCapture: (e: DragEvent<HTMLElement>) => {
      if (!take(e.dataTransfer.files)) return;
      e.preventDefault();
      e.stopPropagation();
    },
    onDragOverCapture: (e: DragEvent<HTMLElement>) => {
      if (e.dataTransfer.types.includes("Files") && cell.head.get().type === "markdown") e.preventDefault();
    },
  };
}

async function attach(book: Book, cell: Cell, pictures: readonly File[]): Promise<void> {
  for (const f of pictures) {
    if (f.size > largest) {
      const text = t(
        "{name} is too large for a cell: at most {n} MB. Upload it beside the notebook instead.",
        {
          name: f.name,
          n: largest >> 20,
        },
      );
      toast({ text, kind: "bad" });
      continue;
    }
    const data = await base64(f);
    book.nb.edit(() => {
      const attachments = record(plain(cell.map.get("attachments")));
      const name = freeName(f.name || "picture.png", attachments);
      cell.map.set("attachments", { ...attachments, [name]: { [f.type]: data } });
      const { source } = cell;
      const before = source.length > 0 && !source.toString().endsWith("\n") ? "\n\n" : "";
      source.insert(source.length, `${before}![${name}](attachment:${encodeURIComponent(name)})\n`);
    });
  }
}

/** A name that is not taken: "a.png", "a-2.png". */
export function freeName(name: string, taken: Record<string, unknown>): string {
  const dot = name.lastIndexOf(".");
  const [stem, end] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  for (let n = 1; ; n++) {
    const found = n === 1 ? name : `${stem}-${n}${end}`;
    if (!(found in taken)) return found;
  }
}

async function base64(f: File): Promise<string> {
  const bytes = new Uint8Array(await f.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000)
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}
