package git

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

func conflictf(format string, args ...any) error {
	return lyceum.Errorf(lyceum.Conflict, format, args...)
}

// Stage puts files and folders into the index as they are in the work tree,
// deleted ones too. No paths means all.
func (r *Repo) Stage(ctx context.Context, paths []string) error {
	if len(paths) == 0 {
		paths = []string{r.Path}
	}
	own, err := r.owns(paths)
	if err != nil {
		return err
	}
	if r.Path == "" {
		if err := r.exclude(ownExcludes); err != nil {
			return err
		}
	}
	_, err = r.onPaths(ctx, nil, own, "add", "--all")
	return err
}

// Unstage puts the index back to the last commit for files and folders. No paths
// means all.
func (r *Repo) Unstage(ctx context.Context, paths []string) error {
	if len(paths) == 0 {
		paths = []string{r.Path}
	}
	own, err := r.owns(paths)
	if err != nil {
		return err
	}
	if _, err := r.commitOf(ctx, "HEAD"); lyceum.IsKind(err, lyceum.NotFound) {
		_, err = r.onPaths(ctx, nil, own, "rm", "--cached", "-r", "--quiet", "--force")
		return err
	}
	_, err = r.onPaths(ctx, nil, own, "restore", "--staged")
	return err
}

// Lines are some lines of the difference of one file between index and work tree,
// or between the last commit and the index.
type Lines struct {
	Path         string
	Lines        []api.GitLines
	OldID, NewID string // of the sides as the person saw them
}

// StageLines takes lines from the work tree into the index.
func (r *Repo) StageLines(ctx context.Context, l Lines) error {
	return r.onLines(ctx, l, false, []string{"diff"}, []string{"apply", "--cached"})
}

// UnstageLines takes lines out of the index again.
func (r *Repo) UnstageLines(ctx context.Context, l Lines) error {
	return r.onLines(ctx, l, true, []string{"diff", "--cached"}, []string{"apply", "--cached", "--reverse"})
}

// discardLines takes lines out of the work tree.
func (r *Repo) discardLines(ctx context.Context, l Lines) error {
	return r.onLines(ctx, l, true, []string{"diff"}, []string{"apply", "--reverse"})
}

// onLines makes a diff, leaves of it what is wanted and applies that.
func (r *Repo) onLines(ctx context.Context, l Lines, reverse bool, diff, apply []string) error {
	own, err := r.own(l.Path)
	if err != nil {
		return err
	}
	old, new := Index, Worktree
	if slices.Contains(diff, "--cached") {
		old, new = Head, Index
	}
	d, err := r.Diff(ctx, l.Path, "", old, new)
	if err != nil {
		return err
	}
	if l.OldID != d.Old.ID || l.NewID != d.New.ID {
		return conflictf("the file has changed in between: look again")
	}
	b, err := r.read(ctx, append(append(diff, diffOptions...), "--unified=3", "--", own)...)
	if err != nil {
		return err
	}
	patch, err := selectLines(b, l.Lines, reverse)
	if errors.Is(err, errPatch) {
		return conflictf("only a file's lines can be chosen that git knows as text: take the whole file")
	}
	if err != nil {
		return lyceum.Wrap(lyceum.Conflict, err, "these lines are not changed (any more)")
	}
	_, err = r.g.exec(ctx, command{dir: r.top, args: append(apply, "--whitespace=nowarn", "-"), stdin: bytes.NewReader(patch)})
	return err
}
