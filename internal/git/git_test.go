package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

func TestStatus(t *testing.T) {
	w := newWorld(t)
	r := w.repo("work")
	same(t, "a clean repository", w.changes(r), "")
	w.write("work/a.txt", "one\n2\nthree\n")
	w.write("work/new folder/b \"x\"\n.txt", "new\n")
	w.write("work/.gitignore", "*.log\n")
	w.write("work/x.log", "ignored")
	same(t, "changes", w.changes(r), "work/a.txt |M, work/.gitignore |U, work/new folder/b \"x\"\n.txt |U")
	w.must(r.Stage(t.Context(), []string{"work/a.txt", "work/new folder"}))
	same(t, "staged", w.changes(r), "work/a.txt M|, work/new folder/b \"x\"\n.txt A|, work/.gitignore |U")
	s, err := r.Status(t.Context(), true)
	w.must(err)
	if c := s.Changes[len(s.Changes)-1]; c.Path != "work/x.log" || c.Worktree != "I" {
		t.Errorf("ignored: got %+v", c)
	}
	same(t, "branch", s.Branch, "main")
	w.must(r.Unstage(t.Context(), nil))
	same(t, "unstaged", w.changes(r), "work/a.txt |M, work/.gitignore |U, work/new folder/b \"x\"\n.txt |U")
}

