import { fileAddress } from "../../api/project";

/** The address that downloads a file. */
export function downloadAddress(project: string, path: string): string {
  return fileAddress(project, path, { download: "1" }).href;
}
