import { useRef } from "react";
import type { Entry } from "../../api/project";
import { Button } from "../../ui/button";
import { ConfirmDialog, Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Form } from "../../ui/form";
import { t } from "../../words";
import { useRoom } from "./context";
import type { EntryWork } from "./entrywork";
import { focusFiles } from "./explorerhooks";
import { isFolder, joinPath, nameFault, nameOf, parentOf } from "./path";
import { only } from "./selection";

/** A name that is typed in the tree: of something new, or another one. */
export type Editing = { kind: "file" | "folder"; parent: string } | { kind: "rename"; path: string };

/** What is asked in a dialog: about entries, or for a folder to go to. */
export type Task = { kind: "move" | "purge"; entries: readonly Entry[] } | { kind: "goto" };

export function Tasks({
  task,
  work,
  onClose,
}: {
  task: Task | undefined;
  work: EntryWork;
  onClose: () => void;
}) {
  const { workspace } = useRoom();
  const gone = useRef(false);
  const entries = task?.kind === "move" || task?.kind === "purge" ? task.entries : [];
  const name = entries[0]?.name ?? "";
  const n = entries.length;
  return (
    <>
      <Dialog
        open={task?.kind === "move"}
        onClose={onClose}
        title={n === 1 ? t("Move “{name}”", { name }) : t("Move {n} items", { n })}
        description={
          n === 1
            ? t("Write where it shall be, from the project's home. Tabs that show it go along.")
            : t("Write the folder that they shall be in, from the project's home.")
        }
      >
        {n > 0 ? <MoveForm entries={entries} work={work} onClose={onClose} /> : null}
      </Dialog>
      <Dialog
        open={task?.kind === "goto"}
        onClose={onClose}
        onClosed={() => {
          if (gone.current) focusFiles();
          gone.current = false;
        }}
        title={t("Go to a folder")}
        description={t("Write its path, from the project's home.")}
      >
        <GotoForm
          onDone={() => {
            gone.current = true;
            onClose();
          }}
          onClose={onClose}
        />
      </Dialog>
      <ConfirmDialog
        open={task?.kind === "purge"}
        onClose={onClose}
        title={n === 1 ? t("Delete “{name}” for good?", { name }) : t("Delete {n} items for good?", { n })}
        description={`${named(entries)} ${t("Nothing can bring it back.")}`}
        confirm={t("Delete")}
        busy={t("Deleting…")}
        onConfirm={() => workspace.files.work.purge(entries.map((e) => e.path))}
      />
    </>
  );
}

/** The first of the names, and how many more there are. */
function named(entries: readonly Entry[]): string {
  const first = entries
    .slice(0, 5)
    .map((e) => (isFolder(e) ? t("{name} with all in it", { name: e.path }) : e.path));
  const more = entries.length - first.length;
  const list = first.join(", ");
  return more > 0
    ? t("{list} and {n} more are removed.", { list, n: more })
    : t("{list}: removed.", { list });
}

/** A path as somebody types it, without slashes at its ends and without the sign of the home. */
function typedPath(v: string | undefined): string {
  return (v ?? "")
    .trim()
    .replace(/^~(?=\/|$)/, "")
    .replace(/^\/+|\/+$/g, "");
}

function MoveForm({
  entries,
  work,
  onClose,
}: {
  entries: readonly Entry[];
  work: EntryWork;
  onClose: () => void;
}) {
  const { files } = useRoom().workspace;
  const [first, second] = entries;
  const single = second === undefined;
  if (first === undefined) return null;
  return (
    <Form
      submit={t("Move")}
      busy={t("Moving…")}
      buttons={<Button onClick={onClose}>{t("Cancel")}</Button>}
      onSubmit={async (v) => {
        const to = typedPath(v.to);
        const fault = (to === "" && !single ? [] : to.split("/")).map(faultText).find((f) => f !== undefined);
        if (fault !== undefined) throw Object.assign(new Error(fault), { fields: { to: fault } });
        if (!single) {
          onClose();
          await work.moveTo(
            entries.map((e) => e.path),
            to,
          );
          return;
        }
        if (to !== first.path) await files.work.rename(first.path, to);
        files.selection.set(only(to));
        onClose();
      }}
    >
      <Field
        name="to"
        label={single ? t("New path") : t("Folder")}
        defaultValue={single ? first.path : parentOf(first.path)}
        mono
        required={single}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
      />
    </Form>
  );
}

function GotoForm({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const { workspace } = useRoom();
  const { tree, files } = workspace;
  return (
    <Form
      submit={t("Go")}
      busy={t("Looking…")}
      buttons={<Button onClick={onClose}>{t("Cancel")}</Button>}
      onSubmit={async (v) => {
        const path = typedPath(v.path);
        if (path !== "" && !(await tree.reveal(path, 50))) {
          const missing = t("There is nothing at this path, or its name begins with a dot and is not shown.");
          throw Object.assign(new Error(missing), { fields: { path: missing } });
        }
        const entry = tree.find(path);
        if (entry && isFolder(entry)) await tree.expand(path);
        files.selection.set(only(path === "" ? (tree.rows.get().at(0)?.key ?? "") : path));
        onDone();
      }}
    >
      <Field
        name="path"
        label={t("Path")}
        placeholder={joinPath("data", "2026")}
        mono
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        list="lyceum-folders"
      />
      <datalist id="lyceum-folders">
        {tree.expanded.map((p) => (
          <option key={p} value={p} label={nameOf(p)} />
        ))}
      </datalist>
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
