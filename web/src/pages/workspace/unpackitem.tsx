import { PackageOpen } from "lucide-react";
import type { Entry } from "../../api/project";
import { MenuItem } from "../../ui/menu";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { say } from "../say";
import { useRoom } from "./context";
import type { Workspace } from "./model";
import { isFolder, parentOf } from "./path";

const archives = /\.(zip|tar|tgz|tbz2|txz|gz|bz2|xz|zst)$/i;

/** "Unpack here", for archives that one may unpack. */
export function UnpackItem({ entries, write }: { entries: readonly Entry[]; write: boolean }) {
  const { workspace } = useRoom();
  const [first] = entries;
  if (!write || entries.length !== 1 || first === undefined || isFolder(first) || !archives.test(first.name))
    return null;
  return (
    <MenuItem icon={PackageOpen} onSelect={() => void say(unpack(workspace, first.path))}>
      {t("Unpack here")}
    </MenuItem>
  );
}

async function unpack(workspace: Workspace, path: string): Promise<void> {
  const job = await workspace.jobs.run({ kind: "unpack", paths: [path], to: parentOf(path) });
  const [made] = job.results;
  if (job.state === "done" && made) toast({ text: t("Unpacked to {path}.", { path: made.to }) });
}
