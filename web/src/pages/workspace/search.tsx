import {
  CaseSensitive,
  ChevronRight,
  FoldVertical,
  Regex,
  RotateCw,
  Square,
  UnfoldVertical,
  WholeWord,
} from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useState } from "react";
import { messageOf } from "../../api/problem";
import { Button, IconButton } from "../../ui/button";
import { classes } from "../../ui/classes";
import { Check } from "../../ui/field";
import { Progress } from "../../ui/state";
import { t } from "../../words";
import { say } from "../say";
import { useRoom, useStore } from "./context";
import { countLeft } from "./leftout";
import styles from "./search.module.css";
import { focusFound, focusSearch } from "./searchactions";
import { SearchList } from "./searchlist";
import { canReplace, type SearchModel, type SearchState, searchOf } from "./searchmodel";
import workspaceStyles from "./workspace.module.css";

/** Finds text in all files of the project, and replaces it. */
export function SearchPanel() {
  const { workspace, running, may } = useRoom();
  const model = searchOf(workspace);
  const state = useStore(model.state);
  const [more, setMore] = useState(state.query.include !== "" || state.query.exclude !== "");
  const write = may("files.write");
  const { query } = state;
  useEffect(focusSearch, []);
  const enter = (e: KeyboardEvent) => {
    if (e.nativeEvent.isComposing || e.altKey) return;
    if (e.key === "Enter") void model.run();
    else if (e.key === "ArrowDown") focusFound();
    else return;
    e.preventDefault();
  };
  const folded = state.files.length > 0 && state.folded.size >= state.files.length;
  return (
    <>
      <div className={workspaceStyles.panelHead}>
        <h2>{t("Search")}</h2>
        {state.phase === "running" ? (
          <IconButton label={t("Stop the search")} onClick={() => model.cancel()}>
            <Square size={16} strokeWidth={1.5} />
          </IconButton>
        ) : (
          <IconButton
            label={t("Search again")}
            disabled={!running || query.text === ""}
            onClick={() => void model.run()}
          >
            <RotateCw size={16} strokeWidth={1.5} />
          </IconButton>
        )}
        <IconButton
          label={folded ? t("Unfold all files") : t("Fold all files")}
          disabled={state.files.length === 0}
          onClick={() => model.foldAll(!folded)}
        >
          {folded ? (
            <UnfoldVertical size={16} strokeWidth={1.5} />
          ) : (
            <FoldVertical size={16} strokeWidth={1.5} />
          )}
        </IconButton>
      </div>
      <search className={styles.form}>
        <div className={styles.line}>
          {write ? (
            <button
              type="button"
              className={classes(styles.turn, query.replacing && styles.open)}
              aria-expanded={query.replacing}
              aria-label={t("Replace")}
              title={t("Replace")}
              onClick={() => model.ask({ replacing: !query.replacing })}
            >
              <ChevronRight size={16} strokeWidth={1.5} aria-hidden />
            </button>
          ) : null}
          <span className={styles.box}>
            <input
              id="search-text"
              type="text"
              aria-label={t("Search for")}
              placeholder={t("Search for")}
              maxLength={1000}
              autoComplete="off"
              spellCheck={false}
              value={query.text}
              onChange={(e) => model.ask({ text: e.target.value })}
              onKeyDown={enter}
            />
            <Toggle label={t("Match case")} on={query.capitals} set={(capitals) => model.ask({ capitals })}>
              <CaseSensitive size={16} strokeWidth={1.5} />
            </Toggle>
            <Toggle label={t("Whole word")} on={query.word} set={(word) => model.ask({ word })}>
              <WholeWord size={16} strokeWidth={1.5} />
            </Toggle>
            <Toggle label={t("Pattern")} on={query.regex} set={(regex) => model.ask({ regex })}>
              <Regex size={16} strokeWidth={1.5} />
            </Toggle>
          </span>
        </div>
        {query.replacing && write ? <ReplaceField model={model} state={state} enter={enter} /> : null}
        <button type="button" className={styles.more} aria-expanded={more} onClick={() => setMore(!more)}>
          {more ? t("Fewer options") : t("More options")}
        </button>
        {more ? <More model={model} state={state} enter={enter} hidden={may("files.read-hidden")} /> : null}
      </search>
      <Told model={model} state={state} running={running} />
      <SearchList model={model} state={state} replacing={query.replacing && write} />
    </>
  );
}

type Enter = (e: KeyboardEvent) => void;

