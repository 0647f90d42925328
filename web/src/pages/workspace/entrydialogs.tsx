import type { Entry } from "../../api/project";
import { removeFile } from "../../api/project";
import { Button } from "../../ui/button";
import { ConfirmDialog, Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Form } from "../../ui/form";
import { t } from "../../words";
import { useRoom } from "./context";
import { isFolder, nameFault } from "./tree";

/** A name that is typed in the tree: of something new, or another one. */
export type Editing = { kind: "file" | "folder"; parent: string } | { kind: "rename"; path: string };

/** What is asked about an entry in a dialog. */
export type Task = { kind: "move" | "delete"; entry: Entry };

export function Tasks({ task, onClose }: { task: Task | undefined; onClose: () => void }) {
  const { workspace } = useRoom();
  const entry = task?.entry;
  return (
    <>
      <Dialog
        open={task?.kind === "move"}
        onClose={onClose}
        title={t("Move “{name}”", { name: entry?.name ?? "" })}
        description={t("Write where it shall be, from the project's home. Tabs that show it go along.")}
      >
        {entry ? <MoveForm entry={entry} onClose={onClose} /> : null}
      </Dialog>
      <ConfirmDialog
        open={task?.kind === "delete"}
        onClose={onClose}
        title={t("Delete “{name}”?", { name: entry?.name ?? "" })}
        description={
          entry && isFolder(entry) && entry.kind === "dir"
            ? t("The folder and all that is in it are removed for good.")
            : t("The file is removed for good.")
        }
        confirm={t("Delete")}
        busy={t("Deleting…")}
        onConfirm={async () => {
          if (!entry) return;
          await removeFile(workspace.project, entry.path);
          workspace.removed(entry.path);
        }}
      />
    </>
  );
}

function MoveForm({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const { workspace } = useRoom();
  return (
    <Form
      submit={t("Move")}
      busy={t("Moving…")}
      buttons={<Button onClick={onClose}>{t("Cancel")}</Button>}
      onSubmit={async (v) => {
        const to = (v.to ?? "").replace(/^\/+|\/+$/g, "");
        const fault = to
          .split("/")
          .map(faultText)
          .find((f) => f !== undefined);
        if (fault !== undefined) throw Object.assign(new Error(fault), { fields: { to: fault } });
        if (to !== entry.path) await workspace.move(entry.path, to);
        onClose();
      }}
    >
      <Field
        name="to"
        label={t("New path")}
        defaultValue={entry.path}
        mono
        required
        autoComplete="off"
        spellCheck={false}
      />
    </Form>
  );
}

/** What is wrong with a name, in words; undefined when it will do. */
export function faultText(name: string): string | undefined {
  switch (nameFault(name)) {
    case undefined:
      return undefined;
    case "empty":
      return t("Write a name.");
    case "slash":
      return t("A name cannot hold a slash.");
    case "dots":
      return t("This name means a folder above.");
    case "control":
      return t("A name cannot hold a line break or other control characters.");
    case "long":
      return t("The name is longer than 255 bytes.");
  }
}
