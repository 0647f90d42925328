package git

import (
	"context"
	"strconv"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// CreateBranch makes a branch and switches to it. From is where it begins; "" means
// here.
func (r *Repo) CreateBranch(ctx context.Context, name, from string) error {
	if err := checkRef(name); err != nil {
		return err
	}
	args := []string{"switch", "--quiet", "--no-track", "--create", name}
	if from != "" {
		id, err := r.commitOf(ctx, from)
		if err != nil {
			return err
		}
		args = append(args, id)
	}
	_, err := r.run(ctx, args...)
	return err
}

// Switch checks a branch out. Of a remote's branch that has none of its own here
// it makes one that follows it.
func (r *Repo) Switch(ctx context.Context, name string) error {
	if err := checkRef(name); err != nil {
		return err
	}
	switch {
	case r.hasRef(ctx, "refs/heads/"+name):
		_, err := r.run(ctx, "switch", "--quiet", name)
		return err
	case r.hasRef(ctx, "refs/remotes/"+name):
		_, err := r.run(ctx, "switch", "--quiet", "--track", name)
		return err
	}
	out, err := r.read(ctx, "symbolic-ref", "--quiet", "HEAD")
	if err == nil && string(out) == "refs/heads/"+name+"\n" {
		return nil // it has no commit yet, and we are there
	}
	return lyceum.Errorf(lyceum.NotFound, "there is no branch of the name %s", name)
}

func (r *Repo) hasRef(ctx context.Context, ref string) bool {
	_, err := r.read(ctx, "show-ref", "--verify", "--quiet", ref)
	return err == nil
}

// DeleteBranch deletes a branch; without force only one that is merged.
func (r *Repo) DeleteBranch(ctx context.Context, name string, force bool) error {
	if err := checkRef(name); err != nil {
		return err
	}
	how := "-d"
	if force {
		how = "-D"
	}
	_, err := r.run(ctx, "branch", "--quiet", how, "--", name)
	return err
}

// RenameBranch gives a branch another name.
func (r *Repo) RenameBranch(ctx context.Context, from, to string) error {
	if err := checkRef(from); err != nil {
		return err
	}
	if err := checkRef(to); err != nil {
		return err
	}
	_, err := r.run(ctx, "branch", "-m", "--", from, to)
	return err
}

// Merge merges a branch into the current one. Conflicts are no error: the status
// tells of them.
func (r *Repo) Merge(ctx context.Context, name string, who api.GitPerson) error {
	if _, err := r.commitOf(ctx, name); err != nil {
		return err
	}
	return r.orConflicts(ctx, r.as(ctx, who, "merge", "--no-edit", "--quiet", name))
}

// Stash puts the changes of the work tree and of the index aside.
func (r *Repo) Stash(ctx context.Context, message string, untracked bool, who api.GitPerson) error {
	args := []string{"stash", "push", "--quiet"}
	if untracked {
		args = append(args, "--include-untracked")
	}
	if message != "" {
		args = append(args, "--message="+message)
	}
	return r.as(ctx, who, args...)
}

// Unstash applies a stash, and with drop also drops it when it applied without
// conflicts. With only drop it is dropped unseen.
func (r *Repo) Unstash(ctx context.Context, id string, apply, drop bool, who api.GitPerson) error {
	name, err := r.stashName(ctx, id)
	if err != nil {
		return err
	}
	do := "drop"
	switch {
	case apply && drop:
		do = "pop"
	case apply:
		do = "apply"
	}
	return r.orConflicts(ctx, r.as(ctx, who, "stash", do, "--quiet", name))
}

// stashName is what git calls a stash now: numbers move when one is dropped.
func (r *Repo) stashName(ctx context.Context, id string) (string, error) {
	list, err := r.stashes(ctx)
	if err != nil {
		return "", err
	}
	for i, s := range list {
		if s.ID == id {
			return "stash@{" + strconv.Itoa(i) + "}", nil
		}
	}
	return "", lyceum.Errorf(lyceum.NotFound, "there is no such stash any more")
}

// Resolve marks files as resolved: as they are, or with take (ours or theirs) as
// one side has them. Files that have conflict markers are refused without force.
func (r *Repo) Resolve(ctx context.Context, paths []string, take string, force bool) error {
	own, err := r.owns(paths)
	if err != nil {
		return err
	}
	for i, o := range own {
		switch {
		case take != "":
			if err := r.takeSide(ctx, o, take); err != nil {
				return err
			}
		case !force && r.marked(ctx, paths[i]):
			return conflictf("%s still has conflict markers (<<<<<<<)", paths[i])
		}
	}
	_, err = r.onPaths(ctx, nil, own, "add", "--all")
	return err
}

// takeSide makes a file what one side has.
func (r *Repo) takeSide(ctx context.Context, own, take string) error {
	stage := map[string]int{"ours": 2, "theirs": 3}[take]
	if stage == 0 {
		return lyceum.Invalidf("take", "take must be ours or theirs")
	}
	t, err := r.staged(ctx, own, stage)
	if err != nil {
		return err
	}
	if t.Exists {
		_, err = r.run(ctx, "checkout", "--quiet", "--"+take, "--", own)
		return err
	}
	err = r.g.dir.Remove(ctx, r.path(own), false) // that side has deleted it
	if lyceum.IsKind(err, lyceum.NotFound) {
		return nil
	}
	return err
}

// Proceed ends what is under way: with how "continue", "abort" or "skip".
func (r *Repo) Proceed(ctx context.Context, how string, who api.GitPerson) error {
	var s api.GitStatus
	r.underWay(&s)
	what := map[string]string{"merge": "merge", "rebase": "rebase", "cherry-pick": "cherry-pick", "revert": "revert", "apply": "am"}[s.Operation]
	if what == "" {
		return conflictf("nothing has been begun that could be ended so")
	}
	if what == "merge" && how == "skip" {
		return conflictf("a merge has no steps to skip")
	}
	if how != "continue" && how != "abort" && how != "skip" {
		return lyceum.Invalidf("action", "action must be resolve, continue, abort or skip")
	}
	return r.orConflicts(ctx, r.as(ctx, who, what, "--"+how))
}