function ReplaceField({ model, state, enter }: { model: SearchModel; state: SearchState; enter: Enter }) {
  const { query } = state;
  return (
    <div className={styles.line}>
      <span className={styles.box}>
        <input
          type="text"
          aria-label={t("Replace by")}
          placeholder={query.regex ? t("Replace by ($1 is a group, \\n a line end)") : t("Replace by")}
          maxLength={4000}
          autoComplete="off"
          spellCheck={false}
          value={query.replacement}
          onChange={(e) => model.ask({ replacement: e.target.value })}
          onKeyDown={enter}
        />
      </span>
      <Button
        disabled={!canReplace(state)}
        busy={state.replacing && t("Replacing…")}
        onClick={() => void say(model.replace())}
      >
        {t("Replace all")}
      </Button>
    </div>
  );
}

function More({
  model,
  state,
  enter,
  hidden,
}: {
  model: SearchModel;
  state: SearchState;
  enter: Enter;
  hidden: boolean;
}) {
  const { query } = state;
  return (
    <div className={styles.extra}>
      <label>
        {t("Only in")}
        <input
          type="text"
          placeholder="*.py, src/"
          spellCheck={false}
          value={query.include}
          onChange={(e) => model.ask({ include: e.target.value })}
          onKeyDown={enter}
        />
      </label>
      <label>
        {t("Not in")}
        <input
          type="text"
          placeholder="*.log, build/"
          spellCheck={false}
          value={query.exclude}
          onChange={(e) => model.ask({ exclude: e.target.value })}
          onKeyDown={enter}
        />
      </label>
      <Check
        label={t("Also what .gitignore names")}
        checked={query.ignored}
        onChange={(e) => model.ask({ ignored: e.target.checked })}
      />
      {hidden ? (
        <Check
          label={t("Also names with a dot")}
          checked={query.hidden}
          onChange={(e) => model.ask({ hidden: e.target.checked })}
        />
      ) : null}
    </div>
  );
}

function Toggle({
  label,
  on,
  set,
  children,
}: {
  label: string;
  on: boolean;
  set: (on: boolean) => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      className={styles.toggle}
      aria-pressed={on}
      aria-label={label}
      title={label}
      onClick={() => set(!on)}
    >
      {children}
    </button>
  );
}

/** What there is to say of the search: counts, limits, errors. */
function Told({ model, state, running }: { model: SearchModel; state: SearchState; running: boolean }) {
  const { phase, files, done, error, query, report } = state;
  const left = countLeft(state.left);
  const matches = files.reduce((n, f) => n + f.matches.length, 0);
  const counts = t(
    "{m, plural, one {# match} other {# matches}} in {f, plural, one {# file} other {# files}}",
    { m: matches, f: files.length },
  );
  if (!running) return <p className={styles.told}>{t("The project does not run.")}</p>;
  return (
    <div className={styles.told} aria-live="polite">
      {report ? (
        <p className={report.problems.length > 0 ? styles.bad : styles.good}>
          {t(
            report.more
              ? "Replaced more than {m, plural, one {# match} other {# matches}} in {f, plural, one {# file} other {# files}}."
              : "Replaced {m, plural, one {# match} other {# matches}} in {f, plural, one {# file} other {# files}}.",
            { m: report.matches, f: report.files },
          )}
        </p>
      ) : null}
      {report?.problems.slice(0, 5).map((p) => (
        <p key={p.path} className={styles.bad}>
          {p.path === "" ? p.message : `${p.path}: ${p.message}`}
        </p>
      ))}
      {phase === "failed" ? (
        <p className={styles.bad} role="alert">
          {messageOf(error)}
        </p>
      ) : null}
      {phase === "running" ? (
        <Progress>
          {files.length > 0 ? counts : t("Searching… {n, number} files so far", { n: state.searched })}
        </Progress>
      ) : null}
      {phase === "done" && files.length > 0 ? <p>{counts}</p> : null}
      {left > 0 ? (
        <p>
          {t("{n, plural, one {# is left out.} other {# are left out.}}", { n: left })}{" "}
          <button type="button" className={styles.more} onClick={() => void model.showAgain()}>
            {t("Show again")}
          </button>
        </p>
      ) : null}
      {phase === "done" && files.length === 0 && left === 0 && query.text !== "" ? (
        <p>{t("Nothing found in {n, plural, one {# file} other {# files}}.", { n: state.searched })}</p>
      ) : null}
      {done?.limited ? (
        <p>
          {t(
            "There are more: only these files are shown, and replaced. Look for something rarer to see all.",
          )}
        </p>
      ) : null}
      {done?.timedOut ? <p>{t("The search took too long and was ended: there may be more.")}</p> : null}
      {done?.skipped ? (
        <p>
          {t(
            "{n, plural, one {# file is too large or cannot be read.} other {# files are too large or cannot be read.}}",
            { n: done.skipped },
          )}
        </p>
      ) : null}
      {phase === "idle" ? (
        <p>{t("Looks into all text files of the project. .gitignore is respected.")}</p>
      ) : null}
    </div>
  );
}
