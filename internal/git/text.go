package git

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// Sides of a diff that are no commits.
const (
	Index    = "index"
	Worktree = "worktree"
	Head     = "head"
)

// Diff returns a file before and after. Old and new are Index, Worktree, Head or
// the name of a commit; from is the path before, "" for the same.
func (r *Repo) Diff(ctx context.Context, path, from, old, new string) (d api.GitDiff, err error) {
	d.Path = path
	before := path
	if from != "" {
		d.From, before = from, from
	}
	if d.Old, err = r.text(ctx, before, old); err != nil {
		return d, err
	}
	if d.New, err = r.text(ctx, path, new); err != nil {
		return d, err
	}
	args := []string{"diff"}
	switch {
	case from != "" || d.Old.Text == "" || d.New.Text == "":
		return d, nil
	case old == Head && new == Index:
		args = append(args, "--cached")
	case old != Index || new != Worktree:
		return d, nil
	}
	d.Hunks, err = r.runs(ctx, path, args)
	return d, err
}

// runs are the runs of changed lines of one file.
func (r *Repo) runs(ctx context.Context, path string, args []string) ([]api.GitLines, error) {
	own, err := r.own(path)
	if err != nil {
		return nil, err
	}
	out, err := r.read(ctx, append(append(args, diffOptions...), "--unified=0", "--", own)...)
	if err != nil {
		return nil, err
	}
	_, hunks, err := parsePatch(out)
	if err != nil {
		return nil, nil // nothing, or nothing in lines: another mode
	}
	var list []api.GitLines
	for _, h := range hunks {
		l := api.GitLines{OldFrom: h.oldFrom, OldTo: h.oldFrom, NewFrom: h.newFrom, NewTo: h.newFrom}
		for _, x := range h.lines {
			switch x.sign {
			case '-':
				l.OldTo++
			case '+':
				l.NewTo++
			}
		}
		// Of an empty side git names the line before.
		if l.OldTo == l.OldFrom {
			l.OldFrom, l.OldTo = l.OldFrom+1, l.OldTo+1
		}
		if l.NewTo == l.NewFrom {
			l.NewFrom, l.NewTo = l.NewFrom+1, l.NewTo+1
		}
		list = append(list, l)
	}
	return list, nil
}

// diffOptions make git's differences plain and always the same.
var diffOptions = []string{"--no-ext-diff", "--no-textconv", "--no-renames", "--diff-algorithm=myers", "--no-indent-heuristic"}

// text is one version of the file at path.
func (r *Repo) text(ctx context.Context, path, side string) (api.GitText, error) {
	own, err := r.own(path)
	if err != nil {
		return api.GitText{}, err
	}
	switch side {
	case Worktree:
		return r.onDisk(ctx, path)
	case Index:
		return r.staged(ctx, own, 0)
	case Head, "":
		if _, err := r.commitOf(ctx, "HEAD"); err != nil {
			return api.GitText{}, nil // before the first commit there is nothing
		}
		side = "HEAD"
	default:
		if side, err = r.commitOf(ctx, side); err != nil {
			return api.GitText{}, err
		}
	}
	out, err := r.read(ctx, "ls-tree", "-z", "--full-tree", side, "--", own)
	if err != nil {
		return api.GitText{}, err
	}
	// mode SP type SP object TAB path NUL
	head, _, _ := strings.Cut(string(out), "\t")
	if f := strings.Fields(head); len(f) == 3 {
		return r.blob(ctx, f[0], f[2])
	}
	return api.GitText{}, nil
}

// staged is what the index has in a stage: 0, or 1 base, 2 ours, 3 theirs.
func (r *Repo) staged(ctx context.Context, own string, stage int) (api.GitText, error) {
	out, err := r.read(ctx, "ls-files", "--stage", "-z", "--", own)
	if err != nil {
		return api.GitText{}, err
	}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		// mode SP object SP stage TAB path
		head, path, _ := strings.Cut(entry, "\t")
		if f := strings.Fields(head); len(f) == 3 && path == own && f[2] == fmt.Sprint(stage) {
			return r.blob(ctx, f[0], f[1])
		}
	}
	return api.GitText{}, nil
}

// gitlink is the mode of a submodule.
const gitlink = "160000"

func (r *Repo) blob(ctx context.Context, mode, id string) (api.GitText, error) {
	t := api.GitText{Exists: true, ID: id, Mode: mode}
	if mode == gitlink {
		t.Text = "Subproject commit " + id + "\n"
		return t, nil
	}
	if mode == "040000" {
		return t, lyceum.Errorf(lyceum.Invalid, "this is a folder")
	}
	size, err := r.read(ctx, "cat-file", "-s", id)
	if err != nil {
		return t, err
	}
	if t.Size = int64(number(strings.TrimSpace(string(size)), "")); t.Size > api.MaxGitText {
		t.TooLarge = true
		return t, nil
	}
	b, err := r.g.exec(ctx, command{dir: r.top, reads: true, limit: api.MaxGitText + 1, args: []string{"cat-file", "blob", id}})
	if err != nil {
		return t, err
	}
	fill(&t, b)
	return t, nil
}

