package project

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"lyceum/internal/api"
	"lyceum/internal/git"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// gitRequest is the body of a request that changes a repository.
type gitRequest interface {
	api.GitStage | api.GitNewCommit | api.GitBranchChange | api.GitStashChange | api.GitResolve | api.GitRemoteChange
}

// repoOf is the repository that a request is about, and what is done, in a word.
func repoOf(v any) (repo, what string) {
	switch v := v.(type) {
	case api.GitStage:
		return v.Repo, v.Action
	case api.GitNewCommit:
		return v.Repo, "commit"
	case api.GitBranchChange:
		return v.Repo, v.Action
	case api.GitStashChange:
		return v.Repo, "stash"
	case api.GitResolve:
		return v.Repo, v.Action
	case api.GitRemoteChange:
		return v.Repo, v.Action
	}
	return "", ""
}

// onRepo makes a handler of what changes a repository. Open documents are written
// to their files before, and take over afterwards what git has changed.
func onRepo[T gitRequest](do func(ctx context.Context, r *git.Repo, v T, done *api.GitDone) error) func(*Project, http.ResponseWriter, *http.Request, call) error {
	return func(p *Project, w http.ResponseWriter, r *http.Request, c call) error {
		var v T
		if err := rest.ReadJSON(w, r, &v); err != nil {
			return err
		}
		path, what := repoOf(v)
		repo, err := p.openRepo(r.Context(), path)
		if err != nil {
			return err
		}
		rest.Stream(w) // hooks take their time
		var out api.GitDone
		err = p.changing(r.Context(), repo, what, c, func(ctx context.Context) error {
			if err := do(ctx, repo, v, &out); err != nil {
				return err
			}
			out.Status, err = repo.Status(ctx, false)
			return err
		})
		if err != nil {
			return err
		}
		out.Status.Busy = ""
		return rest.WriteJSON(w, out)
	}
}

// changing is around everything that changes a repository.
func (p *Project) changing(ctx context.Context, repo *git.Repo, what string, c call, do func(ctx context.Context) error) error {
	done, err := repo.Hold(ctx, what+" by "+c.ticket.Name)
	if err != nil {
		return err
	}
	defer done()
	if err := p.documents.flush(ctx, repo.Path); err != nil {
		return err
	}
	p.activity.edit()
	defer p.activity.edit()
	defer p.documents.writtenBelow(repo.Path)
	return do(ctx)
}

func gitStage(ctx context.Context, r *git.Repo, v api.GitStage, done *api.GitDone) (err error) {
	if v.All == (len(v.Paths) > 0) {
		return lyceum.Invalidf("paths", "say which files, or all")
	}
	lines := git.Lines{Lines: v.Lines, OldID: v.OldID, NewID: v.NewID}
	if len(v.Lines) > 0 {
		if len(v.Paths) != 1 {
			return lyceum.Invalidf("paths", "lines are those of one file")
		}
		lines.Path = v.Paths[0]
	}
	if v.All && v.Action == "discard" {
		v.Paths = []string{r.Path}
	}
	some := len(v.Lines) > 0
	switch {
	case v.Action == "stage" && some:
		return r.StageLines(ctx, lines)
	case v.Action == "stage":
		return r.Stage(ctx, v.Paths)
	case v.Action == "unstage" && some:
		return r.UnstageLines(ctx, lines)
	case v.Action == "unstage":
		return r.Unstage(ctx, v.Paths)
	case v.Action == "discard" && some:
		done.Undo, err = r.DiscardLines(ctx, lines, keeper)
		return err
	case v.Action == "discard":
		done.Undo, err = r.Discard(ctx, v.Paths, keeper)
		return err
	case v.Action == "restore":
		return r.Restore(ctx, v.Undo, v.Paths)
	}
	return lyceum.Invalidf("action", "action must be stage, unstage, discard or restore")
}

// keeper stands in the commits that hold what was discarded.
var keeper = api.GitPerson{Name: "Lyceum", Email: "discarded@localhost"}

func gitMakeCommit(ctx context.Context, r *git.Repo, v api.GitNewCommit, done *api.GitDone) error {
	c, err := r.MakeCommit(ctx, v)
	done.Commit = &c
	return err
}

func gitBranch(ctx context.Context, r *git.Repo, v api.GitBranchChange, _ *api.GitDone) error {
	switch v.Action {
	case "create":
		return r.CreateBranch(ctx, v.Name, v.From)
	case "switch":
		return r.Switch(ctx, v.Name)
	case "delete":
		return r.DeleteBranch(ctx, v.Name, v.Force)
	case "rename":
		return r.RenameBranch(ctx, v.From, v.Name)
	case "merge":
		return r.Merge(ctx, v.Name, v.Author)
	}
	return lyceum.Invalidf("action", "action must be create, switch, delete, rename or merge")
}

