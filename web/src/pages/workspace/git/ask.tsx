import { useState } from "react";
import { Button } from "../../../ui/button";
import { Dialog } from "../../../ui/dialog";
import { Field } from "../../../ui/field";
import { t } from "../../../words";
import { useStore } from "../context";
import styles from "./git.module.css";
import { useGit } from "./hooks";
import type { Asking } from "./store";

/** Asks for what a remote wants to know. What is typed stays in this tab's memory. */
export function AskDialog() {
  const asking = useStore(useGit().asking);
  return asking ? <Ask key={asking.ask.url} asking={asking} /> : null;
}

function Ask({ asking: { ask, answer } }: { asking: Asking }) {
  const [username, setUsername] = useState(ask.username ?? "");
  const [password, setPassword] = useState("");
  const [keep, setKeep] = useState(false);
  return (
    <Dialog
      open
      onClose={() => answer(undefined, false)}
      title={t("Sign in to {host}", { host: ask.url.replace(/^https?:\/\//, "") })}
      description={t(
        "It is used for this request only, under your own name, and is not kept in the project.",
      )}
    >
      <form
        className={styles.form}
        autoComplete="off"
        onSubmit={(e) => {
          e.preventDefault();
          answer({ username, password }, keep);
        }}
      >
        {ask.refused ? <p role="alert">{t("This user name and token were not accepted.")}</p> : null}
        {ask.plain ? (
          <p role="alert">
            {t("The connection to this remote is not encrypted: others may read the token.")}
          </p>
        ) : null}
        <Field
          label={t("User name")}
          value={username}
          onChange={(e) => setUsername(e.target.value)}
          autoComplete="off"
        />
        <Field
          label={t("Token or password")}
          type="password"
          value={password}
          onChange={(e) => setPassword(e.target.value)}
          autoComplete="off"
        />
        <label className={styles.row}>
          <input type="checkbox" checked={keep} onChange={(e) => setKeep(e.target.checked)} />
          {t("Keep it in this tab until it is closed")}
        </label>
        <div className={styles.row}>
          <span className={styles.grow} />
          <Button onClick={() => answer(undefined, false)}>{t("Cancel")}</Button>
          <Button look="primary" type="submit" disabled={password === ""}>
            {t("Sign in")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
