import { EllipsisVertical } from "lucide-react";
import { useState } from "react";
import { listVersions, type Version } from "../../../api/history";
import { size } from "../../../ui/ago";
import { Button, IconButton } from "../../../ui/button";
import { Menu, MenuItem, MenuLine } from "../../../ui/menu";
import { toast } from "../../../ui/toast";
import { t } from "../../../words";
import { useRoom } from "../context";
import { useDoing } from "../git/hooks";
import { nameOf } from "../path";
import type { Facts } from "./about";
import { ClearDialog, NameDialog } from "./dialogs";
import { useChange, useLooking } from "./hooks";
import { timesOf, titleOf } from "./say";

/** What can be done with a version, and with the history. */
export function Acts({
  path,
  version,
  seq,
  facts,
  text,
}: {
  path: string;
  version: Version | undefined;
  seq: number;
  facts: Facts;
  text: string | undefined;
}) {
  const { may, running, workspace } = useRoom();
  const change = useChange(path);
  const [busy, run] = useDoing();
  const [naming, setNaming] = useState<Version>();
  const [clearing, setClearing] = useState<"all" | number>();
  const [, look] = useLooking(path);
  const write = may("files.write") && running;
  // The edit is the project's: the editor's own undo does not reach it, and these do.
  const back = version?.origin === "restore" && seq === facts.newest && version.first > facts.oldest;
  const restore = () =>
    run("restore", async () => {
      const before = facts.newest;
      const { seq: made } = await change({ action: "restore", seq });
      if (made === undefined) {
        toast({ text: t("The file is so already.") });
        return;
      }
      look({ seq: 0, row: undefined });
      toast({
        text: t("{name} is as it was then. What it was before is in its history, too.", {
          name: nameOf(path),
        }),
        action: { label: t("Undo"), run: () => void undo(made, before) },
      });
    });
  /** Takes a restore back, unless somebody went on from it meanwhile. */
  const undo = (made: number, before: number) =>
    run("undo", async () => {
      const { newest = made } = await listVersions(workspace.project, path, { limit: 1 });
      if (newest > made) {
        const text = t("{name} was edited since: choose in its history what to bring back.", {
          name: nameOf(path),
        });
        toast({ text, kind: "bad" });
        return;
      }
      await change({ action: "restore", seq: before });
      look({ seq: 0, row: undefined });
    });
  const copy = () =>
    run("copy", async () => {
      await navigator.clipboard.writeText(text ?? "");
      toast({ text: t("The version is on the clipboard.") });
    });
  return (
    <>
      {write && back ? (
        <Button
          busy={busy === "undo" && t("Undoing…")}
          onClick={() => void undo(version.seq, version.first - 1)}
        >
          {t("Undo the restore")}
        </Button>
      ) : write ? (
        <Button
          look={seq === facts.newest ? "plain" : "primary"}
          disabled={version === undefined || seq === facts.newest}
          busy={busy === "restore" && t("Restoring…")}
          onClick={() => void restore()}
        >
          {t("Restore")}
        </Button>
      ) : null}
      <Menu
        trigger={
          <IconButton label={t("More for this version")}>
            <EllipsisVertical size={16} strokeWidth={1.5} />
          </IconButton>
        }
      >
        <MenuItem disabled={text === undefined} onSelect={() => void copy()}>
          {t("Copy the text of this version")}
        </MenuItem>
        {write ? (
          <MenuItem late disabled={version === undefined} onSelect={() => setNaming(version)}>
            {version?.name ? t("Change its name…") : t("Name this version…")}
          </MenuItem>
        ) : null}
        <MenuItem onSelect={() => workspace.openFile(path)}>{t("Open the file")}</MenuItem>
        <MenuLine />
        {write ? (
          <>
            <MenuItem danger late disabled={seq <= facts.oldest} onSelect={() => setClearing(seq)}>
              {t("Clear what is older than this…")}
            </MenuItem>
            <MenuItem danger late onSelect={() => setClearing("all")}>
              {t("Clear the whole history ({size})…", { size: size(facts.bytes) })}
            </MenuItem>
          </>
        ) : (
          <MenuItem disabled onSelect={() => {}}>
            {t("The history takes {size}", { size: size(facts.bytes) })}
          </MenuItem>
        )}
      </Menu>
      <NameDialog version={naming} change={change} onClose={() => setNaming(undefined)} />
      <ClearDialog
        clearing={clearing}
        bytes={facts.bytes}
        when={version ? `${titleOf(version)}, ${timesOf(version)}` : ""}
        change={change}
        onClose={() => setClearing(undefined)}
      />
    </>
  );
}