func gitStash(ctx context.Context, r *git.Repo, v api.GitStashChange, _ *api.GitDone) error {
	switch v.Action {
	case "save":
		return r.Stash(ctx, v.Message, v.Untracked, v.Author)
	case "pop", "apply", "drop":
		return r.Unstash(ctx, v.ID, v.Action != "drop", v.Action != "apply", v.Author)
	}
	return lyceum.Invalidf("action", "action must be save, pop, apply or drop")
}

func gitResolve(ctx context.Context, r *git.Repo, v api.GitResolve, _ *api.GitDone) error {
	if v.Action == "resolve" {
		return r.Resolve(ctx, v.Paths, v.Take, v.Force)
	}
	return r.Proceed(ctx, v.Action, v.Author)
}

func gitRemote(ctx context.Context, r *git.Repo, v api.GitRemoteChange, _ *api.GitDone) error {
	switch v.Action {
	case "add":
		return r.AddRemote(ctx, v.Name, v.URL)
	case "change":
		return r.ChangeRemote(ctx, v.Name, v.URL)
	case "remove":
		return r.RemoveRemote(ctx, v.Name)
	}
	return lyceum.Invalidf("action", "action must be add, change or remove")
}

// gitFolder makes a repository, or takes a lock away.
func (p *Project) gitFolder(w http.ResponseWriter, r *http.Request, c call) error {
	var v api.GitFolder
	if err := rest.ReadJSON(w, r, &v); err != nil {
		return err
	}
	var repo *git.Repo
	var err error
	switch v.Action {
	case "init":
		repo, err = p.git.Init(r.Context(), v.Path)
	case "unlock":
		if repo, err = p.openRepo(r.Context(), v.Path); err == nil {
			err = p.changing(r.Context(), repo, "unlock", c, func(context.Context) error { return repo.Unlock() })
		}
	default:
		err = lyceum.Invalidf("action", "action must be init or unlock")
	}
	if err != nil {
		return err
	}
	p.activity.edit()
	s, err := repo.Status(r.Context(), false)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, api.GitDone{Status: s})
}

// gitTransfer talks to a remote and tells how far it is, a line of JSON each. A
// client that goes ends it.
func (p *Project) gitTransfer(w http.ResponseWriter, r *http.Request, c call) error {
	var v api.GitTransfer
	if err := rest.ReadJSON(w, r, &v); err != nil {
		return err
	}
	var repo *git.Repo
	var err error
	switch v.Action {
	case "clone":
		if err := p.room(r.Context(), 1<<20); err != nil {
			return err
		}
	case "fetch", "pull", "push":
		if repo, err = p.openRepo(r.Context(), v.Repo); err != nil {
			return err
		}
	default:
		return lyceum.Invalidf("action", "action must be fetch, pull, push or clone")
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	rest.Stream(w)
	out := &gitEvents{w: json.NewEncoder(w), rc: http.NewResponseController(w)}
	out.tell(api.GitEvent{Progress: &api.GitProgress{Phase: "Starting", Percent: -1}})
	done, err := p.transferGit(r.Context(), repo, v, c, func(g api.GitProgress) { out.tell(api.GitEvent{Progress: &g}) })
	out.tell(lastEvent(r, done, err))
	return nil
}

// transferGit does what a GitTransfer asks for.
func (p *Project) transferGit(ctx context.Context, repo *git.Repo, v api.GitTransfer, c call, tell git.Tell) (done *api.GitDone, err error) {
	act := func(ctx context.Context) error {
		switch v.Action {
		case "fetch":
			return repo.Fetch(ctx, v.Remote, v.Credential, tell)
		case "pull":
			return repo.Pull(ctx, v, tell)
		}
		return repo.Push(ctx, v, tell)
	}
	if v.Action == "clone" {
		repo, err = p.git.Clone(ctx, v.Repo, v, tell)
		p.activity.edit()
	} else {
		err = p.changing(ctx, repo, v.Action, c, act)
	}
	if err != nil {
		return nil, err
	}
	s, err := repo.Status(ctx, false)
	return &api.GitDone{Status: s}, err
}

// lastEvent is how a transfer ended.
func lastEvent(r *http.Request, done *api.GitDone, err error) api.GitEvent {
	if ask, ok := errors.AsType[*git.CredentialError](err); ok {
		return api.GitEvent{Credential: &ask.GitAsk}
	}
	if d, ok := errors.AsType[*git.DivergedError](err); ok {
		problem := rest.ProblemOf(r, lyceum.Errorf(lyceum.Conflict, "%s", d.Message))
		return api.GitEvent{Problem: &problem, Diverged: !d.Rejected, Rejected: d.Rejected}
	}
	if err != nil {
		problem := rest.ProblemOf(r, err)
		return api.GitEvent{Problem: &problem}
	}
	return api.GitEvent{Done: done}
}

// gitEvents writes the stream. A line that cannot be written is nobody's any more:
// the request ends.
type gitEvents struct {
	mu sync.Mutex
	w  *json.Encoder
	rc *http.ResponseController
}

func (e *gitEvents) tell(v api.GitEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.w.Encode(v) == nil {
		_ = e.rc.Flush() // the client is gone, and its context with it
	}
}
