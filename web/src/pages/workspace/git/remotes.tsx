import { useState } from "react";
import { type GitKey, type GitStatus, makeGitKey, readGit } from "../../../api/git";
import { Button } from "../../../ui/button";
import { Dialog } from "../../../ui/dialog";
import { Field } from "../../../ui/field";
import { t } from "../../../words";
import styles from "./git.module.css";
import { useDoing, useGit } from "./hooks";

/** The remotes of a repository, a new one, and the project's SSH key. */
export function RemoteDialog({ status, onClose }: { status: GitStatus; onClose: () => void }) {
  const git = useGit();
  const [name, setName] = useState(status.remotes.length === 0 ? "origin" : "");
  const [url, setUrl] = useState("");
  const [busy, run] = useDoing();
  const { repo } = status;
  const add = async () => {
    if (await run("add", () => git.change("remote", { repo, action: "add", name, url }))) onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("Remotes")}
      description={t("Where this repository is pushed to and pulled from.")}
    >
      <div className={styles.form}>
        <ul>
          {status.remotes.map((r) => (
            <li key={r.name} className={styles.branchRow}>
              <b>{r.name}</b> <span className={styles.dir}>{r.url}</span>
              <Button
                look="quiet"
                onClick={() =>
                  void run("remove", () => git.change("remote", { repo, action: "remove", name: r.name }))
                }
              >
                {t("Remove")}
              </Button>
            </li>
          ))}
        </ul>
        <form
          className={styles.form}
          onSubmit={(e) => {
            e.preventDefault();
            void add();
          }}
        >
          <Field label={t("Name")} value={name} onChange={(e) => setName(e.target.value)} />
          <Field
            label={t("Address")}
            value={url}
            onChange={(e) => setUrl(e.target.value)}
            hint={t(
              "It begins with https:// or ssh://, or is of the form user@host:path. Leave passwords out: you are asked.",
            )}
          />
          {/^ssh:|^[^/:]+:[^/]/.test(url) && !/^https?:/.test(url) ? <Key /> : null}
          <div className={styles.row}>
            <span className={styles.grow} />
            <Button
              look="primary"
              type="submit"
              disabled={name === "" || url === ""}
              busy={busy === "add" && t("Adding…")}
            >
              {t("Add remote")}
            </Button>
          </div>
        </form>
      </div>
    </Dialog>
  );
}

/** The SSH key, which all editors share. */
function Key() {
  const git = useGit();
  const [key, setKey] = useState<GitKey>();
  const [, run] = useDoing();
  return (
    <div className={styles.form}>
      <p>
        {t(
          "Remotes of this kind know the project by its SSH key (~/.ssh), which all its editors share: whoever may edit here can push there.",
        )}
      </p>
      {key?.public ? (
        <output className={styles.key}>{key.public}</output>
      ) : (
        <div className={styles.row}>
          <Button onClick={() => void run("key", async () => setKey(await readGit(git.project, "key")))}>
            {t("Show the key")}
          </Button>
          {key ? (
            <Button onClick={() => void run("key", async () => setKey(await makeGitKey(git.project)))}>
              {t("Make a key")}
            </Button>
          ) : null}
        </div>
      )}
    </div>
  );
}