// onDisk is the file in the work tree.
func (r *Repo) onDisk(ctx context.Context, path string) (t api.GitText, err error) {
	e, err := r.g.dir.Stat(ctx, path)
	if lyceum.IsKind(err, lyceum.NotFound) {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	t = api.GitText{Exists: true, Size: e.Size, ID: e.Version, Mode: "100644"}
	switch {
	case e.Kind == files.Symlink:
		t.Mode, t.Text, t.Size = "120000", e.Target, int64(len(e.Target))
		return t, nil
	case e.Kind == files.Folder:
		t.Mode = gitlink
		return t, nil
	case e.Kind != files.File:
		t.Binary = true
		return t, nil
	case e.Mode&0o100 != 0:
		t.Mode = "100755"
	}
	if t.Size > api.MaxGitText {
		t.TooLarge = true
		return t, nil
	}
	b, _, err := r.g.dir.ReadAll(ctx, path, api.MaxGitText)
	if err != nil {
		return t, err
	}
	sum := sha256.Sum256(b)
	t.ID = hex.EncodeToString(sum[:16])
	fill(&t, b)
	return t, nil
}

func fill(t *api.GitText, b []byte) {
	t.Size = int64(len(b))
	if t.Binary = bytes.IndexByte(b, 0) >= 0 || !utf8.Valid(b); !t.Binary {
		t.Text = string(b)
	}
}

// commitOf is the full id of the commit that a name stands for. Names come from
// outside: what is not the name of a branch, tag or commit is refused before git
// sees it.
func (r *Repo) commitOf(ctx context.Context, name string) (string, error) {
	if err := checkRef(name); err != nil {
		return "", err
	}
	out, err := r.read(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return "", lyceum.Wrap(lyceum.NotFound, err, "there is no branch or commit of the name %s", name)
	}
	return strings.TrimSpace(string(out)), nil
}

// checkRef refuses what cannot be the name of a branch, tag, remote or commit
// (git-check-ref-format(1)) and what would mean something else to git.
func checkRef(name string) error {
	bad := name == "" || len(name) > 250 || !utf8.ValidString(name) || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "/") ||
		strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".") || strings.Contains(name, "..") || strings.Contains(name, "//") ||
		strings.Contains(name, "@{") || name == "@" || strings.ContainsAny(name, " ~^:?*[\\\x7f")
	for part := range strings.SplitSeq(name, "/") {
		bad = bad || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock")
	}
	for _, c := range name {
		bad = bad || c < 0x20
	}
	if bad {
		return lyceum.Invalidf("name", "git does not allow this name: no spaces, no leading - or dot, none of ~^:?*[\\")
	}
	return nil
}

// Conflict returns all sides of a file that is in conflict.
func (r *Repo) Conflict(ctx context.Context, path string) (c api.GitConflict, err error) {
	own, err := r.own(path)
	if err != nil {
		return c, err
	}
	c.Path = path
	for stage, to := range map[int]*api.GitText{1: &c.Base, 2: &c.Ours, 3: &c.Theirs} {
		if *to, err = r.staged(ctx, own, stage); err != nil {
			return c, err
		}
	}
	if !c.Base.Exists && !c.Ours.Exists && !c.Theirs.Exists {
		return c, lyceum.Errorf(lyceum.Conflict, "this file is not in conflict (any more)")
	}
	c.OursName, c.TheirsName = r.sides(ctx)
	c.Result, err = r.onDisk(ctx, path)
	return c, err
}

// sides are the names of what is merged: of where we are, and of what comes in.
func (r *Repo) sides(ctx context.Context) (ours, theirs string) {
	ours, theirs = "HEAD", "theirs"
	if out, err := r.read(ctx, "symbolic-ref", "--short", "--quiet", "HEAD"); err == nil {
		ours = strings.TrimSpace(string(out))
	}
	switch {
	case r.exists("rebase-merge"), r.exists("rebase-apply"):
		// What is rebased comes in; where we are is what it is put on.
		theirs = strings.TrimPrefix(r.small("rebase-merge/head-name"), "refs/heads/")
		ours = r.nameOf(ctx, r.small("rebase-merge/onto"))
	case r.exists("MERGE_HEAD"):
		theirs = r.nameOf(ctx, firstLine(r.small("MERGE_HEAD")))
	case r.exists("CHERRY_PICK_HEAD"):
		theirs = r.nameOf(ctx, r.small("CHERRY_PICK_HEAD"))
	}
	return ours, theirs
}

// nameOf is a branch that ends at a commit, or its short id.
func (r *Repo) nameOf(ctx context.Context, commit string) string {
	if checkRef(commit) != nil {
		return commit
	}
	out, err := r.read(ctx, "for-each-ref", "--points-at="+commit, "--count=1", "--format=%(refname:short)", "refs/heads", "refs/remotes")
	if name := strings.TrimSpace(string(out)); err == nil && name != "" {
		return name
	}
	return commit[:min(len(commit), 8)]
}

// marked reports whether a file has conflict markers left.
func (r *Repo) marked(ctx context.Context, path string) bool {
	b, _, err := r.g.dir.ReadAll(ctx, path, maxOutput)
	if err != nil {
		return false // it is gone, or no text
	}
	b = append([]byte("\n"), b...)
	return bytes.Contains(b, []byte("\n<<<<<<< ")) && bytes.Contains(b, []byte("\n>>>>>>> "))
}
