import { t } from "../words";

/** What shows a file. "text" may turn out to be something else when it is read. */
export type FileKind =
  | "text"
  | "picture"
  | "audio"
  | "video"
  | "pdf"
  | "table"
  | "tree"
  | "lines"
  | "hex"
  | "archive"
  | "notebook";

const kinds: Record<string, FileKind> = {
  ...group("picture", "png jpg jpeg jpe jfif gif webp avif bmp tif tiff svg"),
  ...group("audio", "mp3 wav ogg oga flac m4a opus aac"),
  ...group("video", "mp4 m4v webm ogv mov"),
  ...group("table", "csv tsv tab psv jsonl ndjson"),
  ...group("tree", "json geojson topojson jsonld har webmanifest"),
  ...group("archive", "zip tar tgz tbz2 txz gz bz2 xz zst jar whl"),
  pdf: "pdf",
  ipynb: "notebook",
};

function group(kind: FileKind, extensions: string): Record<string, FileKind> {
  return Object.fromEntries(extensions.split(" ").map((e) => [e, kind]));
}

/** The extension of a name, in lower case and without its dot; "" when it has none. */
export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
}

/** What shows the file of this name. */
export function kindOf(path: string): FileKind {
  const extension = extensionOf(path);
  return Object.hasOwn(kinds, extension) ? (kinds[extension] ?? "text") : "text";
}

/** Whether what the file holds is text that can be edited as such. */
export function isText(kind: FileKind, path: string): boolean {
  return (
    kind === "text" ||
    kind === "notebook" ||
    kind === "table" ||
    kind === "tree" ||
    extensionOf(path) === "svg"
  );
}

/** As what a file can be shown, its own way first. */
export function waysOf(path: string): readonly FileKind[] {
  const own = kindOf(path);
  // A notebook is edited by its cells: its text is only read.
  const others: FileKind[] =
    own === "notebook" ? ["tree", "lines", "hex"] : ["text", "table", "tree", "lines", "hex"];
  return [own, ...others.filter((k) => k !== own)];
}

/** The name of a way to show a file. */
export function wayName(kind: FileKind): string {
  switch (kind) {
    case "text":
      return t("Text");
    case "picture":
      return t("Picture");
    case "audio":
      return t("Sound");
    case "video":
      return t("Film");
    case "pdf":
      return t("PDF");
    case "table":
      return t("Table");
    case "tree":
      return t("Tree");
    case "lines":
      return t("Lines, read only");
    case "hex":
      return t("Bytes (hex)");
    case "archive":
      return t("Archive");
    case "notebook":
      return t("Notebook");
  }
}
