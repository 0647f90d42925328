import { keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { keys } from "../../api/keys";
import { isKind, messageOf } from "../../api/problem";
import { emptyTrash, listTrash, purgeTrash, restoreTrash, type Trashed } from "../../api/trash";
import { moment, size } from "../../ui/ago";
import { Button, IconButton } from "../../ui/button";
import { ConfirmDialog, Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { Form } from "../../ui/form";
import { EmptyState, Failure, Progress } from "../../ui/state";
import { toast } from "../../ui/toast";
import { t } from "../../words";
import { useRoom } from "./context";
import { parentOf } from "./path";
import { only } from "./selection";
import styles from "./trash.module.css";

/** What was deleted: the newest first, with who did it. It is restored or deleted for good. */
export function TrashDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={t("Trash")}
      description={t("What is deleted is kept here for 30 days. It counts as used space until then.")}
      wide
    >
      {open ? <TrashList onClose={onClose} /> : null}
    </Dialog>
  );
}

function useTrash() {
  const { project } = useRoom().workspace;
  const key = [...keys.project(project), "trash"];
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => listTrash(project, { after: pageParam, signal }),
    initialPageParam: "",
    getNextPageParam: (p) => p.next || undefined,
    staleTime: 0,
    retry: false,
    placeholderData: keepPreviousData,
  });
  const cache = useQueryClient();
  return { query, again: () => cache.invalidateQueries({ queryKey: key }) };
}

type Ask =
  | { kind: "purge"; items: readonly Trashed[] }
  | { kind: "empty" }
  | { kind: "elsewhere"; item: Trashed };

function TrashList({ onClose }: { onClose: () => void }) {
  const { workspace, may } = useRoom();
  const { query, again } = useTrash();
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [ask, setAsk] = useState<Ask>();
  const { project, tree, files } = workspace;
  const write = may("files.write");
  const shown = (paths: string[]) => {
    for (const folder of new Set(paths.map(parentOf))) tree.changed({ dir: folder });
    const [first] = paths;
    if (first === undefined) return;
    files.selection.set(only(first));
    void tree.reveal(first);
  };
  const restore = async (items: readonly Trashed[]) => {
    const back: string[] = [];
    try {
      for (const item of items) back.push((await restoreTrash(project, item.id)).path);
      toast({
        text: t("{n, plural, one {Restored {path}.} other {Restored # items.}}", {
          n: back.length,
          path: back[0] ?? "",
        }),
      });
    } catch (e) {
      const item = items[back.length];
      if (item && isKind(e, "conflict")) setAsk({ kind: "elsewhere", item });
      else toast({ text: messageOf(e), kind: "bad" });
    }
    shown(back);
    setPicked(new Set());
    await again();
  };
  if (query.data === undefined)
    return query.error === null ? (
      <Progress>{t("Reading the trash…")}</Progress>
    ) : (
      <Failure error={query.error} onRetry={() => void query.refetch()} />
    );
  const items = query.data.pages.flatMap((p) => p.items);
  const [head] = query.data.pages;
  if (items.length === 0) return <EmptyState small icon={Trash2} title={t("The trash is empty")} />;
  const chosen = items.filter((i) => picked.has(i.id));
  const toggle = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    setPicked(next);
  };
  return (
    <>
      <div className={styles.all}>
        <label className={styles.check}>
          <input
            type="checkbox"
            checked={chosen.length === items.length}
            ref={(el) => {
              if (el) el.indeterminate = chosen.length > 0 && chosen.length < items.length;
            }}
            onChange={() => setPicked(new Set(chosen.length === items.length ? [] : items.map((i) => i.id)))}
          />
          <span>
            {chosen.length > 0
              ? t("{n} selected", { n: chosen.length })
              : t("{n, plural, one {# item} other {# items}}, {size}", {
                  n: head?.total ?? items.length,
                  size: size(head?.sizeBytes ?? 0),
                })}
          </span>
        </label>
        <span className={styles.gap} />
        {write ? (
          chosen.length > 0 ? (
            <>
              <Button onClick={() => void restore(chosen)}>{t("Restore")}</Button>
              <Button look="danger" onClick={() => setAsk({ kind: "purge", items: chosen })}>
                {t("Delete for good")}
              </Button>
            </>
          ) : (
            <Button onClick={() => setAsk({ kind: "empty" })}>{t("Empty the trash")}</Button>
          )
        ) : null}
      </div>
      <ul className={styles.list}>
        {items.map((i) => (
          <li key={i.id} className={styles.item}>
            <input
              type="checkbox"
              aria-label={t("Select {name}", { name: i.name })}
              checked={picked.has(i.id)}
              onChange={() => toggle(i.id)}
            />
            <span className={styles.what}>
              <b title={i.path}>{i.path}</b>
              <small>
                {t("{who}, {when}", { who: i.byName || t("someone"), when: moment(i.deleted) })}
                {i.size >= 0 ? ` · ${size(i.size)}` : ""}
              </small>
            </span>
            {write ? (
              <>
                <IconButton
                  light
                  label={t("Restore {name}", { name: i.name })}
                  onClick={() => void restore([i])}
                >
                  <RotateCcw size={16} strokeWidth={1.5} />
                </IconButton>
                <IconButton
                  light
                  label={t("Delete {name} for good", { name: i.name })}
                  onClick={() => setAsk({ kind: "purge", items: [i] })}
                >
                  <Trash2 size={16} strokeWidth={1.5} />
                </IconButton>
              </>
            ) : null}
          </li>
        ))}
      </ul>
      {query.hasNextPage ? (
        <Button
          look="quiet"
          busy={query.isFetchingNextPage && t("Reading…")}
          onClick={() => void query.fetchNextPage()}
        >
          {t("Show more")}
        </Button>
      ) : null}
      <Asks
        ask={ask}
        onClose={() => setAsk(undefined)}
        onGone={async () => {
          setPicked(new Set());
          await again();
        }}
        onBack={async (path) => {
          shown([path]);
          onClose();
        }}
      />
    </>
  );
}

