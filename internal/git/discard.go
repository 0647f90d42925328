package git

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// What is discarded is kept as a commit under a ref of ours, for a while.
const (
	keptRefs = "refs/lyceum/discarded/"
	keptFor  = 30 * 24 * time.Hour
)

// Discard puts files back as they are in the index and removes those that git does
// not know. It returns what Restore brings them back with.
func (r *Repo) Discard(ctx context.Context, paths []string, who api.GitPerson) (undo string, err error) {
	tracked, unknown, err := r.changedAt(ctx, paths)
	if err != nil {
		return "", err
	}
	if undo, err = r.keep(ctx, append(append([]string{}, tracked...), unknown...), who); err != nil {
		return "", err
	}
	if len(tracked) > 0 {
		if _, err := r.onPaths(ctx, nil, tracked, "restore", "--worktree"); err != nil {
			return undo, err
		}
	}
	for _, own := range unknown {
		if err := r.g.dir.Remove(ctx, r.path(own), true); err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
			return undo, err
		}
	}
	return undo, nil
}

// DiscardLines is Discard for some lines of one file.
func (r *Repo) DiscardLines(ctx context.Context, l Lines, who api.GitPerson) (undo string, err error) {
	own, err := r.own(l.Path)
	if err != nil {
		return "", err
	}
	if undo, err = r.keep(ctx, []string{own}, who); err != nil {
		return "", err
	}
	return undo, r.discardLines(ctx, l)
}

// changedAt sorts the changes of the work tree at or below paths into those of
// files that git knows and of those that it does not, as git writes their paths.
func (r *Repo) changedAt(ctx context.Context, paths []string) (tracked, unknown []string, err error) {
	wanted, err := r.owns(paths)
	if err != nil {
		return nil, nil, err
	}
	out, err := r.porcelain(ctx, false)
	if err != nil {
		return nil, nil, err
	}
	p, err := parseStatus(out)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range p.changes {
		if !below(c.Path, wanted) {
			continue
		}
		own := strings.TrimSuffix(c.Path, "/")
		switch {
		case c.Conflict != "":
			return nil, nil, conflictf("%s is in conflict: resolve it, or give the merge up", own)
		case c.Submodule:
			return nil, nil, conflictf("%s is a submodule: its changes are discarded in it", own)
		case c.Folder && c.Worktree == "U":
			if _, err := os.Lstat(filepath.Join(r.top, own, ".git")); err == nil {
				return nil, nil, conflictf("%s is a repository of its own: delete it as a folder", own)
			}
			unknown = append(unknown, own)
		case c.Worktree == "U":
			unknown = append(unknown, own)
		case c.Worktree != "":
			tracked = append(tracked, own)
		}
	}
	if len(tracked)+len(unknown) == 0 {
		return nil, nil, conflictf("there is nothing to discard")
	}
	return tracked, unknown, nil
}

// below reports whether path is one of these or in one.
func below(path string, dirs []string) bool {
	for _, d := range dirs {
		if d == "." || path == d || path == d+"/" || strings.HasPrefix(path, d+"/") {
			return true
		}
	}
	return false
}

// keep makes a commit of the files as they are now, beside all branches.
func (r *Repo) keep(ctx context.Context, own []string, who api.GitPerson) (string, error) {
	r.forget(ctx)
	index := filepath.Join(r.gitDir, "lyceum-index-"+rand.Text()[:8])
	defer func() { _ = errors.Join(os.Remove(index), os.Remove(index+".lock")) }() // they may not be there
	env := append(personEnv(who), "GIT_INDEX_FILE="+index)
	in := func(args ...string) (string, error) {
		out, err := r.g.exec(ctx, command{dir: r.top, args: args, env: env})
		return strings.TrimSpace(string(out)), err
	}
	commit := []string{"commit-tree", "-m", "Discarded"}
	if head, err := r.commitOf(ctx, "HEAD"); err == nil {
		if _, err := in("read-tree", head); err != nil {
			return "", err
		}
		commit = append(commit, "-p", head)
	}
	if _, err := r.onPaths(ctx, env, own, "add", "--all", "--force"); err != nil {
		return "", err
	}
	tree, err := in("write-tree")
	if err != nil {
		return "", err
	}
	id, err := in(append(commit, tree)...)
	if err != nil {
		return "", err
	}
	_, err = in("update-ref", fmt.Sprintf("%s%d-%s", keptRefs, time.Now().Unix(), id[:12]), id)
	return id, err
}

// forget drops what was kept for long enough.
func (r *Repo) forget(ctx context.Context) {
	out, err := r.read(ctx, "for-each-ref", "--format=%(refname)", keptRefs)
	if err != nil {
		return
	}
	for ref := range strings.Lines(string(out)) {
		ref = strings.TrimSpace(ref)
		at, _, _ := strings.Cut(strings.TrimPrefix(ref, keptRefs), "-")
		if n, err := strconv.ParseInt(at, 10, 64); err == nil && time.Since(time.Unix(n, 0)) > keptFor {
			if _, err := r.run(ctx, "update-ref", "-d", ref); err != nil {
				return // the next time, then
			}
		}
	}
}

// Restore brings files back as they were before a Discard. When one of them was
// changed since, the error is of kind Conflict and nothing is done.
func (r *Repo) Restore(ctx context.Context, undo string, paths []string) error {
	own, err := r.owns(paths)
	if err != nil {
		return err
	}
	if !isID(undo) {
		return lyceum.Invalidf("undo", "undo must be what the discard answered")
	}
	refs, err := r.read(ctx, "for-each-ref", "--points-at="+undo, "--format=%(refname)", keptRefs)
	if err != nil || len(refs) == 0 {
		return lyceum.Wrap(lyceum.NotFound, err, "what was discarded is not kept any more")
	}
	if tracked, unknown, err := r.changedAt(ctx, paths); err == nil {
		return conflictf("%s was changed since: nothing was brought back", append(tracked, unknown...)[0])
	}
	var there, gone []string
	for _, o := range own {
		out, err := r.read(ctx, "ls-tree", "-z", "--full-tree", "--name-only", undo, "--", o)
		if err != nil {
			return err
		}
		if len(out) > 0 {
			there = append(there, o)
		} else {
			gone = append(gone, o)
		}
	}
	if len(there) > 0 {
		if _, err := r.onPaths(ctx, nil, there, "restore", "--worktree", "--source="+undo); err != nil {
			return err
		}
	}
	for _, o := range gone { // that it was deleted had been discarded
		if e, err := r.g.dir.Stat(ctx, r.path(o)); err == nil && e.Kind != files.Folder {
			if err := r.g.dir.Remove(ctx, r.path(o), false); err != nil {
				return err
			}
		}
	}
	return nil
}
