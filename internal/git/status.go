package git

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// Limits of a status.
const (
	maxChanges  = 5000
	maxEach     = 2 << 20 // bytes of a status that names each new file; longer ones name new folders
	lockIsStale = 10 * time.Second
)

// Status tells how the repository is. With ignored it also names what git ignores.
func (r *Repo) Status(ctx context.Context, ignored bool) (api.GitStatus, error) {
	s := api.GitStatus{Repo: r.Path, Changes: []api.GitChange{}, Busy: r.doing()}
	out, err := r.porcelain(ctx, ignored)
	if err != nil {
		return s, err
	}
	p, err := parseStatus(out)
	if err != nil {
		return s, lyceum.Wrap(lyceum.Internal, err, "git's status cannot be read")
	}
	s.Branch, s.Commit, s.Upstream, s.Ahead, s.Behind, s.Stashes = p.branch, p.commit, p.upstream, p.ahead, p.behind, p.stashes
	s.Gone = p.upstream != "" && !p.counted
	if r.Path == "" {
		p.changes = slices.DeleteFunc(p.changes, isOwn)
	}
	s.Total = len(p.changes)
	for _, c := range p.changes[:min(len(p.changes), maxChanges)] {
		c.Path = r.path(c.Path)
		if c.From != "" {
			c.From = r.path(c.From)
		}
		s.Changes = append(s.Changes, c)
	}
	r.underWay(&s)
	if i, err := os.Lstat(filepath.Join(r.gitDir, "index.lock")); err == nil && time.Since(i.ModTime()) > lockIsStale && s.Busy == "" {
		at := i.ModTime().UTC()
		s.LockedAt = &at
	}
	s.Remotes, err = r.Remotes(ctx)
	return s, err
}

// isOwn says of a path in a repository of the whole home that Lyceum keeps its
// own files there, which git was never told of.
func isOwn(c api.GitChange) bool {
	return c.Worktree == "U" && strings.HasPrefix("/"+c.Path, strings.TrimSpace(ownExcludes))
}

// porcelain is git's status with each new file, or where those are too many with
// each new folder.
func (r *Repo) porcelain(ctx context.Context, ignored bool) ([]byte, error) {
	args := []string{"status", "--porcelain=v2", "-z", "--branch", "--show-stash", "--find-renames"}
	if ignored {
		args = append(args, "--ignored=matching")
	}
	out, err := r.g.exec(ctx, command{dir: r.top, reads: true, limit: maxEach, args: append(args, "--untracked-files=all")})
	if lyceum.IsKind(err, lyceum.TooLarge) {
		return r.read(ctx, append(args, "--untracked-files=normal")...)
	}
	return out, err
}

// parsed is what git status --porcelain=v2 -z --branch --show-stash says; paths
// are raw and lead from the top folder.
type parsed struct {
	branch, commit, upstream string
	ahead, behind, stashes   int
	counted                  bool // ahead and behind are known
	changes                  []api.GitChange
}

var errShape = errors.New("a line of git's has another shape than expected")

// parseStatus reads git's status: git-status(1), "Porcelain Format Version 2".
func parseStatus(out []byte) (p parsed, err error) {
	for len(out) > 0 {
		line, rest, found := bytes.Cut(out, []byte{0})
		if !found {
			return p, errShape
		}
		out = rest
		kind, fields, _ := strings.Cut(string(line), " ")
		switch kind {
		case "#":
			p.header(fields)
		case "?", "!":
			letter := map[string]string{"?": "U", "!": "I"}[kind]
			if fields == "" {
				return p, errShape
			}
			p.changes = append(p.changes, api.GitChange{Path: fields, Worktree: letter, Folder: strings.HasSuffix(fields, "/")})
		case "1", "2", "u":
			c, err := parseChange(kind, fields)
			if err != nil {
				return p, err
			}
			if kind == "2" {
				from, rest, found := bytes.Cut(out, []byte{0})
				if !found || len(from) == 0 {
					return p, errShape
				}
				c.From, out = string(from), rest
			}
			p.changes = append(p.changes, c)
		default:
			return p, errShape
		}
	}
	return p, nil
}

