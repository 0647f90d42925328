package git

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// MaxLog is the most commits on a page.
const MaxLog = 200

const maxBody = 16 << 10

// logFormat are the fields of a commit, with NUL behind each: git-log(1), "PRETTY
// FORMATS". With -z another NUL would be between commits; it is not used.
const logFormat = "--format=tformat:%H%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%D%x00%s%x00%b%x00"

const logFields = 11

// LogPage says which commits Log returns.
type LogPage struct {
	From  string // branch or commit to begin at; "" means HEAD
	Path  string // only those that changed this file or folder; "" means all
	After string // the Next of the page before
	Limit int    // 1 to MaxLog; 0 means 50
}

// Log returns a page of commits, newest first. All pages begin at the commit that
// the first one began at, so that a commit in between doubles none.
func (r *Repo) Log(ctx context.Context, p LogPage) (api.GitLog, error) {
	out := api.GitLog{Items: []api.GitCommit{}}
	if p.Limit == 0 {
		p.Limit = 50
	}
	if p.Limit < 1 || p.Limit > MaxLog {
		return out, lyceum.Invalidf("limit", "limit must be a number from 1 to %d", MaxLog)
	}
	start, skip, err := r.logStart(ctx, p)
	if err != nil || start == "" {
		return out, err
	}
	args := []string{"log", logFormat, "--decorate=short", "--max-count=" + strconv.Itoa(p.Limit+1), "--skip=" + strconv.Itoa(skip), start, "--"}
	if p.Path != "" && p.Path != r.Path {
		own, err := r.own(p.Path)
		if err != nil {
			return out, err
		}
		args = append(args, own)
	}
	b, err := r.read(ctx, args...)
	if err != nil {
		return out, err
	}
	if out.Items, err = parseLog(b); err != nil {
		return out, lyceum.Wrap(lyceum.Internal, err, "git's log cannot be read")
	}
	if len(out.Items) > p.Limit {
		out.Items = out.Items[:p.Limit]
		out.Next = start + "." + strconv.Itoa(skip+p.Limit)
	}
	return out, nil
}

// logStart is where a page begins; "" before the first commit.
func (r *Repo) logStart(ctx context.Context, p LogPage) (start string, skip int, err error) {
	if p.After != "" {
		id, n, _ := strings.Cut(p.After, ".")
		skip, err := strconv.Atoi(n)
		if err != nil || skip < 0 || !isID(id) {
			return "", 0, lyceum.Invalidf("after", "after must be the next of the page before")
		}
		return id, skip, nil
	}
	if p.From != "" {
		start, err = r.commitOf(ctx, p.From)
		return start, 0, err
	}
	start, err = r.commitOf(ctx, "HEAD")
	if lyceum.IsKind(err, lyceum.NotFound) {
		return "", 0, nil
	}
	return start, 0, err
}

// isID reports whether s is a whole object id, of SHA-1 or SHA-256.
func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// parseLog reads commits that are written in logFormat.
func parseLog(b []byte) ([]api.GitCommit, error) {
	list := []api.GitCommit{}
	for len(bytes.TrimLeft(b, "\n")) > 0 {
		f := make([]string, logFields)
		b = bytes.TrimPrefix(b, []byte("\n"))
		for i := range f {
			field, rest, found := bytes.Cut(b, []byte{0})
			if !found {
				return nil, errShape
			}
			f[i], b = strings.ToValidUTF8(string(field), "\uFFFD"), rest
		}
		if !isID(f[0]) {
			return nil, errShape
		}
		c := api.GitCommit{
			ID: f[0], Parents: strings.Fields(f[1]), Author: api.GitPerson{Name: f[2], Email: f[3]}, Authored: seconds(f[4]),
			Committer: api.GitPerson{Name: f[5], Email: f[6]}, Committed: seconds(f[7]), Subject: f[9], Body: cutText(strings.TrimSpace(f[10]), maxBody),
		}
		if f[8] != "" {
			c.Refs = strings.Split(f[8], ", ")
		}
		list = append(list, c)
	}
	return list, nil
}

// seconds is a time of git's.
func seconds(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > 1<<40 || n < -1<<40 {
		n = 0
	}
	return time.Unix(n, 0).UTC()
}

// Commit returns one commit with the files that it changed.
func (r *Repo) Commit(ctx context.Context, name string) (c api.GitCommit, err error) {
	id, err := r.commitOf(ctx, name)
	if err != nil {
		return c, err
	}
	b, err := r.read(ctx, "log", logFormat, "--decorate=short", "--max-count=1", id, "--")
	if err != nil {
		return c, err
	}
	list, err := parseLog(b)
	if err != nil || len(list) != 1 {
		return c, lyceum.Wrap(lyceum.Internal, err, "git's log cannot be read")
	}
	c = list[0]
	args := []string{"diff-tree", "-r", "-z", "--find-renames", "--name-status", "--no-commit-id", "--root", id}
	if len(c.Parents) > 0 {
		args = []string{"diff-tree", "-r", "-z", "--find-renames", "--name-status", c.Parents[0], id}
	}
	if b, err = r.read(ctx, args...); err != nil {
		return c, err
	}
	changes, err := parseNames(b)
	if err != nil {
		return c, lyceum.Wrap(lyceum.Internal, err, "git's list of files cannot be read")
	}
	for _, ch := range changes[:min(len(changes), maxChanges)] {
		ch.Path = r.path(ch.Path)
		if ch.From != "" {
			ch.From = r.path(ch.From)
		}
		c.Changes = append(c.Changes, ch)
	}
	return c, nil
}

// parseNames reads what git diff-tree -z --name-status prints: a letter (with a
// number behind R and C), then one path, or two for R and C, with NUL behind each.
func parseNames(b []byte) ([]api.GitChange, error) {
	var list []api.GitChange
	f := strings.Split(string(b), "\x00")
	for i := 0; i+1 < len(f); i += 2 {
		if f[i] == "" || f[i+1] == "" {
			return nil, errShape
		}
		c := api.GitChange{Index: f[i][:1], Path: f[i+1]}
		if !strings.Contains("MTADRC", c.Index) {
			return nil, errShape
		}
		if c.Index == "R" || c.Index == "C" {
			if i++; i+1 >= len(f) || f[i+1] == "" {
				return nil, errShape
			}
			c.From, c.Path = c.Path, f[i+1]
		}
		list = append(list, c)
	}
	return list, nil
}
