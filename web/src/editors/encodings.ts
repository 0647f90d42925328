const names: Record<string, string> = {
  "utf-8": "UTF-8",
  "utf-16le": "UTF-16",
  "utf-16be": "UTF-16 (big endian)",
  "windows-1252": "Latin 1 (Windows-1252)",
  "iso-8859-15": "Latin 9 (ISO 8859-15)",
  "iso-8859-2": "Latin 2 (ISO 8859-2)",
  "windows-1250": "Windows-1250",
  "windows-1251": "Windows-1251",
  "windows-1253": "Windows-1253",
  "koi8-r": "KOI8-R",
  macintosh: "Mac Roman",
  shift_jis: "Shift JIS",
  "euc-jp": "EUC-JP",
  gb18030: "GB 18030",
  big5: "Big5",
  "euc-kr": "EUC-KR",
};

/** The name of an encoding as people write it. */
export function encodingName(encoding: string): string {
  return names[encoding] ?? encoding;
}

/** The encodings that text can be read in, with the one that it is read in now. */
export function encodingChoices(now: string): { value: string; label: string }[] {
  const all = Object.keys(names);
  return (all.includes(now) ? all : [now, ...all]).map((value) => ({ value, label: encodingName(value) }));
}
