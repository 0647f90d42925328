/** What shows a file. "text" may turn out to be binary or too large when it is read. */
export type FileKind = "text" | "image" | "audio" | "video";

const kinds: Record<string, FileKind> = {
  png: "image",
  jpg: "image",
  jpeg: "image",
  gif: "image",
  webp: "image",
  avif: "image",
  bmp: "image",
  mp3: "audio",
  wav: "audio",
  ogg: "audio",
  oga: "audio",
  flac: "audio",
  m4a: "audio",
  opus: "audio",
  mp4: "video",
  webm: "video",
  ogv: "video",
  mov: "video",
};

/** What shows the file of this name. */
export function kindOf(path: string): FileKind {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
  return Object.hasOwn(kinds, extension) ? (kinds[extension] ?? "text") : "text";
}
