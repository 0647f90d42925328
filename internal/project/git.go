package project

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/git"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// gitRoutes are the rows of git. What changes a repository may run its hooks, and
// so needs the right to run programs.
func gitRoutes() []route {
	reads := func(path string, h func(*Project, http.ResponseWriter, *http.Request, call) error) route {
		return route{method: "GET", path: path, verb: lyceum.ReadHidden, handle: h}
	}
	changes := func(path string, h func(*Project, http.ResponseWriter, *http.Request, call) error) route {
		return route{method: "POST", path: path, verb: lyceum.UseTerminals, handle: h}
	}
	return []route{
		reads("git/repositories", (*Project).gitRepositories), reads("git/status", (*Project).gitStatus), reads("git/diff", (*Project).gitDiff),
		reads("git/log", (*Project).gitLog), reads("git/commit", (*Project).gitCommit), reads("git/refs", (*Project).gitRefs),
		reads("git/conflict", (*Project).gitConflict), reads("git/key", (*Project).gitKey),
		changes("git/stage", onRepo(gitStage)), changes("git/commit", onRepo(gitMakeCommit)), changes("git/branch", onRepo(gitBranch)),
		changes("git/stash", onRepo(gitStash)), changes("git/resolve", onRepo(gitResolve)), changes("git/remote", onRepo(gitRemote)),
		changes("git/folder", (*Project).gitFolder), changes("git/key", (*Project).gitMakeKey), changes("git/transfer", (*Project).gitTransfer),
	}
}

// repository is the one that ?repo= names.
func (p *Project) repository(r *http.Request) (*git.Repo, error) {
	return p.openRepo(r.Context(), r.URL.Query().Get("repo"))
}

// openRepo opens the repository whose top folder path is.
func (p *Project) openRepo(ctx context.Context, path string) (*git.Repo, error) {
	repo, err := p.git.Open(ctx, path)
	if err == nil && repo.Path != path {
		// A symlink to it is fine, a folder in it is not: what is asked for would be
		// something else than what is shown.
		if real, failed := p.dir.Resolve(ctx, path); failed != nil || real != repo.Path {
			return nil, lyceum.Errorf(lyceum.NotFound, "this folder is not the top of a git repository")
		}
	}
	return repo, err
}

func (p *Project) gitRepositories(w http.ResponseWriter, r *http.Request, _ call) error {
	out := api.GitOverview{Repositories: []api.GitRepository{}}
	version, err := p.git.Version(r.Context())
	if lyceum.IsKind(err, lyceum.Unavailable) {
		return rest.WriteJSON(w, out)
	}
	if err != nil {
		return err
	}
	out.Installed, out.Version = true, version
	out.Repositories, out.More = p.git.List(r.Context(), r.URL.Query().Get("path"))
	return rest.WriteJSON(w, out)
}

func (p *Project) gitStatus(w http.ResponseWriter, r *http.Request, _ call) error {
	repo, err := p.repository(r)
	if err != nil {
		return err
	}
	s, err := repo.Status(r.Context(), r.URL.Query().Get("ignored") == "1")
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, s)
}

// gitDiff answers with two sides of a file. An open document is written first, so
// that its lines are those that staging would take.
func (p *Project) gitDiff(w http.ResponseWriter, r *http.Request, _ call) error {
	q := r.URL.Query()
	repo, err := p.repository(r)
	if err != nil {
		return err
	}
	if err := p.documents.flush(r.Context(), q.Get("path")); err != nil {
		p.log.Debug("a difference is told without the last edits", "err", err)
	}
	d, err := repo.Diff(r.Context(), q.Get("path"), q.Get("from"), q.Get("old"), q.Get("new"))
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, d)
}

func (p *Project) gitLog(w http.ResponseWriter, r *http.Request, _ call) error {
	q := r.URL.Query()
	page := git.LogPage{From: q.Get("from"), Path: q.Get("path"), After: q.Get("after")}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return lyceum.Invalidf("limit", "limit must be a number from 1 to %d", git.MaxLog)
		}
		page.Limit = n
	}
	repo, err := p.repository(r)
	if err != nil {
		return err
	}
	l, err := repo.Log(r.Context(), page)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, l)
}

func (p *Project) gitCommit(w http.ResponseWriter, r *http.Request, _ call) error {
	repo, err := p.repository(r)
	if err != nil {
		return err
	}
	c, err := repo.Commit(r.Context(), r.URL.Query().Get("id"))
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, c)
}

func (p *Project) gitRefs(w http.ResponseWriter, r *http.Request, _ call) error {
	repo, err := p.repository(r)
	if err != nil {
		return err
	}
	refs, err := repo.Refs(r.Context())
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, refs)
}

func (p *Project) gitConflict(w http.ResponseWriter, r *http.Request, _ call) error {
	repo, err := p.repository(r)
	if err != nil {
		return err
	}
	path := r.URL.Query().Get("path")
	if err := p.documents.flush(r.Context(), path); err != nil {
		p.log.Debug("a conflict is told without the last edits", "err", err)
	}
	c, err := repo.Conflict(r.Context(), path)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, c)
}

func (p *Project) gitKey(w http.ResponseWriter, r *http.Request, _ call) error {
	k, err := p.git.Key(r.Context())
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, k)
}

func (p *Project) gitMakeKey(w http.ResponseWriter, r *http.Request, _ call) error {
	k, err := p.git.MakeKey(r.Context(), "lyceum-project-"+string(p.cfg.Project))
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, k)
}

// flush writes what is open at and below path into its files.
func (d *documents) flush(ctx context.Context, path string) error {
	if s := d.there(); s != nil {
		return s.Flush(ctx, path)
	}
	return nil
}

// writtenBelow tells the open documents in a folder that their files may have
// changed.
func (d *documents) writtenBelow(dir string) {
	for _, o := range d.open() {
		if dir == "" || strings.HasPrefix(o.Path, dir+"/") {
			d.written(o.Path)
		}
	}
}
