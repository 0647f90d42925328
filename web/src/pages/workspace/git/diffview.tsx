import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { type GitDiff, type GitText, readGit } from "../../../api/git";
import { DiffView } from "../../../editors/diff/diff";
import { Button, IconButton } from "../../../ui/button";
import { Loaded } from "../../../ui/state";
import { t } from "../../../words";
import { useNarrow, useRoom, useStore } from "../context";
import type { ViewProps } from "../views";
import styles from "./git.module.css";
import { useDoing, useGit, useGitRepo } from "./hooks";

/** A file before and after. The path is "staged:…" (last commit to index) or "worktree:…" (index to file). */
export default function DiffTab({ path: given, close }: ViewProps) {
  const git = useGit();
  const { running } = useRoom();
  const staged = given.startsWith("staged:");
  const path = given.slice(given.indexOf(":") + 1);
  const repo = useGitRepo(path);
  const version = useStore(git.version);
  const from = useStore(git.status)?.changes.find((c) => c.path === path)?.from;
  const sides = staged ? { old: "head", new: "index" } : { old: "index", new: "worktree" };
  const read = useQuery({
    queryKey: ["git", git.project, repo, "diff", given, version],
    queryFn: ({ signal }) =>
      readGit(
        git.project,
        "diff",
        { repo: repo ?? "", path, ...sides, ...(staged && from && { from }) },
        signal,
      ),
    enabled: running && repo !== undefined,
    placeholderData: (before) => before,
  });
  return (
    <div className={styles.view}>
      <Loaded query={read} loading={t("Comparing…")}>
        {(diff) => <Shown diff={diff} path={path} repo={repo ?? ""} staged={staged} close={close} />}
      </Loaded>
    </div>
  );
}

/** Why a version cannot be shown as text; "" when it can. */
function whyNot({ old, new: now }: { old: GitText; new: GitText }): string {
  if (old.tooLarge || now.tooLarge) return t("This file is too large to be compared here.");
  if (old.binary || now.binary) return t("This file is no text: its versions cannot be compared here.");
  return "";
}

type ShownProps = { diff: GitDiff; path: string; repo: string; staged: boolean; close: () => void };

function Shown({ diff, path, repo, staged, close }: ShownProps) {
  const git = useGit();
  const { workspace } = useRoom();
  const narrow = useNarrow();
  const [inline, setInline] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<DiffView>(undefined);
  const [[current, count], setAt] = useState<[number, number]>([0, 0]);
  const [busy, run] = useDoing();
  const one = inline || narrow;
  const why = whyNot(diff);
  const labels = {
    old: staged ? t("Last commit") : t("Staged"),
    new: staged ? t("Staged") : t("File"),
  };
  // What is compared is what is shown anew for: an answer that says the same changes nothing.
  const key = `${diff.old.id}/${diff.new.id}/${one}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: key stands for them
  useEffect(() => {
    if (!place.current || why !== "") return;
    const v = new DiffView({
      parent: place.current,
      path,
      old: diff.old.text ?? "",
      new: diff.new.text ?? "",
      labels,
      hunks: diff.hunks,
      inline: one,
      at: (i, n) => setAt([i, n]),
    });
    view.current = v;
    return () => {
      view.current = undefined;
      v.destroy();
    };
  }, [key, path, why]);
  const same = diff.old.id === diff.new.id || (diff.old.text === diff.new.text && why === "");
  const lines = (action: "stage" | "unstage" | "discard") => {
    const range = view.current?.lines();
    if (!range) return;
    const ids = { oldId: diff.old.id ?? "", newId: diff.new.id ?? "" };
    void run(action, () => git.change("stage", { repo, action, paths: [path], lines: [range], ...ids }));
  };
  const byLines = why === "" && count > 0 && diff.old.exists && diff.new.exists;
  return (
    <>
      <div className={styles.tools} role="toolbar" aria-label={t("Changes")}>
        <span className={styles.title} title={path}>
          {path}
        </span>
        {byLines ? (
          <>
            <span className={styles.counts}>{t("{n} of {count}", { n: current + 1, count })}</span>
            <IconButton
              label={t("Previous change")}
              keys="Alt+ArrowUp"
              onClick={() => view.current?.step(-1)}
            >
              <ArrowUp size={16} strokeWidth={1.5} />
            </IconButton>
            <IconButton label={t("Next change")} keys="Alt+ArrowDown" onClick={() => view.current?.step(1)}>
              <ArrowDown size={16} strokeWidth={1.5} />
            </IconButton>
            <Button disabled={busy !== ""} onClick={() => lines(staged ? "unstage" : "stage")}>
              {staged ? t("Unstage this change") : t("Stage this change")}
            </Button>
            {staged ? null : (
              <Button disabled={busy !== ""} onClick={() => lines("discard")}>
                {t("Discard this change")}
              </Button>
            )}
          </>
        ) : null}
        {narrow ? null : (
          <Button look="quiet" aria-pressed={inline} onClick={() => setInline((i) => !i)}>
            {t("Inline")}
          </Button>
        )}
        {diff.new.exists && !staged ? (
          <Button look="quiet" onClick={() => workspace.openFile(path)}>
            {t("Open the file")}
          </Button>
        ) : null}
      </div>
      {same ? (
        <div className={styles.empty}>
          <p>{t("There is no difference (any more).")}</p>
          <Button onClick={close}>{t("Close")}</Button>
        </div>
      ) : why !== "" ? (
        <div className={styles.empty}>
          <p>{why}</p>
        </div>
      ) : one ? null : (
        <div className={styles.sides}>
          <span>{labels.old}</span>
          <span>{labels.new}</span>
        </div>
      )}
      <div ref={place} className={styles.body} hidden={same || why !== ""} />
    </>
  );
}
