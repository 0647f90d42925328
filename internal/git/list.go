package git

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
)

// Limits of the search for repositories.
const (
	listDepth   = 3
	listFolders = 5000
	listMost    = 100
	listTime    = 3 * time.Second
)

// skipped are folders in which there are no repositories of people's own.
var skipped = map[string]bool{"node_modules": true, "__pycache__": true, "venv": true, "site-packages": true}

// List finds the repositories of the project: those at most three folders below
// the home whose folders are not hidden, and the one that near is in.
func (g *Git) List(ctx context.Context, near string) (list []api.GitRepository, more bool) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	found := map[string]bool{}
	if r, err := g.Open(ctx, near); err == nil {
		found[r.Path] = true
	}
	folders := 0
	root := os.DirFS(g.home)
	var walk func(dir string, depth int)
	walk = func(dir string, depth int) {
		if folders++; folders > listFolders || len(found) >= listMost || ctx.Err() != nil {
			more = true
			return
		}
		if _, err := fs.Lstat(root, path.Join(dir, ".git")); err == nil {
			found[files.Encode(strings.TrimPrefix(dir, "."))] = true
		}
		if depth == listDepth {
			return
		}
		entries, err := fs.ReadDir(root, dir)
		if err != nil {
			return // not ours to read
		}
		for _, e := range entries {
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !skipped[e.Name()] {
				walk(path.Join(dir, e.Name()), depth+1)
			}
		}
	}
	walk(".", 0)
	list = []api.GitRepository{}
	for p := range found {
		name := path.Base(p)
		if p == "" {
			name = "~"
		}
		list = append(list, api.GitRepository{Path: p, Name: name})
	}
	slices.SortFunc(list, func(a, b api.GitRepository) int { return strings.Compare(a.Path, b.Path) })
	return list, more
}

// Init makes the folder at path a repository whose first branch is main.
func (g *Git) Init(ctx context.Context, path string) (*Repo, error) {
	dir, err := g.folder(ctx, path)
	if err != nil {
		return nil, err
	}
	args := []string{"init", "--quiet"}
	if out, err := g.exec(ctx, command{dir: dir, reads: true, args: []string{"config", "--get", "init.defaultBranch"}}); err != nil || len(out) < 2 {
		args = append(args, "--initial-branch=main")
	}
	if _, err := g.exec(ctx, command{dir: dir, args: args}); err != nil {
		return nil, err
	}
	r, err := g.Open(ctx, path)
	if err == nil && r.Path == "" {
		err = r.exclude(homeExcludes)
	}
	return r, err
}

// What a repository of the whole home leaves out: at first all that programs keep
// there for themselves, keys among it; and always what Lyceum itself does.
const (
	homeExcludes = "# What programs keep in the home is left out. Take lines away to have it.\n/.*\n!/.gitignore\n!/.gitattributes\n!/.github/\n"
	ownExcludes  = "/.local/state/lyceum/\n"
)

// exclude appends lines to what is ignored here, if they are not there.
func (r *Repo) exclude(lines string) error {
	if err := os.MkdirAll(filepath.Join(r.common, "info"), 0o755); err != nil {
		return err
	}
	path := filepath.Join(r.common, "info", "exclude")
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) || strings.Contains("\n"+string(b), "\n"+lines) {
		return err
	}
	if len(b) > 0 && !strings.HasSuffix(string(b), "\n") {
		lines = "\n" + lines
	}
	return os.WriteFile(path, append(b, lines...), 0o644)
}

// Unlock removes the lock that a killed git has left. While a git is at work in
// the repository, ours or one in a terminal, the error is of kind Conflict.
func (r *Repo) Unlock() error {
	if pid := r.otherGit(); pid != "" {
		return conflictf("a git is still at work here (process %s): wait for it, or end it in a terminal", pid)
	}
	err := os.Remove(filepath.Join(r.gitDir, "index.lock"))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// otherGit is the number of a process git that works in the repository, "" when
// there is none that we can see.
func (r *Repo) otherGit() string {
	all, err := os.ReadDir("/proc")
	if err != nil {
		return ""
	}
	for _, e := range all {
		name, err := os.ReadFile(filepath.Join("/proc", e.Name(), "comm"))
		if err != nil || strings.TrimSpace(string(name)) != "git" {
			continue
		}
		dir, err := os.Readlink(filepath.Join("/proc", e.Name(), "cwd"))
		if err == nil && (dir == r.top || strings.HasPrefix(dir, r.top+"/")) {
			return e.Name()
		}
	}
	return ""
}
