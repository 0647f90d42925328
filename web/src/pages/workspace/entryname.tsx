import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { messageOf } from "../../api/problem";
import { holdKeys } from "../../ui/ahead";
import { classes } from "../../ui/classes";
import { t } from "../../words";
import { useRoom } from "./context";
import { type Editing, faultText } from "./entrydialogs";
import type { Made } from "./naming";
import { looksSame, nameOf, parentOf, stemOf } from "./path";
import styles from "./tree.module.css";

/** What a key at the end of a name means for what comes next. */
export type NameEnd = "enter" | "next" | "previous" | "left";

/**
 * The field in which a name is typed, in its row. What is wrong with the name is
 * said below it while it is typed; what the server refuses, when it does.
 */
export function NameInput({
  editing,
  onName,
  onEnd,
}: {
  editing: Editing;
  /** Does what the name says, and returns what has it; throws what is wrong with it. */
  onName: (name: string) => Promise<Made>;
  /** It is over: done, or given up. */
  onEnd: (how: NameEnd | "given-up", made?: Made) => void;
}) {
  const { workspace } = useRoom();
  const input = useRef<HTMLInputElement>(null);
  const busy = useRef(false);
  const id = useId();
  const first = editing.kind === "rename" ? nameOf(editing.path) : "";
  const [name, setName] = useState(first);
  const [refused, setRefused] = useState("");
  const [tried, setTried] = useState(false);
  useEffect(() => {
    const el = input.current;
    if (!el) return;
    el.focus();
    // The name without its ending is what people change.
    el.setSelectionRange(0, stemOf(first).stem.length);
  }, [first]);
  const folder = editing.kind === "rename" ? parentOf(editing.path) : editing.parent;
  const { fault, warning } = checked(name, first, editing, (n) => siblings(workspace, folder, n));
  const wrong = fault !== undefined && (name !== "" || tried) ? fault : refused;
  const finish = async (how: NameEnd) => {
    if (busy.current) return;
    if (name === first || (name.trim() === "" && how === "left"))
      return onEnd(name === first ? how : "given-up");
    setTried(true);
    if (fault !== undefined) {
      if (how === "left") onEnd("given-up");
      return;
    }
    busy.current = true;
    // What is typed until the answer is there is for what comes next.
    const typed = how === "left" ? undefined : holdKeys();
    try {
      onEnd(how, await onName(editing.kind === "rename" ? name : name.replace(/\/+$/, "")));
      typed?.arrived();
    } catch (e) {
      typed?.drop();
      setRefused(messageOf(e));
      input.current?.focus();
    } finally {
      busy.current = false;
    }
  };
  const keys = (e: KeyboardEvent<HTMLInputElement>) => {
    e.stopPropagation();
    if (e.nativeEvent.isComposing) return;
    if (e.key === "Enter") void finish("enter");
    else if (e.key === "Escape") onEnd("given-up");
    else if (e.key === "Tab") void finish(e.shiftKey ? "previous" : "next");
    else return;
    e.preventDefault();
  };
  const label =
    editing.kind === "rename"
      ? t("New name")
      : editing.kind === "file"
        ? t("Name of the new file")
        : t("Name of the new folder");
  const note = wrong || warning;
  return (
    <span className={styles.naming} data-naming>
      <input
        ref={input}
        className={classes(styles.input, wrong !== "" && styles.wrong)}
        aria-label={label}
        aria-invalid={wrong !== ""}
        aria-describedby={note === "" ? undefined : id}
        placeholder={label}
        value={name}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        onChange={(e) => {
          setName(e.target.value);
          setRefused("");
        }}
        onClick={(e) => e.stopPropagation()}
        onDoubleClick={(e) => e.stopPropagation()}
        onKeyDown={keys}
        onBlur={() => void finish("left")}
      />
      {note === "" ? null : (
        <span id={id} role="alert" className={classes(styles.fault, wrong === "" && styles.warning)}>
          {note}
        </span>
      )}
    </span>
  );
}

type Siblings = { taken: boolean; alike: string | undefined };

/** What else is in the folder with this name, or one that looks like it. */
function siblings(
  workspace: ReturnType<typeof useRoom>["workspace"],
  folder: string,
  name: string,
): Siblings {
  const { items } = workspace.tree.level(folder);
  return {
    taken: items.some((e) => e.name === name),
    alike: items.find((e) => looksSame(e.name, name))?.name,
  };
}

/** What is wrong with a name, and what is worth knowing of it. */
export function checked(
  name: string,
  first: string,
  editing: Editing,
  look: (name: string) => Siblings,
): { fault: string | undefined; warning: string } {
  const fine = { fault: undefined, warning: "" };
  if (name === first && first !== "") return fine;
  // New things may bring their folders along: a/b/c.py.
  const parts = editing.kind === "rename" ? [name] : name.replace(/\/+$/, "").split("/");
  const fault = parts.map((p) => faultText(p)).find((f) => f !== undefined);
  if (fault !== undefined) return { fault, warning: "" };
  const [head] = parts;
  if (head === undefined || parts.length > 1) return fine;
  const { taken, alike } = look(head);
  if (taken) return { fault: t("There is a “{name}” here already.", { name: head }), warning: "" };
  if (alike === undefined || alike === first) return fine;
  return {
    fault: undefined,
    warning: t(
      "There is a “{name}” here: the two differ only in case or in how letters are written. Other computers may take them for one.",
      {
        name: alike,
      },
    ),
  };
}
