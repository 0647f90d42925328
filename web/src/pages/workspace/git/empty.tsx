import { useState } from "react";
import type { GitOverview } from "../../../api/git";
import { Button } from "../../../ui/button";
import { Dialog } from "../../../ui/dialog";
import { Field } from "../../../ui/field";
import { t } from "../../../words";
import { useStore } from "../context";
import styles from "./git.module.css";
import { useDoing, useGit } from "./hooks";

/** No git, or no repository yet. */
export function Empty({ overview }: { overview: GitOverview }) {
  const git = useGit();
  const [busy, run] = useDoing();
  const [cloning, setCloning] = useState(false);
  if (!overview.installed)
    return (
      <div className={styles.empty}>
        <p>{t("The program git is not installed in this project's environment.")}</p>
      </div>
    );
  const make = () =>
    run("init", async () => {
      await git.change("folder", { path: "", action: "init" });
      await git.find();
    });
  return (
    <div className={styles.empty}>
      <p>
        {t("No repository yet. One keeps each state of your files that you name, and shares it with others.")}
      </p>
      <div className={styles.row}>
        <Button look="primary" busy={busy === "init" && t("Making…")} onClick={() => void make()}>
          {t("Make one")}
        </Button>
        <Button onClick={() => setCloning(true)}>{t("Clone one")}</Button>
      </div>
      {cloning ? <CloneDialog onClose={() => setCloning(false)} /> : null}
    </div>
  );
}

/** Copies a repository from elsewhere into a folder. */
function CloneDialog({ onClose }: { onClose: () => void }) {
  const git = useGit();
  const [url, setUrl] = useState("");
  const [folder, setFolder] = useState("");
  const [busy, run] = useDoing();
  const under = useStore(git.transferring);
  const own = /([^/:]+?)(\.git)?\/*$/.exec(url)?.[1] ?? "";
  const clone = async () => {
    const done = await run("clone", async () => {
      const event = await git.transfer({ repo: folder || own, action: "clone", url });
      if (event?.problem) throw new Error(event.problem.detail);
    });
    if (done) onClose();
  };
  return (
    <Dialog open onClose={onClose} title={t("Clone a repository")}>
      <form
        className={styles.form}
        onSubmit={(e) => {
          e.preventDefault();
          void clone();
        }}
      >
        <Field label={t("Address")} value={url} onChange={(e) => setUrl(e.target.value)} />
        <Field
          label={t("Folder")}
          value={folder}
          placeholder={own}
          onChange={(e) => setFolder(e.target.value)}
        />
        {under ? <output className={styles.progress}>{under.progress?.text ?? t("Starting…")}</output> : null}
        <div className={styles.row}>
          <span className={styles.grow} />
          <Button look="primary" type="submit" disabled={url === ""} busy={busy === "clone" && t("Cloning…")}>
            {t("Clone")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
