package git

import (
	"context"
	"strings"

	"lyceum/internal/api"
)

const maxBranches = 1000

// Refs returns branches, stashes and remotes.
func (r *Repo) Refs(ctx context.Context) (out api.GitRefs, err error) {
	if out.Branches, err = r.branches(ctx); err != nil {
		return out, err
	}
	if out.Stashes, err = r.stashes(ctx); err != nil {
		return out, err
	}
	out.Remotes, err = r.Remotes(ctx)
	return out, err
}

// refFields are the fields of a branch: git-for-each-ref(1), "FIELD NAMES".
const refFields = "--format=%(refname)%00%(HEAD)%00%(objectname)%00%(committerdate:unix)%00%(upstream:short)%00%(upstream:track,nobracket)%00%(symref)%00%(contents:subject)"

func (r *Repo) branches(ctx context.Context) ([]api.GitBranch, error) {
	out, err := r.read(ctx, "for-each-ref", "--count=1000", "--sort=-committerdate", refFields, "refs/heads", "refs/remotes")
	if err != nil {
		return nil, err
	}
	return parseBranches(string(out)), nil
}

// parseBranches reads lines of refFields. A line of another shape is left out.
func parseBranches(out string) []api.GitBranch {
	list := []api.GitBranch{}
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(f) != 8 || f[6] != "" || len(list) == maxBranches { // a symref is the remote's HEAD
			continue
		}
		b := api.GitBranch{Current: f[1] == "*", Commit: f[2], Committed: seconds(f[3]), Upstream: f[4], Subject: strings.ToValidUTF8(f[7], "\uFFFD")}
		if name, ok := strings.CutPrefix(f[0], "refs/heads/"); ok {
			b.Name = name
		} else {
			b.Name, b.Remote = strings.TrimPrefix(f[0], "refs/remotes/"), true
		}
		b.Name = strings.ToValidUTF8(b.Name, "\uFFFD")
		for part := range strings.SplitSeq(f[5], ", ") { // "ahead 1, behind 2", "gone"
			what, n, _ := strings.Cut(part, " ")
			switch what {
			case "ahead":
				b.Ahead = number(n, "")
			case "behind":
				b.Behind = number(n, "")
			}
		}
		list = append(list, b)
	}
	return list
}

func (r *Repo) stashes(ctx context.Context) ([]api.GitStash, error) {
	list := []api.GitStash{}
	out, err := r.read(ctx, "stash", "list", "--max-count=200", "--format=%H%x00%ct%x00%gs")
	if err != nil {
		return list, err
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(f) == 3 && isID(f[0]) {
			list = append(list, api.GitStash{ID: f[0], Made: seconds(f[1]), Message: strings.ToValidUTF8(f[2], "\uFFFD")})
		}
	}
	return list, nil
}

// Remotes returns the other copies that the repository knows.
func (r *Repo) Remotes(ctx context.Context) ([]api.GitRemote, error) {
	list := []api.GitRemote{}
	out, err := r.read(ctx, "remote")
	if err != nil {
		return list, err
	}
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSpace(name)
		if checkRef(name) != nil {
			continue
		}
		url, err := r.read(ctx, "remote", "get-url", "--", name)
		if err != nil {
			continue // it was removed in between, or has no address
		}
		a := strings.TrimSpace(string(url))
		list = append(list, api.GitRemote{Name: name, URL: withoutPassword(a), SSH: isSSH(a)})
	}
	return list, nil
}
