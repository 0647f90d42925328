package project

import (
	"context"

	"lyceum/internal/files"
	"lyceum/internal/git"
)

// commitOf finds the commit that a change on disk came from: the last one that touched
// the file, when the file is just as it is there.
func (p *Project) commitOf(ctx context.Context, path string) (id, subject string, ok bool) {
	if !p.underGit(ctx, path) {
		return "", "", false // most files are not, and no process has to find that out
	}
	repo, err := p.git.Open(ctx, path)
	if err != nil {
		return "", "", false
	}
	d, err := repo.Diff(ctx, path, "", git.Head, git.Worktree)
	same := err == nil && d.Old.Exists && d.New.Exists && d.Old.Size == d.New.Size && d.Old.Text == d.New.Text && d.Old.Text != ""
	if !same {
		return "", "", false
	}
	l, err := repo.Log(ctx, git.LogPage{Path: path, Limit: 1})
	if err != nil || len(l.Items) == 0 {
		return "", "", false
	}
	return l.Items[0].ID, l.Items[0].Subject, true
}

// underGit reports whether one of the folders that path is in has a .git.
func (p *Project) underGit(ctx context.Context, path string) bool {
	for dir, _ := files.Split(path); ; dir, _ = files.Split(dir) {
		if _, err := p.dir.Stat(ctx, files.Join(dir, ".git")); err == nil {
			return true
		}
		if dir == "" {
			return false
		}
	}
}
