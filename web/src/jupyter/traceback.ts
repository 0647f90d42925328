import { overwritten, parseANSI } from "./ansi";

/** What an error of a kernel tells, folded to the line that matters. */
export type Trouble = {
  /** "ZeroDivisionError: division by zero". */
  what: string;
  /** Where in the cell it happened, as the traceback shows it; absent when it does not say. */
  line?: { number: number; text: string };
  /** A package that is not there. */
  missing?: string;
};

/** What matters of an error output. */
export function readError(name: string, value: string, traceback: readonly string[]): Trouble {
  const first = value.split("\n").find((l) => l.trim() !== "") ?? "";
  const plain = plainText(traceback.join("\n"));
  const trouble: Trouble = { what: value === "" ? name : `${name}: ${first}` };
  const line = lineOf(plain);
  if (line) trouble.line = line;
  const missing = missingPackage(name, value);
  if (missing) trouble.missing = missing;
  return trouble;
}

/** Text without its colours. */
export function plainText(text: string): string {
  return parseANSI(overwritten(text))
    .map((s) => s.text)
    .join("");
}

/** The marked line of the last frame that is in a cell, as IPython's tracebacks mark it. */
function lineOf(plain: string): { number: number; text: string } | undefined {
  let inCell = false;
  let found: { number: number; text: string } | undefined;
  for (const line of plain.split("\n")) {
    if (/^(Cell In|Input In|<ipython-input-|File .*ipykernel_\d+)/.test(line.trim())) inCell = true;
    else if (/^(File|\/|~\/)/.test(line.trim())) inCell = false;
    const m = /^-+>\s*(\d+)\s?(.*)$/.exec(line);
    if (m && inCell) found = { number: Number(m[1]), text: (m[2] ?? "").trimEnd() };
  }
  return found;
}

function missingPackage(name: string, value: string): string | undefined {
  const python = /^No module named ['"]?([\w.]+)/.exec(value);
  if ((name === "ModuleNotFoundError" || name === "ImportError") && python?.[1])
    return python[1].split(".")[0];
  const r = /there is no package called [‘'"]([\w.]+)/.exec(value);
  return r?.[1];
}

/** The packages that hold modules of another name. */
const packages: Record<string, string> = {
  sklearn: "scikit-learn",
  cv2: "opencv-python-headless",
  PIL: "pillow",
  yaml: "pyyaml",
  bs4: "beautifulsoup4",
  skimage: "scikit-image",
  dotenv: "python-dotenv",
  dateutil: "python-dateutil",
  docx: "python-docx",
  OpenSSL: "pyopenssl",
  serial: "pyserial",
};

/** The line of a cell that installs a package where the kernel looks for it. */
export function installLine(language: string, missing: string): string | undefined {
  if (language === "python") return `%pip install ${packages[missing] ?? missing}`;
  if (language === "r") return `install.packages("${missing}")`;
  return undefined;
}