// TestOddNames has names that git or a shell might take for something else.
func TestOddNames(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	for _, name := range []string{"-rf", ":(top)a", "*.txt", "a\\b", "$(id)", "ü.txt", "new\nline"} {
		w.write(name, "x")
		w.must(r.Stage(t.Context(), []string{name}))
		same(t, "staged "+name, w.changes(r), name+" A|")
		d, err := r.Diff(t.Context(), name, "", Head, Index)
		w.must(err)
		same(t, "text of "+name, d.New.Text, "x")
		w.must(r.Unstage(t.Context(), []string{name}))
		if _, err := r.Discard(t.Context(), []string{name}, ada); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	// A name that is no UTF-8 has an opaque segment.
	w.must(os.WriteFile(filepath.Join(w.home, "caf\xe9"), nil, 0o600))
	same(t, "opaque", w.changes(r), "~x636166e9 |U")
	w.must(r.Stage(t.Context(), []string{"~x636166e9"}))
	same(t, "opaque, staged", w.changes(r), "~x636166e9 A|")
}

func TestBeforeTheFirstCommit(t *testing.T) {
	w := newWorld(t)
	r, err := w.g.Init(t.Context(), "")
	w.must(err)
	w.write("a", "x\n")
	w.must(r.Stage(t.Context(), nil))
	s := w.status(r)
	if s.Commit != "" || s.Branch != "main" || len(s.Changes) != 1 || s.Changes[0].Index != "A" {
		t.Errorf("got %+v", s)
	}
	d, err := r.Diff(t.Context(), "a", "", Head, Index)
	w.must(err)
	if d.Old.Exists || d.New.Text != "x\n" {
		t.Errorf("got %+v", d)
	}
	l, err := r.Log(t.Context(), LogPage{})
	w.must(err)
	same(t, "commits", len(l.Items), 0)
	w.must(r.Unstage(t.Context(), []string{"a"}))
	same(t, "unstaged", w.changes(r), "a |U")
	_, err = r.MakeCommit(t.Context(), api.GitNewCommit{Message: "x", Author: ada})
	wantKind(t, err, lyceum.Conflict, "nothing is staged")
	wantKind(t, r.Push(t.Context(), api.GitTransfer{}, nil), lyceum.Conflict, "no commit yet")
}

// TestOutside makes sure that no repository above or beside the home is worked on.
func TestOutside(t *testing.T) {
	w := newWorld(t)
	above := filepath.Dir(w.home)
	if _, err := w.g.Init(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	w.must(os.RemoveAll(filepath.Join(w.home, ".git")))
	w.git("..", "init", "-q", above)
	_, err := w.g.Open(t.Context(), "")
	wantKind(t, err, lyceum.NotFound, "not in a git repository")
	w.must(os.Symlink(above, filepath.Join(w.home, "up")))
	_, err = w.g.Open(t.Context(), "up")
	wantKind(t, err, lyceum.Forbidden, "")
	w.must(os.WriteFile(filepath.Join(w.home, ".git"), []byte("gitdir: "+above+"/.git\n"), 0o600))
	_, err = w.g.Open(t.Context(), "")
	wantKind(t, err, lyceum.Forbidden, "outside the project")
}

// TestHomeLeavesOut: keys and what programs keep do not get into a commit by "all".
func TestHomeLeavesOut(t *testing.T) {
	w := newWorld(t)
	w.write(".ssh/id_ed25519", "key")
	w.write(".local/state/lyceum/documents/log", "log")
	r := w.repo("")
	same(t, "files", w.git("", "ls-files"), "a.txt\n")
	// Also where it was made in a terminal.
	w.must(os.RemoveAll(filepath.Join(w.home, ".git")))
	w.git("", "init", "-q")
	for _, c := range w.status(r).Changes {
		if strings.HasPrefix(c.Path, ".local/") {
			t.Errorf("%s is shown as a change", c.Path)
		}
	}
	w.must(r.Stage(t.Context(), nil))
	same(t, "files", w.git("", "ls-files"), ".ssh/id_ed25519\na.txt\n")
}

func TestList(t *testing.T) {
	w := newWorld(t)
	w.repo("one")
	w.repo("deep/er/two")
	w.repo("a/b/c/d/e")
	w.repo(".hidden/three")
	paths := func(near string) string {
		list, _ := w.g.List(t.Context(), near)
		var out []string
		for _, r := range list {
			out = append(out, r.Path)
		}
		return strings.Join(out, " ")
	}
	same(t, "repositories", paths(""), "deep/er/two one")
	same(t, "near a deep one", paths("a/b/c/d/e/a.txt"), "a/b/c/d/e deep/er/two one")
}

func TestCommit(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	w.write("a.txt", "1\n")
	w.git("", "mv", "a.txt", "b.txt")
	c := w.commit(r, "Rename it\n\nBecause.\n")
	if c.Subject != "Rename it" || c.Body != "Because." || c.Author != ada || c.Committer != ada || len(c.Changes) != 2 {
		t.Errorf("got %+v", c)
	}
	w.write("c", "x")
	w.must(r.Stage(t.Context(), nil))
	grace := api.GitPerson{Name: "Grace", Email: "grace@example.org"}
	c, err := r.MakeCommit(t.Context(), api.GitNewCommit{Message: "# With c", Author: grace, Amend: true, SignOff: true})
	w.must(err)
	if c.Subject != "# With c" || c.Author != ada || c.Committer != grace || c.Body != "Signed-off-by: Grace <grace@example.org>" {
		t.Errorf("amended: got %+v", c)
	}
	for _, p := range []api.GitPerson{{}, {Name: "A"}, {Name: "A <b>", Email: "a@b"}, {Name: "A\nB", Email: "a@b"}, {Name: "A", Email: "a b"}} {
		_, err := r.MakeCommit(t.Context(), api.GitNewCommit{Message: "x", Author: p})
		wantKind(t, err, lyceum.Invalid, "author")
	}
	_, err = r.MakeCommit(t.Context(), api.GitNewCommit{Message: " \n", Author: ada})
	wantKind(t, err, lyceum.Invalid, "say what the commit does")
	w.write(".git/hooks/pre-commit", "#!/bin/sh\necho the hook says no\nexit 1\n")
	w.must(os.Chmod(filepath.Join(w.home, ".git/hooks/pre-commit"), 0o755))
	w.write("c", "y")
	_, err = r.MakeCommit(t.Context(), api.GitNewCommit{Message: "x", Author: ada, All: true})
	wantKind(t, err, lyceum.Conflict, "the hook says no")
}

func TestLog(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	for _, s := range []string{"2", "3", "4", "5"} {
		w.write("b", s)
		w.commit(r, "Number "+s)
	}
	var all []string
	for page := (LogPage{Limit: 2}); ; {
		l, err := r.Log(t.Context(), page)
		w.must(err)
		for _, c := range l.Items {
			all = append(all, c.Subject)
		}
		if page.After == "" { // what comes in between does not move the pages
			w.write("b", "later")
			w.commit(r, "Later")
		}
		if page.After = l.Next; l.Next == "" {
			break
		}
	}
	same(t, "all pages", strings.Join(all, ", "), "Number 5, Number 4, Number 3, Number 2, Begin")
	l, err := r.Log(t.Context(), LogPage{Path: "a.txt"})
	w.must(err)
	if len(l.Items) != 1 || l.Items[0].Subject != "Begin" {
		t.Errorf("of one file: got %+v", l.Items)
	}
	for _, bad := range []string{"x", "main.1", strings.Repeat("a", 40) + ".-1", "--all.0"} {
		_, err := r.Log(t.Context(), LogPage{After: bad})
		wantKind(t, err, lyceum.Invalid, "after")
	}
}

func TestDiff(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	w.write("bin", "\x00\x01")
	w.write("big", strings.Repeat("x", api.MaxGitText+1))
	w.must(os.Symlink("a.txt", filepath.Join(w.home, "link")))
	first := w.commit(r, "More")
	w.write("a.txt", "one\nTWO\n")
	w.must(os.Remove(filepath.Join(w.home, "bin")))
	d := func(path, old, new string) api.GitDiff {
		d, err := r.Diff(t.Context(), path, "", old, new)
		w.must(err)
		return d
	}
	if g := d("a.txt", Index, Worktree); g.Old.Text != "one\ntwo\nthree\n" || g.New.Text != "one\nTWO\n" || g.Old.ID == "" || g.New.ID == "" ||
		len(g.Hunks) != 1 || g.Hunks[0] != (api.GitLines{OldFrom: 2, OldTo: 4, NewFrom: 2, NewTo: 3}) {
		t.Errorf("text: got %+v", g)
	}
	if g := d("bin", first.ID, Worktree); !g.Old.Binary || g.New.Exists {
		t.Errorf("binary and deleted: got %+v", g)
	}
	if g := d("big", Head, Worktree); !g.Old.TooLarge || !g.New.TooLarge || g.Old.Size != api.MaxGitText+1 || g.Old.Text != "" {
		t.Errorf("too large: got %v %v", g.Old.TooLarge, g.New.TooLarge)
	}
	if g := d("link", Head, Worktree); g.Old.Text != "a.txt" || g.New.Text != "a.txt" || g.New.Mode != "120000" {
		t.Errorf("symlink: got %+v", g)
	}
	_, err := r.Diff(t.Context(), "a.txt", "", "--output=x", Worktree)
	wantKind(t, err, lyceum.Invalid, "name")
	_, err = r.Diff(t.Context(), "a.txt", "", "nothing", Worktree)
	wantKind(t, err, lyceum.NotFound, "nothing")
}

func TestDiscardAndRestore(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	w.write("gone.txt", "gone\n")
	w.commit(r, "Two files")
	w.write("a.txt", "staged\n")
	w.must(r.Stage(t.Context(), []string{"a.txt"}))
	w.write("a.txt", "not staged\n")
	w.write("new/x.txt", "unknown\n")
	w.must(os.Remove(filepath.Join(w.home, "gone.txt")))
	before := w.changes(r)
	paths := []string{"a.txt", "new/x.txt", "gone.txt"}
	undo, err := r.Discard(t.Context(), paths, ada)
	w.must(err)
	same(t, "discarded", w.changes(r), "a.txt M|")
	same(t, "what was staged", w.read("a.txt"), "staged\n")
	same(t, "what was deleted", w.read("gone.txt"), "gone\n")
	w.write("a.txt", "changed since\n")
	wantKind(t, r.Restore(t.Context(), undo, paths), lyceum.Conflict, "a.txt was changed since")
	w.write("a.txt", "staged\n")
	w.must(r.Restore(t.Context(), undo, paths))
	same(t, "restored", w.changes(r), before)
	same(t, "the text", w.read("a.txt"), "not staged\n")
	same(t, "the unknown", w.read("new/x.txt"), "unknown\n")
	wantKind(t, r.Restore(t.Context(), w.status(r).Commit, paths), lyceum.NotFound, "not kept")
	_, err = r.Discard(t.Context(), []string{".git"}, ada)
	wantKind(t, err, lyceum.Conflict, "nothing to discard")
	w.repo("inner")
	_, err = r.Discard(t.Context(), []string{"inner"}, ada)
	wantKind(t, err, lyceum.Conflict, "a repository of its own")
}

func TestBranches(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	w.must(r.CreateBranch(t.Context(), "topic/a", ""))
	w.write("b", "b\n")
	w.commit(r, "On topic")
	w.must(r.Switch(t.Context(), "main"))
	wantKind(t, r.DeleteBranch(t.Context(), "topic/a", false), lyceum.Conflict, "not fully merged")
	refs, err := r.Refs(t.Context())
	w.must(err)
	if len(refs.Branches) != 2 || !refs.Branches[0].Current && !refs.Branches[1].Current {
		t.Errorf("got %+v", refs.Branches)
	}
	w.must(r.Merge(t.Context(), "topic/a", ada))
	same(t, "merged", w.read("b"), "b\n")
	w.must(r.RenameBranch(t.Context(), "topic/a", "old"))
	w.must(r.DeleteBranch(t.Context(), "old", false))
	for _, bad := range []string{"-D", "", "a b", "a..b", "a@{1}", "x.lock", "a/.b", "a:b", "refs/heads/\x01", "@"} {
		wantKind(t, r.CreateBranch(t.Context(), bad, ""), lyceum.Invalid, "name")
		wantKind(t, r.Switch(t.Context(), bad), lyceum.Invalid, "name")
		wantKind(t, r.DeleteBranch(t.Context(), bad, true), lyceum.Invalid, "name")
	}
	wantKind(t, r.Switch(t.Context(), "none"), lyceum.NotFound, "none")
	w.must(r.CreateBranch(t.Context(), "other", ""))
	w.write("a.txt", "other\n")
	w.commit(r, "Other")
	w.write("a.txt", "not committed\n")
	wantKind(t, r.Switch(t.Context(), "main"), lyceum.Conflict, "would be overwritten")
	same(t, "nothing lost", w.read("a.txt"), "not committed\n")
}

func TestStash(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	w.write("a.txt", "changed\n")
	w.write("new", "x")
	w.must(r.Stash(t.Context(), "-for later", true, ada))
	s := w.status(r)
	if len(s.Changes) != 0 || s.Stashes != 1 {
		t.Fatalf("got %+v", s)
	}
	refs, err := r.Refs(t.Context())
	w.must(err)
	if len(refs.Stashes) != 1 || refs.Stashes[0].Message != "On main: -for later" {
		t.Fatalf("got %+v", refs.Stashes)
	}
	w.must(r.Unstash(t.Context(), refs.Stashes[0].ID, true, true, ada))
	same(t, "popped", w.changes(r), "a.txt |M, new |U")
	wantKind(t, r.Unstash(t.Context(), refs.Stashes[0].ID, false, true, ada), lyceum.NotFound, "no such stash")
}

// conflict makes main and topic change the same line, and merges.
func (w *world) conflict(r *Repo) {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(r.CreateBranch(ctx, "topic", ""))
	w.write("a.txt", "one\ntheirs\nthree\n")
	w.git("", "rm", "-q", "gone")
	w.commit(r, "Theirs")
	w.must(r.Switch(ctx, "main"))
	w.write("a.txt", "one\nours\nthree\n")
	w.write("gone", "changed\n")
	w.commit(r, "Ours")
	w.must(r.Merge(ctx, "topic", ada))
}

func TestConflicts(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	w.write("gone", "gone\n")
	w.commit(r, "Second")
	w.conflict(r)
	s := w.status(r)
	same(t, "operation", s.Operation, "merge")
	same(t, "proposed message", s.Message, "Merge branch 'topic'")
	same(t, "changes", w.changes(r), "a.txt |both-modified, gone |deleted-by-them")
	c, err := r.Conflict(t.Context(), "a.txt")
	w.must(err)
	if c.Base.Text != "one\ntwo\nthree\n" || c.Ours.Text != "one\nours\nthree\n" || c.Theirs.Text != "one\ntheirs\nthree\n" || c.OursName != "main" || c.TheirsName != "topic" {
		t.Errorf("got %+v", c)
	}
	wantKind(t, r.Resolve(t.Context(), []string{"a.txt"}, "", false), lyceum.Conflict, "conflict markers")
	_, err = r.MakeCommit(t.Context(), api.GitNewCommit{Message: "Merge", Author: ada})
	wantKind(t, err, lyceum.Conflict, "unmerged files")
	w.must(r.Resolve(t.Context(), []string{"gone"}, "theirs", false))
	w.write("a.txt", "one\nboth\nthree\n")
	w.must(r.Resolve(t.Context(), []string{"a.txt"}, "", false))
	_, err = r.MakeCommit(t.Context(), api.GitNewCommit{Message: "Merge", Author: ada})
	w.must(err)
	same(t, "operation afterwards", w.status(r).Operation, "")
	if _, err := os.Stat(filepath.Join(w.home, "gone")); !os.IsNotExist(err) {
		t.Errorf("the file that they deleted is still there: %v", err)
	}
}

func TestAbortAndRebase(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	w.write("gone", "gone\n")
	w.commit(r, "Second")
	w.conflict(r)
	w.must(r.Proceed(t.Context(), "abort", ada))
	same(t, "aborted", w.changes(r)+w.status(r).Operation, "")
	wantKind(t, r.Proceed(t.Context(), "abort", ada), lyceum.Conflict, "nothing has been begun")
	w.must(r.orConflicts(t.Context(), r.as(t.Context(), ada, "rebase", "--quiet", "topic")))
	s := w.status(r)
	if s.Operation != "rebase" || s.Step != 1 || s.Steps != 1 || s.Branch != "main" {
		t.Errorf("got %+v", s)
	}
	c, err := r.Conflict(t.Context(), "a.txt")
	w.must(err)
	if c.OursName != "topic" || c.TheirsName != "main" {
		t.Errorf("sides of a rebase: got %s and %s", c.OursName, c.TheirsName)
	}
	w.must(r.Resolve(t.Context(), []string{"a.txt", "gone"}, "theirs", false))
	w.must(r.Proceed(t.Context(), "continue", ada))
	same(t, "rebased", w.status(r).Operation+w.read("a.txt"), "one\nours\nthree\n")
}

func TestLock(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	w.write(".git/index.lock", "")
	w.write("a.txt", "x")
	wantKind(t, r.Stage(t.Context(), nil), lyceum.Unavailable, "left its lock behind")
	old := w.status(r)
	if old.LockedAt != nil {
		t.Error("a lock of this moment is called stale")
	}
	w.must(os.Chtimes(filepath.Join(w.home, ".git/index.lock"), seconds("1700000000"), seconds("1700000000")))
	if s := w.status(r); s.LockedAt == nil {
		t.Error("an old lock is not told")
	}
	w.must(r.Unlock())
	w.must(r.Stage(t.Context(), nil))
}

func TestOneAtATime(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	done, err := r.Hold(t.Context(), "push for Ada")
	w.must(err)
	same(t, "busy", w.status(r).Busy, "push for Ada")
	_, err = r.Hold(t.Context(), "commit")
	wantKind(t, err, lyceum.Unavailable, "push for Ada")
	waits := make(chan error)
	go func() {
		done, err := r.Hold(background(t), "commit")
		if err == nil {
			done()
		}
		waits <- err
	}()
	done()
	w.must(<-waits)
}

// TestLimits ends a git that says too much, and one that is not wanted any more.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	_, err := w.g.exec(t.Context(), command{dir: r.top, reads: true, limit: 10, args: []string{"log"}})
	wantKind(t, err, lyceum.TooLarge, "")
	w.write(".git/hooks/pre-commit", "#!/bin/sh\ntouch started\nsleep 100\n")
	w.must(os.Chmod(filepath.Join(w.home, ".git/hooks/pre-commit"), 0o755))
	_, err = w.g.exec(t.Context(), command{dir: r.top, args: []string{"commit", "--allow-empty", "-m", "x"}, env: personEnv(ada), time: 300e6})
	wantKind(t, err, lyceum.Unavailable, "took longer")
	if _, err := os.Stat(filepath.Join(w.home, "started")); err != nil {
		t.Error("the hook did not run")
	}
	if _, err := os.Stat(filepath.Join(w.home, ".git/index.lock")); !os.IsNotExist(err) {
		t.Error("the git that was ended left its lock")
	}
}
