// The history of a file in a tab: a slider and a list over every version, and what
// changed in the one that is looked at.
import { ArrowDown, ArrowUp, EllipsisVertical, Flag, List } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import type { Version } from "../../../api/history";
import { isKind } from "../../../api/problem";
import { size } from "../../../ui/ago";
import { Button, IconButton } from "../../../ui/button";
import { Menu, MenuItem, MenuLine } from "../../../ui/menu";
import { EmptyState, Failure, Progress } from "../../../ui/state";
import { Ago } from "../../../ui/time";
import { toast } from "../../../ui/toast";
import { t } from "../../../words";
import { useRoom, useStore } from "../context";
import { useDoing } from "../git/hooks";
import { nameOf } from "../path";
import type { ViewProps } from "../views";
import { Compare } from "./compare";
import { ClearDialog, NameDialog } from "./dialogs";
import styles from "./history.module.css";
import {
  type Compared,
  type Looking,
  useAbout,
  useChange,
  useCompared,
  useLooking,
  useThrottled,
  useVersions,
} from "./hooks";
import { Mark, useRows, VersionList } from "./list";
import { useColours } from "./people";
import { type Row, rowAt, stopsOf } from "./rows";
import { sizeOf, timesOf, titleOf, wayOf } from "./say";
import { Slider } from "./slider";

export default function HistoryTab({ path, host, visible }: ViewProps) {
  const { running } = useRoom();
  const { query, versions, head } = useVersions(path, visible);
  const place = useRef<HTMLInputElement>(null);
  useEffect(() => {
    host.offer({
      focus: () => {
        place.current?.focus();
        return place.current !== null && document.activeElement === place.current;
      },
    });
    return () => host.offer(undefined);
  }, [host]);
  if (head === undefined) {
    return (
      <div className={styles.view}>
        {query.error !== null ? (
          <Failed error={query.error} again={() => void query.refetch()} />
        ) : running ? (
          <Progress>{t("Reading the history…")}</Progress>
        ) : (
          <EmptyState title={t("The project does not run")}>
            {t("Its history is there when it does.")}
          </EmptyState>
        )}
      </div>
    );
  }
  if (versions.length === 0) {
    return (
      <div className={styles.view}>
        <EmptyState title={t("No history yet")}>
          {t("It begins by itself when the file is first opened here, and keeps every edit from then on.")}
        </EmptyState>
      </div>
    );
  }
  const { newest = 0, oldest = 0, sizeBytes, cleared, damaged = false } = head;
  const stale = query.error !== null || !running;
  const facts = {
    newest,
    oldest: cleared ? Math.max(oldest, cleared) : oldest,
    bytes: sizeBytes,
    damaged,
    stale,
  };
  return <Shown path={path} versions={versions} query={query} facts={facts} place={place} />;
}

function Failed({ error, again }: { error: Error; again: () => void }) {
  if (!isKind(error, "not-found")) return <Failure error={error} onRetry={again} />;
  return (
    <EmptyState title={t("There is no such file")}>
      {t("It was moved, renamed or deleted, and has no history here.")}
    </EmptyState>
  );
}

type Facts = { newest: number; oldest: number; bytes: number; damaged: boolean; stale: boolean };

