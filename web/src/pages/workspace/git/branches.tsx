import { useQuery } from "@tanstack/react-query";
import { Check, GitMerge, Trash2 } from "lucide-react";
import { useState } from "react";
import { type GitBranch, type GitStatus, readGit } from "../../../api/git";
import { Button, IconButton } from "../../../ui/button";
import { Dialog } from "../../../ui/dialog";
import { Field } from "../../../ui/field";
import { Loaded } from "../../../ui/state";
import { t } from "../../../words";
import { useStore } from "../context";
import styles from "./git.module.css";
import { useAuthor, useDoing, useGit } from "./hooks";
import { RemoteDialog } from "./remotes";

/** Switches, makes, merges and deletes branches; stashes; leads to the remotes. */
export function BranchDialog({ status, onClose }: { status: GitStatus; onClose: () => void }) {
  const git = useGit();
  const author = useAuthor();
  const { repo } = status;
  const version = useStore(git.version);
  const refs = useQuery({
    queryKey: ["git", git.project, repo, "refs", version],
    queryFn: ({ signal }) => readGit(git.project, "refs", { repo }, signal),
    placeholderData: (before) => before,
  });
  const [text, setText] = useState("");
  const [remotes, setRemotes] = useState(false);
  const [, run] = useDoing();
  const act = async (action: "create" | "switch" | "merge" | "delete", name: string) => {
    const done = await run(action, () => git.change("branch", { repo, action, name, author }));
    if (done && action !== "delete") onClose();
  };
  const stash = (action: "save" | "pop" | "drop", id?: string) =>
    void run(action, () => git.change("stash", { repo, action, author, untracked: true, ...(id && { id }) }));
  if (remotes) return <RemoteDialog status={status} onClose={onClose} />;
  return (
    <Dialog open onClose={onClose} title={t("Branches")}>
      <form
        className={styles.form}
        onSubmit={(e) => {
          e.preventDefault();
          const known = refs.data?.branches.find((b) => b.name === text);
          void act(known ? "switch" : "create", text);
        }}
      >
        <Field
          label={t("Find a branch, or name a new one")}
          value={text}
          onChange={(e) => setText(e.target.value)}
          autoComplete="off"
        />
        <Loaded query={refs} loading={t("Reading the branches…")}>
          {(data) => (
            <>
              {text !== "" && !data.branches.some((b) => b.name === text) ? (
                <Button type="submit">{t("Make the branch {name}", { name: text })}</Button>
              ) : null}
              <ul className={styles.branches}>
                {data.branches
                  .filter((b) => b.name.toLowerCase().includes(text.toLowerCase()))
                  .map((b) => (
                    <Branch key={`${b.remote}${b.name}`} branch={b} act={(a) => void act(a, b.name)} />
                  ))}
                {data.stashes.map((s) => (
                  <li key={s.id} className={styles.branchRow}>
                    <span className={styles.file}>{s.message}</span>
                    <Button look="quiet" onClick={() => stash("pop", s.id)}>
                      {t("Take back")}
                    </Button>
                    <Button look="quiet" onClick={() => stash("drop", s.id)}>
                      {t("Drop")}
                    </Button>
                  </li>
                ))}
              </ul>
            </>
          )}
        </Loaded>
        <div className={styles.row}>
          <Button disabled={status.total === 0} onClick={() => stash("save")}>
            {t("Put changes aside (stash)")}
          </Button>
          <Button onClick={() => setRemotes(true)}>{t("Remotes")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function Branch({ branch, act }: { branch: GitBranch; act: (a: "switch" | "merge" | "delete") => void }) {
  const { name } = branch;
  return (
    <li className={styles.branchRow}>
      <button
        type="button"
        className={styles.file}
        aria-current={branch.current || undefined}
        title={branch.subject}
        onClick={() => act("switch")}
      >
        {branch.current ? (
          <Check size={16} strokeWidth={1.5} aria-hidden />
        ) : (
          <span className={styles.letter} />
        )}
        <span className={styles.name}>{name}</span>
        <span className={styles.dir}>{branch.remote ? t("remote") : branch.subject}</span>
      </button>
      {branch.current ? null : (
        <>
          <IconButton light label={t("Merge {name}", { name })} onClick={() => act("merge")}>
            <GitMerge size={16} strokeWidth={1.5} />
          </IconButton>
          {branch.remote ? null : (
            <IconButton light label={t("Delete {name}", { name })} onClick={() => act("delete")}>
              <Trash2 size={16} strokeWidth={1.5} />
            </IconButton>
          )}
        </>
      )}
    </li>
  );
}
