// The history of a file in a tab: a slider and a list over every version, and what
// changed in the one that is looked at.
import { ArrowDown, ArrowUp, List } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Version } from "../../../api/history";
import { isKind } from "../../../api/problem";
import { Button, IconButton } from "../../../ui/button";
import { EmptyState, Failure, Progress } from "../../../ui/state";
import { t } from "../../../words";
import { useRoom, useStore } from "../context";
import type { ViewProps } from "../views";
import { About, type Facts } from "./about";
import { Acts } from "./acts";
import { Difference } from "./difference";
import styles from "./history.module.css";
import { type Looking, useAbout, useCompared, useLooking, useThrottled, useVersions } from "./hooks";
import { useRows, VersionList } from "./list";
import { type Row, rowAt, stopsOf } from "./rows";
import { timesOf, titleOf } from "./say";
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
  const cost = useRef(0);
  const asked = useThrottled(seq, cost);
  const { version, known } = useVersion(path, rows, asked, looking.row);
  const compared = useCompared(
    path,
    fromOf(looking, version, oldest),
    toOf(looking, asked, newest),
    known && version !== undefined,
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
        <Acts
          path={path}
          version={known ? version : undefined}
          seq={asked}
          facts={facts}
          text={textOf(compared, looking)}
        />
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
          cost={cost}
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

/**
 * The version that is looked at: the one of the list, or as finely as it is kept. known
 * is false while it is still the one before.
 */
function useVersion(
  path: string,
  rows: readonly Row[],
  seq: number,
  key: string | undefined,
): ReturnType<typeof useAbout> {
  const row = rows[rowAt(rows, seq, key)];
  const listed = row && "version" in row && row.version.seq === seq ? row.version : undefined;
  const fine = useAbout(path, listed ? 0 : seq);
  return listed ? { version: listed, known: true } : fine;
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