function Asks({
  ask,
  onClose,
  onGone,
  onBack,
}: {
  ask: Ask | undefined;
  onClose: () => void;
  onGone: () => Promise<void>;
  onBack: (path: string) => Promise<void>;
}) {
  const { project } = useRoom().workspace;
  const items = ask?.kind === "purge" ? ask.items : [];
  const item = ask?.kind === "elsewhere" ? ask.item : undefined;
  const n = items.length;
  return (
    <>
      <ConfirmDialog
        open={ask?.kind === "purge"}
        onClose={onClose}
        title={
          n === 1
            ? t("Delete “{name}” for good?", { name: items[0]?.name ?? "" })
            : t("Delete {n} items for good?", { n })
        }
        description={t("Nothing can bring it back.")}
        confirm={t("Delete")}
        busy={t("Deleting…")}
        onConfirm={async () => {
          for (const i of items) await purgeTrash(project, i.id);
          await onGone();
        }}
      />
      <ConfirmDialog
        open={ask?.kind === "empty"}
        onClose={onClose}
        title={t("Empty the trash?")}
        description={t("All that is in it is deleted for good, also what others deleted.")}
        confirm={t("Empty it")}
        busy={t("Deleting…")}
        onConfirm={async () => {
          await emptyTrash(project);
          await onGone();
        }}
      />
      <Dialog
        open={item !== undefined}
        onClose={onClose}
        title={t("There is another “{name}” now", { name: item?.name ?? "" })}
        description={t("Write where it shall be restored, from the project's home.")}
      >
        {item === undefined ? null : (
          <Form
            submit={t("Restore")}
            busy={t("Restoring…")}
            buttons={<Button onClick={onClose}>{t("Cancel")}</Button>}
            onSubmit={async (v) => {
              const to = (v.to ?? "").replace(/^\/+|\/+$/g, "");
              const entry = await restoreTrash(project, item.id, to);
              onClose();
              await onBack(entry.path);
            }}
          >
            <Field
              name="to"
              label={t("Path")}
              defaultValue={besides(item.path)}
              mono
              required
              autoComplete="off"
              spellCheck={false}
            />
          </Form>
        )}
      </Dialog>
    </>
  );
}

/** A place beside one that is taken. */
function besides(path: string): string {
  const dot = path.lastIndexOf(".");
  const cut = dot > path.lastIndexOf("/") + 1 ? dot : path.length;
  return t("{stem} (restored){ending}", { stem: path.slice(0, cut), ending: path.slice(cut) });
}
