import { fileAddress } from "../../api/project";

/** The address that downloads a file. */
export function downloadAddress(project: string, path: string): string {
  return fileAddress(project, path, { download: "1" }).href;
}

/** Downloads a file, as a press on a link to it would. */
export function download(project: string, path: string): void {
  const a = document.createElement("a");
  a.href = downloadAddress(project, path);
  a.download = "";
  a.click();
}
