import { useInfiniteQuery } from "@tanstack/react-query";
import { type GitCommit, readGit } from "../../../api/git";
import { ago } from "../../../ui/ago";
import { Button } from "../../../ui/button";
import { t } from "../../../words";
import { useStore } from "../context";
import page from "../workspace.module.css";
import styles from "./git.module.css";
import { useGit } from "./hooks";

/** The commits of the branch, newest first. */
export function Log() {
  const git = useGit();
  const repo = useStore(git.chosen);
  const head = useStore(git.status)?.commit ?? "";
  const log = useInfiniteQuery({
    queryKey: ["git", git.project, repo, "log", head],
    queryFn: ({ signal, pageParam }) =>
      readGit(git.project, "log", { repo, limit: "20", ...(pageParam && { after: pageParam }) }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    enabled: head !== "",
    placeholderData: (before) => before,
  });
  const all: GitCommit[] = log.data?.pages.flatMap((p) => p.items) ?? [];
  if (all.length === 0) return null;
  return (
    <section aria-label={t("Commits")}>
      <h3 className={page.part}>{t("Commits")}</h3>
      <ul>
        {all.map((c) => (
          <li key={c.id} className={styles.commit} title={`${c.id}\n${c.subject}\n${c.body ?? ""}`}>
            <b>{c.subject}</b>
            <small>
              {c.author.name} · {ago(c.authored, Date.now())} · {c.id.slice(0, 8)}
            </small>
          </li>
        ))}
      </ul>
      {log.hasNextPage ? (
        <Button look="quiet" onClick={() => void log.fetchNextPage()}>
          {t("More commits")}
        </Button>
      ) : null}
    </section>
  );
}