function Shown({
  path,
  versions,
  query,
  facts,
  place,
}: {
  path: string;
  versions: readonly Version[];
  query: ReturnType<typeof useVersions>["query"];
  facts: Facts;
  place: React.RefObject<HTMLInputElement | null>;
}) {
  const { workspace, narrow } = useRoom();
  const { side } = useStore(workspace.arrangement);
  const [looking, look] = useLooking(path);
  const rows = useRows(path, versions, looking.unfolded);
  const { newest, oldest } = facts;
  const seq = looking.seq === 0 ? newest : Math.max(oldest, Math.min(newest, looking.seq));
  const asked = useThrottled(seq, 90);
  const version = useVersion(path, rows, asked, looking.row);
  const compared = useCompared(
    path,
    fromOf(looking, version, oldest),
    toOf(looking, asked, newest),
    version !== undefined,
  );
  const [[current, count], setAt] = useState<[number, number]>([0, 0]);
  const at = useCallback((i: number, n: number) => setAt([i, n]), []);
  const [inline, setInline] = useState(false);
  const step = useRef<((by: 1 | -1) => void) | undefined>(undefined);
  const text = version ? t("{what}, {when}", { what: titleOf(version), when: timesOf(version) }) : "";
  const one = inline || narrow;
  return (
    <div className={styles.view}>
      <div className={styles.tools} role="toolbar" aria-label={t("History")}>
        <span className={styles.title} title={path}>
          {path}
        </span>
        {count > 0 ? (
          <span className={styles.changes}>
            <span className={styles.counts}>{t("{n} of {count}", { n: current + 1, count })}</span>
            <IconButton label={t("Previous change")} keys="Alt+ArrowUp" onClick={() => step.current?.(-1)}>
              <ArrowUp size={16} strokeWidth={1.5} />
            </IconButton>
            <IconButton label={t("Next change")} keys="Alt+ArrowDown" onClick={() => step.current?.(1)}>
              <ArrowDown size={16} strokeWidth={1.5} />
            </IconButton>
          </span>
        ) : null}
        <select
          className={styles.select}
          aria-label={t("Compare")}
          value={looking.with}
          // The choices are the type's.
          onChange={(e) => look({ with: e.target.value as Looking["with"] })}
        >
          <option value="before">{t("What changed in it")}</option>
          <option value="now">{t("Compared with now")}</option>
          <option value="nothing">{t("The text alone")}</option>
        </select>
        {narrow || looking.with === "nothing" ? null : (
          <Button look="quiet" aria-pressed={inline} onClick={() => setInline((i) => !i)}>
            {t("Inline")}
          </Button>
        )}
        <Acts path={path} version={version} seq={asked} facts={facts} text={textOf(compared, looking)} />
        <IconButton
          label={t("Show the list of versions")}
          className={side === "history" ? styles.off : styles.listButton}
          onClick={() => workspace.show("history")}
        >
          <List size={16} strokeWidth={1.5} />
        </IconButton>
      </div>
      <Slider
        ref={place}
        oldest={oldest}
        newest={newest}
        seq={seq}
        text={text}
        stops={stopsOf(rows)}
        versions={versions}
        onChange={(n) => look({ seq: n === newest ? 0 : n, row: undefined })}
      />
      <About version={version} facts={facts} newest={seq === newest} />
      <div className={styles.columns}>
        <Difference
          path={path}
          query={compared}
          inline={one}
          looking={looking}
          at={at}
          step={step}
          first={version !== undefined && version.first <= oldest}
        />
        {side === "history" || narrow ? null : (
          <div className={styles.aside}>
            <VersionList {...{ path, rows, looking, newest, look }} read={query} />
          </div>
        )}
      </div>
    </div>
  );
}

/** The version that is looked at: the one of the list, or as finely as it is kept. */
function useVersion(
  path: string,
  rows: readonly Row[],
  seq: number,
  key: string | undefined,
): Version | undefined {
  const row = rows[rowAt(rows, seq, key)];
  const listed = row && "version" in row && row.version.seq === seq ? row.version : undefined;
  const fine = useAbout(path, listed ? 0 : seq);
  return listed ?? fine;
}

/** The older side: what was before the version, the version, or nothing. */
function fromOf(looking: Looking, version: Version | undefined, oldest: number): number {
  if (version === undefined || looking.with === "nothing") return 0;
  if (looking.with === "now") return version.seq;
  return version.first - 1 < oldest ? 0 : version.first - 1;
}

function toOf(looking: Looking, seq: number, newest: number): number {
  return looking.with === "now" ? newest : seq;
}

/** The text of the version that is looked at, once it is there. */
function textOf(query: ReturnType<typeof useCompared>, looking: Looking): string | undefined {
  if (query.isPlaceholderData) return undefined;
  return looking.with === "now" ? query.data?.old?.text : query.data?.new.text;
}

/** Who made the version, when, and how. */
function About({ version, facts, newest }: { version: Version | undefined; facts: Facts; newest: boolean }) {
  const colours = useColours();
  return (
    <div className={styles.about}>
      {version ? (
        <>
          <Mark version={version} colours={colours} />
          {version.name ? (
            <span className={styles.tag}>
              <Flag size={12} strokeWidth={1.5} aria-hidden />
              {version.name}
            </span>
          ) : null}
          <b>{wayOf(version)}</b>
          <span className={styles.when}>
            <Ago at={version.until} /> · {timesOf(version)}
          </span>
          {version.commit ? <code>{version.commit.id.slice(0, 8)}</code> : null}
          <span className={styles.counts}>{sizeOf(version)}</span>
          {newest ? <span className={styles.now}>{t("Now")}</span> : null}
        </>
      ) : null}
      <span className={styles.grow} />
      {facts.stale ? (
        <span className={styles.warn} role="status">
          {t("Not heard from the project: this may be old")}
        </span>
      ) : null}
      {facts.damaged ? (
        <span className={styles.warn}>{t("A part of the history cannot be read; the rest is shown")}</span>
      ) : null}
    </div>
  );
}

