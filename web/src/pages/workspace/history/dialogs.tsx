import { type FormEvent, useState } from "react";
import type { HistoryAction, HistoryDone, Version } from "../../../api/history";
import { messageOf } from "../../../api/problem";
import { size } from "../../../ui/ago";
import { Button } from "../../../ui/button";
import { ConfirmDialog, Dialog } from "../../../ui/dialog";
import { Field } from "../../../ui/field";
import { toast } from "../../../ui/toast";
import { t } from "../../../words";
import styles from "./history.module.css";

type Change = (action: HistoryAction) => Promise<HistoryDone>;

/** Gives a version a name, or takes it away. */
export function NameDialog({
  version,
  change,
  onClose,
}: {
  version: Version | undefined;
  change: Change;
  onClose: () => void;
}) {
  return (
    <Dialog
      open={version !== undefined}
      onClose={onClose}
      title={t("Name this version")}
      description={t("A version with a name is marked on the slider and always kept.")}
    >
      {version ? <NameForm version={version} change={change} onClose={onClose} /> : null}
    </Dialog>
  );
}

function NameForm({ version, change, onClose }: { version: Version; change: Change; onClose: () => void }) {
  const [name, setName] = useState(version.name ?? "");
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (wanted: string) => {
    setBusy(true);
    try {
      await change({ action: "name", seq: version.seq, name: wanted });
      onClose();
    } catch (e) {
      setFailure(messageOf(e));
      setBusy(false);
    }
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    void send(name.trim());
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Field
        label={t("Name")}
        value={name}
        maxLength={100}
        error={failure === "" ? undefined : failure}
        autoComplete="off"
        onChange={(e) => setName(e.target.value)}
      />
      <div className={styles.buttons}>
        {version.name ? (
          <Button disabled={busy} onClick={() => void send("")}>
            {t("Remove the name")}
          </Button>
        ) : null}
        <Button look="primary" type="submit" busy={busy && t("Naming…")} disabled={name.trim() === ""}>
          {t("Name it")}
        </Button>
      </div>
    </form>
  );
}

/** Asks before a part of the history is dropped for good. */
export function ClearDialog({
  clearing,
  bytes,
  when,
  change,
  onClose,
}: {
  /** What is dropped: all but the present, or what is older than a version. */
  clearing: "all" | number | undefined;
  bytes: number;
  /** The version in words. */
  when: string;
  change: Change;
  onClose: () => void;
}) {
  const all = clearing === "all";
  const clear = async () => {
    const done = await change({ action: "clear", ...(typeof clearing === "number" && { seq: clearing }) });
    toast({ text: t("{size} of history cleared.", { size: size(done.freedBytes) }) });
  };
  return (
    <ConfirmDialog
      open={clearing !== undefined}
      onClose={onClose}
      title={all ? t("Clear the whole history?") : t("Clear what is older?")}
      description={
        all
          ? t(
              "All older versions of this file go, for everybody and for good; its text stays as it is. The history takes {size}.",
              { size: size(bytes) },
            )
          : t("All versions before “{when}” go, for everybody and for good. The history takes {size}.", {
              when,
              size: size(bytes),
            })
      }
      confirm={t("Clear")}
      busy={t("Clearing…")}
      onConfirm={clear}
    />
  );
}
