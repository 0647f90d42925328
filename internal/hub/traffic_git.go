package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// gitTraffic are the rows for git. What changes a repository may run its hooks, and
// so needs the right to run programs.
func gitTraffic() []projectRoute {
	const repo = "repo: top folder of the repository, from the home"
	reads := func(path string, doc projectDoc) projectRoute {
		return projectRoute{method: "GET", path: "git/" + path, verb: lyceum.ReadHidden, doc: doc}
	}
	changes := func(path, id, summary string, body reflect.Type) projectRoute {
		return projectRoute{method: "POST", path: "git/" + path, verb: lyceum.UseTerminals, doc: projectDoc{id: id, summary: summary, body: body, answer: reflect.TypeFor[api.GitDone]()}}
	}
	transfer := changes("transfer", "transferGit", "Fetch, pull, push or clone", reflect.TypeFor[api.GitTransfer]())
	transfer.doc.doc = "The answer is application/x-ndjson: a GitEvent a line, progress first, and how it ended as the last. Ending the request ends git. A credential is used for this request and kept nowhere."
	transfer.doc.answer = reflect.TypeFor[api.GitEvent]()
	key := projectRoute{method: "POST", path: "git/key", verb: lyceum.UseTerminals, doc: projectDoc{id: "makeGitKey", summary: "Make the project's SSH key, if it has none", answer: reflect.TypeFor[api.GitKey]()}}
	return []projectRoute{
		reads("repositories", projectDoc{id: "listGitRepositories", summary: "The repositories of a project", answer: reflect.TypeFor[api.GitOverview](), query: []string{"path: also the one that this file or folder is in"}}),
		reads("status", projectDoc{id: "gitStatus", summary: "How a repository is", answer: reflect.TypeFor[api.GitStatus](), query: []string{repo, "ignored: 1: files that are ignored too"}}),
		reads("diff", projectDoc{id: "gitDiff", summary: "A file before and after", answer: reflect.TypeFor[api.GitDiff](),
			query: []string{repo, "path: the file", "from: its path before, if another", "old: index, worktree, head, or a commit or branch", "new: the same"}}),
		reads("log", projectDoc{id: "gitLog", summary: "Commits, newest first", answer: reflect.TypeFor[api.GitLog](),
			query: []string{repo, "path: only those that changed this file or folder", "from: branch or commit to begin at", "after: next of the page before", "limit: at most 200, default 50"}}),
		reads("commit", projectDoc{id: "gitCommit", summary: "One commit with the files it changed", answer: reflect.TypeFor[api.GitCommit](), query: []string{repo, "id: its id, or a branch"}}),
		reads("refs", projectDoc{id: "gitRefs", summary: "Branches, stashes and remotes", answer: reflect.TypeFor[api.GitRefs](), query: []string{repo}}),
		reads("conflict", projectDoc{id: "gitConflict", summary: "All sides of a file in conflict", answer: reflect.TypeFor[api.GitConflict](), query: []string{repo, "path: the file"}}),
		reads("key", projectDoc{id: "gitKey", summary: "The public part of the project's SSH key", answer: reflect.TypeFor[api.GitKey]()}),
		changes("stage", "stageGit", "Stage, unstage, discard: files or lines", reflect.TypeFor[api.GitStage]()),
		changes("commit", "commitGit", "Commit what is staged", reflect.TypeFor[api.GitNewCommit]()),
		changes("branch", "changeGitBranch", "Make, switch, merge, rename or delete a branch", reflect.TypeFor[api.GitBranchChange]()),
		changes("stash", "stashGit", "Put changes aside and take them back", reflect.TypeFor[api.GitStashChange]()),
		changes("resolve", "resolveGit", "Resolve conflicts, go on or give up", reflect.TypeFor[api.GitResolve]()),
		changes("remote", "changeGitRemote", "Add, change or remove a remote", reflect.TypeFor[api.GitRemoteChange]()),
		changes("folder", "changeGitFolder", "Make a folder a repository, or take away a lock that was left", reflect.TypeFor[api.GitFolder]()),
		key,
		transfer,
	}
}