function Difference({
  path,
  query,
  inline,
  looking,
  first,
  at,
  step,
}: {
  path: string;
  query: ReturnType<typeof useCompared>;
  inline: boolean;
  looking: Looking;
  /** It is the oldest that is kept. */
  first: boolean;
  at: (current: number, count: number) => void;
  step: React.RefObject<((by: 1 | -1) => void) | undefined>;
}) {
  const { data, error } = query;
  const wrap = (children: ReactNode) => <div className={styles.difference}>{children}</div>;
  if (error !== null && !query.isFetching)
    return wrap(<Failure error={error} onRetry={() => void query.refetch()} />);
  if (data === undefined) return wrap(<Progress>{t("Reading the version…")}</Progress>);
  const labels =
    looking.with === "now"
      ? { old: t("This version"), new: t("Now") }
      : { old: t("Before"), new: t("This version") };
  return wrap(
    <>
      {noteOf(data, looking, first)}
      {data.old && !inline ? (
        <div className={styles.sides}>
          <span>{labels.old}</span>
          <span>{labels.new}</span>
        </div>
      ) : null}
      <Compare
        path={path}
        compared={data}
        inline={inline}
        labels={labels}
        busy={query.isFetching}
        at={at}
        step={step}
      />
    </>,
  );
}

/** What must be known of a comparison. */
function noteOf({ old, new: now, hunks }: Compared, looking: Looking, first: boolean): ReactNode {
  let text = "";
  if (looking.with === "before" && !old && first) text = t("This is the oldest version that is kept.");
  else if (old && old.text === now.text)
    text = looking.with === "now" ? t("It is as the file is now.") : t("Nothing of the text differs.");
  else if (hunks?.cut) text = t("So much changed that only the first changes are marked.");
  return text === "" ? null : <p className={styles.note}>{text}</p>;
}

/** What can be done with a version, and with the history. */
function Acts({
  path,
  version,
  seq,
  facts,
  text,
}: {
  path: string;
  version: Version | undefined;
  seq: number;
  facts: Facts;
  text: string | undefined;
}) {
  const { may, running, workspace } = useRoom();
  const change = useChange(path);
  const [busy, run] = useDoing();
  const [naming, setNaming] = useState<Version>();
  const [clearing, setClearing] = useState<"all" | number>();
  const [, look] = useLooking(path);
  const write = may("files.write") && running;
  const restore = () =>
    run("restore", async () => {
      const before = facts.newest;
      const { seq: made } = await change({ action: "restore", seq });
      if (made === undefined) {
        toast({ text: t("The file is so already.") });
        return;
      }
      look({ seq: 0, row: undefined });
      toast({
        text: t("{name} is as it was then. That is an edit like any other.", { name: nameOf(path) }),
        action: {
          label: t("Undo"),
          run: () => void run("undo", () => change({ action: "restore", seq: before })),
        },
      });
    });
  const copy = () =>
    run("copy", async () => {
      await navigator.clipboard.writeText(text ?? "");
      toast({ text: t("The version is on the clipboard.") });
    });
  return (
    <>
      {write ? (
        <Button
          look={seq === facts.newest ? "plain" : "primary"}
          disabled={version === undefined || seq === facts.newest}
          busy={busy === "restore" && t("Restoring…")}
          onClick={() => void restore()}
        >
          {t("Restore")}
        </Button>
      ) : null}
      <Menu
        trigger={
          <IconButton label={t("More for this version")}>
            <EllipsisVertical size={16} strokeWidth={1.5} />
          </IconButton>
        }
      >
        <MenuItem disabled={text === undefined} onSelect={() => void copy()}>
          {t("Copy the text of this version")}
        </MenuItem>
        {write ? (
          <MenuItem late disabled={version === undefined} onSelect={() => setNaming(version)}>
            {version?.name ? t("Change its name…") : t("Name this version…")}
          </MenuItem>
        ) : null}
        <MenuItem onSelect={() => workspace.openFile(path)}>{t("Open the file")}</MenuItem>
        <MenuLine />
        {write ? (
          <>
            <MenuItem danger late disabled={seq <= facts.oldest} onSelect={() => setClearing(seq)}>
              {t("Clear what is older than this…")}
            </MenuItem>
            <MenuItem danger late onSelect={() => setClearing("all")}>
              {t("Clear the whole history ({size})…", { size: size(facts.bytes) })}
            </MenuItem>
          </>
        ) : (
          <MenuItem disabled onSelect={() => {}}>
            {t("The history takes {size}", { size: size(facts.bytes) })}
          </MenuItem>
        )}
      </Menu>
      <NameDialog version={naming} change={change} onClose={() => setNaming(undefined)} />
      <ClearDialog
        clearing={clearing}
        bytes={facts.bytes}
        when={version ? `${titleOf(version)}, ${timesOf(version)}` : ""}
        change={change}
        onClose={() => setClearing(undefined)}
      />
    </>
  );
}
