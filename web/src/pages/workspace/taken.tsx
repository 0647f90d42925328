import { useState } from "react";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Select } from "../../ui/field";
import { t } from "../../words";
import { useRoom, useStore } from "./context";
import type { Policy, Taken } from "./filework";
import { nameOf, parentOf } from "./path";
import styles from "./trash.module.css";

/** Asks what to do where names are taken, before anything is copied or moved. */
export function TakenDialog() {
  const { question } = useRoom().workspace.files.work;
  const asked = useStore(question);
  const folder = parentOf(asked?.taken[0]?.to ?? "");
  const where = folder === "" ? t("the home folder") : nameOf(folder);
  const n = asked?.taken.length ?? 0;
  return (
    <Dialog
      open={asked !== undefined}
      onClose={() => asked?.answer(undefined)}
      title={
        n === 1
          ? t("“{name}” is in {where} already", { name: nameOf(asked?.taken[0]?.path ?? ""), where })
          : t("{n} names are taken in {where}", { n, where })
      }
      description={
        asked?.verb === "move"
          ? t("Say what to do; nothing was moved yet.")
          : t("Say what to do; nothing was copied yet.")
      }
    >
      {asked === undefined ? null : n === 1 && asked.taken[0] ? (
        <One taken={asked.taken[0]} answer={asked.answer} />
      ) : (
        <Many taken={asked.taken} answer={asked.answer} />
      )}
    </Dialog>
  );
}

type Answer = (a: Policy[] | undefined) => void;

function label(p: Policy): string {
  switch (p) {
    case "overwrite":
      return t("Replace");
    case "keep-both":
      return t("Keep both");
    case "skip":
      return t("Skip");
    case "merge":
      return t("Merge the folders");
  }
}

function policies(folders: boolean): Policy[] {
  return folders ? ["merge", "keep-both", "overwrite", "skip"] : ["keep-both", "overwrite", "skip"];
}

function One({ taken, answer }: { taken: Taken; answer: Answer }) {
  return (
    <div className={styles.answers}>
      <Button onClick={() => answer(undefined)}>{t("Cancel")}</Button>
      {policies(taken.folders)
        .filter((p) => p !== "skip")
        .map((p, i) => (
          <Button
            key={p}
            look={i === 0 ? "primary" : p === "overwrite" ? "danger" : "plain"}
            onClick={() => answer([p])}
          >
            {label(p)}
          </Button>
        ))}
    </div>
  );
}

/** Rows of a question that are drawn; what is asked for all goes for the others too. */
const most = 100;

function Many({ taken, answer }: { taken: readonly Taken[]; answer: Answer }) {
  const [chosen, setChosen] = useState<Policy[]>(() => taken.map(() => "keep-both"));
  const folders = taken.some((x) => x.folders);
  const all = (p: Policy) => setChosen(taken.map((x) => (p === "merge" && !x.folders ? "keep-both" : p)));
  return (
    <>
      <div className={styles.all}>
        <span>{t("For all:")}</span>
        {policies(folders).map((p) => (
          <Button key={p} look="quiet" onClick={() => all(p)}>
            {label(p)}
          </Button>
        ))}
      </div>
      <ul className={styles.list}>
        {taken.slice(0, most).map((x, i) => (
          <li key={x.path} className={styles.taken}>
            <span title={x.path}>{nameOf(x.path)}</span>
            <Select
              label={t("What to do with {name}", { name: nameOf(x.path) })}
              bare
              value={chosen[i] ?? "keep-both"}
              choices={policies(x.folders).map((p) => ({ value: p, label: label(p) }))}
              onChange={(p) => setChosen(chosen.map((c, at) => (at === i ? p : c)))}
            />
          </li>
        ))}
      </ul>
      <div className={styles.answers}>
        <Button onClick={() => answer(undefined)}>{t("Cancel")}</Button>
        <Button look="primary" onClick={() => answer(chosen)}>
          {t("Go on")}
        </Button>
      </div>
    </>
  );
}
