import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, SquareTerminal, Trash2 } from "lucide-react";
import { type KeyboardEvent, useEffect, useState } from "react";
import { endTerminal, renameTerminal, type Terminal } from "../../api/project";
import { Button, IconButton } from "../../ui/button";
import { ConfirmDialog } from "../../ui/dialog";
import { Loaded } from "../../ui/state";
import { t } from "../../words";
import { say } from "../say";
import { useRoom, useStore } from "./context";
import { terminals } from "./queries";
import styles from "./workspace.module.css";

/** The terminals of the project: everybody's. */
export function TerminalsPanel() {
  const { workspace, project, running, narrow } = useRoom();
  const cache = useQueryClient();
  const query = terminals(project.id, running);
  const read = useQuery(query);
  const [ending, setEnding] = useState<Terminal>();
  const again = () => cache.invalidateQueries({ queryKey: query.queryKey });
  // A terminal was opened or left here: there may be another one, and who looks has changed.
  const tabs = useStore(workspace.tabs).length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the tabs reads again
  useEffect(() => void cache.invalidateQueries({ queryKey: query.queryKey }), [cache, tabs]);
  const make = async () => {
    if (await say(workspace.newTerminal())) void again();
    if (narrow) workspace.show("");
  };
  return (
    <>
      <div className={styles.panelHead}>
        <h2>{t("Terminals")}</h2>
        <IconButton label={t("New terminal")} disabled={!running} onClick={() => void make()}>
          <Plus size={16} strokeWidth={1.5} />
        </IconButton>
      </div>
      <div className={styles.scroll}>
        {running ? (
          <Loaded query={read} loading={t("Reading the terminals…")}>
            {(list) =>
              list.length === 0 ? (
                <div className={styles.hint}>
                  <p>{t("No terminal yet. One goes on while the project runs, whoever looks at it.")}</p>
                  <Button onClick={() => void make()}>{t("New terminal")}</Button>
                </div>
              ) : (
                <ul>
                  {list.map((item) => (
                    <Item
                      key={item.id}
                      terminal={item}
                      onEnd={() => setEnding(item)}
                      onNamed={() => void again()}
                    />
                  ))}
                </ul>
              )
            }
          </Loaded>
        ) : (
          <p className={styles.hint}>{t("The project does not run, and so does no terminal in it.")}</p>
        )}
      </div>
      <ConfirmDialog
        open={ending !== undefined}
        onClose={() => setEnding(undefined)}
        title={t("End “{name}”?", { name: ending?.name ?? "" })}
        description={t("The programs in it are ended, for everybody who looks at it.")}
        confirm={t("End it")}
        busy={t("Ending…")}
        onConfirm={async () => {
          if (!ending) return;
          await endTerminal(project.id, ending.id);
          workspace.ended(ending.id);
          await again();
        }}
      />
    </>
  );
}

function Item({ terminal, onEnd, onNamed }: { terminal: Terminal; onEnd: () => void; onNamed: () => void }) {
  const { workspace, project, narrow } = useRoom();
  const [naming, setNaming] = useState(false);
  const name = async (text: string) => {
    setNaming(false);
    if (text.trim() === "" || text === terminal.name) return;
    if (await say(renameTerminal(project.id, terminal.id, text.trim()))) onNamed();
  };
  const keys = (e: KeyboardEvent<HTMLInputElement>) => {
    if (e.key === "Enter") void name(e.currentTarget.value);
    else if (e.key === "Escape") setNaming(false);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  const open = () => {
    workspace.openTerminal(terminal.id, terminal.name);
    if (narrow) workspace.show("");
  };
  return (
    <li className={styles.item}>
      {naming ? (
        <input
          // biome-ignore lint/a11y/noAutofocus: it was asked for just now
          autoFocus
          className={styles.rename}
          aria-label={t("New name")}
          defaultValue={terminal.name}
          maxLength={100}
          onKeyDown={keys}
          onBlur={(e) => void name(e.currentTarget.value)}
        />
      ) : (
        <button type="button" className={styles.openItem} onClick={open}>
          <SquareTerminal size={16} strokeWidth={1.5} aria-hidden />
          <span className={styles.who}>
            <b>{terminal.name}</b>
            <small>{detail(terminal)}</small>
          </span>
        </button>
      )}
      <IconButton label={t("Rename {name}", { name: terminal.name })} onClick={() => setNaming(true)}>
        <Pencil size={16} strokeWidth={1.5} />
      </IconButton>
      <IconButton label={t("End {name}", { name: terminal.name })} onClick={onEnd}>
        <Trash2 size={16} strokeWidth={1.5} />
      </IconButton>
    </li>
  );
}

function detail(terminal: Terminal): string {
  if (terminal.exited) return t("Ended");
  const viewers = t("{n, plural, =0 {nobody looks} one {# looks} other {# look}}", { n: terminal.viewers });
  return terminal.title && terminal.title !== terminal.name ? `${terminal.title} · ${viewers}` : viewers;
}