// header reads a line that begins with #. Headers that are not known are left out,
// as git-status(1) asks.
func (p *parsed) header(fields string) {
	name, value, _ := strings.Cut(fields, " ")
	switch name {
	case "branch.oid":
		if value != "(initial)" {
			p.commit = value
		}
	case "branch.head":
		if value != "(detached)" {
			p.branch = value
		}
	case "branch.upstream":
		p.upstream = value
	case "branch.ab":
		a, b, _ := strings.Cut(value, " ")
		p.ahead, p.behind, p.counted = number(a, "+"), number(b, "-"), true
	case "stash":
		p.stashes = number(value, "")
	}
}

// number is a number without its sign, 0 for anything else.
func number(s, sign string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(s, sign))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// conflicts are the kinds of conflict by their letters.
var conflicts = map[string]string{
	"DD": "both-deleted", "AU": "added-by-us", "UD": "deleted-by-them", "UA": "added-by-them", "DU": "deleted-by-us", "AA": "both-added", "UU": "both-modified",
}

// parseChange reads a changed ("1"), renamed ("2") or unmerged ("u") entry.
func parseChange(kind, fields string) (c api.GitChange, err error) {
	n := map[string]int{"1": 8, "2": 9, "u": 10}[kind]
	f := strings.SplitN(fields, " ", n)
	if len(f) != n || len(f[0]) != 2 || len(f[1]) != 4 || f[n-1] == "" {
		return c, errShape
	}
	c.Path, c.Submodule = f[n-1], f[1][0] == 'S'
	if kind == "u" {
		if c.Conflict = conflicts[f[0]]; c.Conflict == "" {
			return c, errShape
		}
		return c, nil
	}
	for i, to := range []*string{&c.Index, &c.Worktree} {
		letter := f[0][i : i+1]
		if !strings.Contains(".MTADRC", letter) {
			return c, errShape
		}
		*to = strings.Trim(letter, ".")
	}
	return c, nil
}

// underWay tells what was begun and is not at its end.
func (r *Repo) underWay(s *api.GitStatus) {
	switch {
	case r.exists("rebase-merge"):
		s.Operation, s.Step, s.Steps = "rebase", r.count("rebase-merge/msgnum"), r.count("rebase-merge/end")
	case r.exists("rebase-apply/applying"):
		s.Operation, s.Step, s.Steps = "apply", r.count("rebase-apply/next"), r.count("rebase-apply/last")
	case r.exists("rebase-apply"):
		s.Operation, s.Step, s.Steps = "rebase", r.count("rebase-apply/next"), r.count("rebase-apply/last")
	case r.exists("MERGE_HEAD"):
		s.Operation = "merge"
	case r.exists("CHERRY_PICK_HEAD"):
		s.Operation = "cherry-pick"
	case r.exists("REVERT_HEAD"):
		s.Operation = "revert"
	case r.exists("BISECT_LOG"):
		s.Operation = "bisect"
	}
	if s.Operation == "rebase" && s.Branch == "" {
		s.Branch = strings.TrimPrefix(r.small("rebase-merge/head-name"), "refs/heads/")
	}
	if s.Operation != "" {
		s.Message = plainMessage(r.small("MERGE_MSG"))
	}
}

// plainMessage is a proposed message without git's comments.
func plainMessage(s string) string {
	var out strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "#") {
			out.WriteString(line)
		}
	}
	return strings.ToValidUTF8(strings.TrimSpace(out.String()), "\uFFFD")
}

func (r *Repo) count(name string) int { return number(r.small(name), "") }

// small is a small file of git's own without the last line's end; "" when it is not
// there.
func (r *Repo) small(name string) string {
	f, err := os.Open(filepath.Join(r.gitDir, name))
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, 64<<10)
	n, err := f.Read(b)
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(b[:n]), "\n")
}
