package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"lyceum/internal/lyceum"
)

// tally notes what it is told.
type tally struct {
	mu                sync.Mutex
	total, done       int
	totalBytes, bytes int64
	problems          []string
	doing             func(path string)
}

func (p *tally) Total(n int, b int64) { p.mu.Lock(); p.total += n; p.totalBytes += b; p.mu.Unlock() }
func (p *tally) Did(n int, b int64)   { p.mu.Lock(); p.done += n; p.bytes += b; p.mu.Unlock() }
func (p *tally) Problem(path string, err error) {
	p.mu.Lock()
	p.problems = append(p.problems, path+": "+err.Error())
	p.mu.Unlock()
}
func (p *tally) Doing(path string) {
	if p.doing != nil {
		p.doing(path)
	}
}

// tree writes what is below dir: one line a thing, sorted.
func tree(t testing.TB, dir string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, what := strings.TrimPrefix(path, dir+"/"), ""
		switch e.Type() {
		case os.ModeDir:
			what = "/"
		case os.ModeSymlink:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			what = "->" + to
		case 0:
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			what = "=" + string(b)
		default:
			what = "?"
		}
		lines = append(lines, rel+what)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

func mkdirs(t testing.TB, d *Dir, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		if err := os.MkdirAll(filepath.Join(d.Home(), dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	refusedFile, refusedDir := "f.txt=old", "d/ d/both=old d/there=old"
	for _, c := range []struct {
		what     string
		conflict Conflict
		want     string // below "to"
		kind     lyceum.Kind
		ok       bool
	}{
		{"f.txt", Fail, refusedFile, lyceum.Conflict, false},
		{"f.txt", KeepBoth, "f (2).txt=new f.txt=old", 0, true},
		{"f.txt", Skip, refusedFile, 0, true},
		{"f.txt", Overwrite, "f.txt=new", 0, true},
		{"f.txt", Merge, "f.txt=new", 0, true},
		{"d", Fail, refusedDir, lyceum.Conflict, false},
		{"d", KeepBoth, "d (2)/ d (2)/both=new d (2)/here=new d/ d/both=old d/there=old", 0, true},
		{"d", Skip, refusedDir, 0, true},
		{"d", Overwrite, "d/ d/both=new d/here=new", 0, true},
		{"d", Merge, "d/ d/both=new d/here=new d/there=old", 0, true},
	} {
		for _, move := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s move=%v", c.what, c.conflict, move), func(t *testing.T) {
				t.Parallel()
				d := newHome(t)
				mkdirs(t, d, "from", "to")
				if c.what == "d" {
					mkdirs(t, d, "from/d", "to/d")
					put(t, d, "from/d/both", "new")
					put(t, d, "from/d/here", "new")
					put(t, d, "to/d/both", "old")
					put(t, d, "to/d/there", "old")
				} else {
					put(t, d, "from/f.txt", "new")
					put(t, d, "to/f.txt", "old")
				}
				before := tree(t, filepath.Join(d.Home(), "from"))
				var p tally
				do := d.CopyTree
				if move {
					do = d.MoveTree
				}
				at, err := do(t.Context(), "from/"+c.what, "to/"+c.what, Transfer{Conflict: c.conflict, Progress: &p, Aside: func(path string) error {
					return os.RemoveAll(filepath.Join(d.Home(), path))
				}})
				if c.ok != (err == nil) || !c.ok && !lyceum.IsKind(err, c.kind) {
					t.Errorf("at %q, %v", at, err)
				}
				if got := tree(t, filepath.Join(d.Home(), "to")); got != c.want {
					t.Errorf("there is %q, want %q", got, c.want)
				}
				from, gone := tree(t, filepath.Join(d.Home(), "from")), c.ok && move && c.conflict != Skip
				if gone && from != "" || !gone && from != before {
					t.Errorf("in from there is %q (before: %q)", from, before)
				}
				if c.ok && (p.done != p.total || p.bytes != p.totalBytes || len(p.problems) > 0) {
					t.Errorf("%d of %d items, %d of %d bytes, problems %v", p.done, p.total, p.bytes, p.totalBytes, p.problems)
				}
			})
		}
	}
}

func TestCopyTreeRefusals(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	mkdirs(t, d, "a/b")
	put(t, d, "f", "x")
	if err := errors.Join(os.Symlink("a", filepath.Join(d.Home(), "link")), unix.Mkfifo(filepath.Join(d.Home(), "a/pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	put(t, d, "a/z", "z")
	for _, c := range []struct{ from, to string }{{"a", "a/b/c"}, {"a", "a/c"}, {"a", "link/c"}, {"a", "link/b/c"}} {
		for _, do := range []func(context.Context, string, string, Transfer) (string, error){d.CopyTree, d.MoveTree} {
			_, err := do(t.Context(), c.from, c.to, Transfer{Conflict: Fail, Progress: &tally{}})
			wantKind(t, err, lyceum.Invalid)
		}
	}
	_, err := d.CopyTree(t.Context(), "f", "f", Transfer{Conflict: Overwrite, Progress: &tally{}})
	wantKind(t, err, lyceum.Conflict)
	var p tally
	if _, err := d.CopyTree(t.Context(), "a", "copy", Transfer{Conflict: Fail, Progress: &p}); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, filepath.Join(d.Home(), "copy")); got != "b/ z=z" || len(p.problems) != 1 || !strings.HasPrefix(p.problems[0], "a/pipe: ") || p.done != p.total {
		t.Errorf("copied %q, problems %v, %d of %d", got, p.problems, p.done, p.total)
	}
}

// TestCancelledCopyLeavesNoHalfFile ends a copy at each of its items.
func TestCancelledCopyLeavesNoHalfFile(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	mkdirs(t, d, "a/sub")
	content := strings.Repeat("x", 3<<20)
	for i := range 4 {
		put(t, d, fmt.Sprintf("a/f%d", i), content)
		put(t, d, fmt.Sprintf("a/sub/g%d", i), content)
	}
	for stop := 1; stop <= 10; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		p := &tally{doing: func(string) {
			if n++; n == stop {
				cancel()
			}
		}}
		to := fmt.Sprintf("to%d", stop)
		_, err := d.CopyTree(ctx, "a", to, Transfer{Conflict: Fail, Progress: p})
		if cancel(); err == nil && stop <= n {
			t.Errorf("stopped at item %d: no error", stop)
		}
		err = filepath.WalkDir(filepath.Join(d.Home(), to), func(path string, e os.DirEntry, err error) error {
			if errors.Is(err, os.ErrNotExist) {
				return nil
			}
			if err != nil || e.IsDir() {
				return err
			}
			fi, err := e.Info()
			if err == nil && (fi.Size() != int64(len(content)) || strings.Contains(path, ".lyceum-")) {
				t.Errorf("stopped at item %d: %s has %d bytes", stop, path, fi.Size())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestSwappedFolders exchanges a folder with another, and with a symlink out of the
// home, while it is copied: the copy is of the one that was begun with.
func TestSwappedFolders(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	mkdirs(t, d, "a", "b")
	outside := t.TempDir()
	for i := range 50 {
		put(t, d, fmt.Sprintf("a/f%d", i), "a")
		put(t, d, fmt.Sprintf("b/f%d", i), "b")
		if err := os.WriteFile(filepath.Join(outside, fmt.Sprintf("f%d", i)), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	full := func(name string) string { return filepath.Join(d.Home(), name) }
	n := 0
	p := &tally{doing: func(string) {
		switch n++; n {
		case 10:
			if err := unix.Renameat2(unix.AT_FDCWD, full("a"), unix.AT_FDCWD, full("b"), unix.RENAME_EXCHANGE); err != nil {
				t.Error(err)
			}
		case 20:
			if err := errors.Join(os.Rename(full("a"), full("c")), os.Symlink(outside, full("a"))); err != nil {
				t.Error(err)
			}
		}
	}}
	if _, err := d.CopyTree(t.Context(), "a", "copy", Transfer{Conflict: Fail, Progress: p}); err != nil {
		t.Fatal(err)
	}
	got := tree(t, full("copy"))
	if strings.Contains(got, "=b") || strings.Contains(got, "secret") || strings.Count(got, "=a") != 50 {
		t.Errorf("the copy is mixed: %s", got)
	}
}

// TestFolderGoneUnderACopy ends with problems, not with half of something else.
func TestFolderGoneUnderACopy(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	mkdirs(t, d, "a")
	for i := range 50 {
		put(t, d, fmt.Sprintf("a/f%d", i), "a")
	}
	n := 0
	p := &tally{doing: func(string) {
		if n++; n == 10 {
			if err := os.RemoveAll(filepath.Join(d.Home(), "a")); err != nil {
				t.Error(err)
			}
		}
	}}
	_, err := d.CopyTree(t.Context(), "a", "copy", Transfer{Conflict: Fail, Progress: p})
	if err != nil {
		wantKind(t, err, lyceum.NotFound) // the rest of the names cannot be read any more
	}
	if got := strings.Count(tree(t, filepath.Join(d.Home(), "copy")), "=a"); got < 8 || err == nil && got+len(p.problems) != 50 {
		t.Errorf("%d files were copied and %d are problems, of 50, %v", got, len(p.problems), err)
	}
}

func TestDeepAndLong(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	deep := strings.Repeat("d/", 1000)
	mkdirs(t, d, "top/"+deep)
	put(t, d, "top/"+deep+"end", "x")
	put(t, d, "top/"+strings.Repeat("n", 255), "long")
	var p tally
	if _, err := d.CopyTree(t.Context(), "top", "copy", Transfer{Conflict: Fail, Progress: &p}); err != nil || len(p.problems) > 0 || p.total != 1003 || p.done != 1003 {
		t.Fatalf("%v, %d of %d, problems %.200v", err, p.done, p.total, p.problems)
	}
	if got, err := os.ReadFile(filepath.Join(d.Home(), "copy", deep, "end")); err != nil || string(got) != "x" {
		t.Errorf("the deepest file is %q, %v", got, err)
	}
	if at, err := d.CopyTree(t.Context(), "top/"+strings.Repeat("n", 255), "top/"+strings.Repeat("n", 255), Transfer{Conflict: KeepBoth, Progress: &p}); err != nil || len(at) != len("top/")+255 {
		t.Errorf("a copy of a long name is at %q, %v", at, err)
	}
	for _, top := range []string{"top", "copy"} {
		if err := d.RemoveTree(t.Context(), top, &p); err != nil {
			t.Error(err)
		}
	}
	// A path of exactly what a path can have, and one more.
	long := strings.Repeat(strings.Repeat("p", 255)+"/", 16)[:maxPath]
	if _, err := Decode(long); err != nil {
		t.Errorf("a path of %d bytes: %v", len(long), err)
	}
	_, err := Decode(long + "q")
	wantKind(t, err, lyceum.Invalid)
	if got := tree(t, d.Home()); got != "" {
		t.Errorf("left: %.100s", got)
	}
}

// TestTreesOfSymlinks works on random trees with symlinks to everywhere: nothing
// outside is read, changed or removed.
func TestTreesOfSymlinks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		base, err := os.MkdirTemp("", "ly")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(base)
		home, outside := filepath.Join(base, "home"), filepath.Join(base, "outside")
		if err := errors.Join(os.Mkdir(home, 0o755), os.MkdirAll(outside+"/sub", 0o755), os.WriteFile(outside+"/secret", []byte("SECRET"), 0o600), os.WriteFile(outside+"/sub/x", []byte("SECRET"), 0o600)); err != nil {
			rt.Fatal(err)
		}
		names := []string{"a", "b", "c"}
		path := rapid.Custom(func(rt *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(names), 1, 3).Draw(rt, "segments"), "/")
		})
		for range rapid.IntRange(1, 12).Draw(rt, "things") {
			at := filepath.Join(home, path.Draw(rt, "at"))
			_ = os.MkdirAll(filepath.Dir(at), 0o755) // may be in the way of others
			if real, err := filepath.EvalSymlinks(filepath.Dir(at)); err != nil || !strings.HasPrefix(real, home) {
				continue
			}
			if rapid.Bool().Draw(rt, "symlink") {
				_ = os.Symlink(rapid.SampledFrom([]string{outside, "../outside", "../../outside/sub", outside + "/secret", "..", ".", "a", "../b", "/", "../../.."}).Draw(rt, "target"), at)
			} else {
				_ = os.WriteFile(at, []byte("mine"), 0o600)
			}
		}
		want := tree(t, outside)
		d, err := OpenDir(home)
		if err != nil {
			rt.Fatal(err)
		}
		defer d.Close()
		trash, err := d.Trash(".trash")
		if err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 8).Draw(rt, "acts") {
			from, to := path.Draw(rt, "from"), path.Draw(rt, "to")
			how := Transfer{Progress: &tally{}, Conflict: rapid.SampledFrom([]Conflict{Fail, KeepBoth, Skip, Overwrite, Merge}).Draw(rt, "conflict")}
			switch rapid.IntRange(0, 4).Draw(rt, "act") { // errors are as good as anything
			case 0:
				_, _ = d.CopyTree(t.Context(), from, to, how)
			case 1:
				_, _ = d.MoveTree(t.Context(), from, to, how)
			case 2:
				_ = d.RemoveTree(t.Context(), from, &tally{})
			case 3:
				_, _ = trash.Put(t.Context(), from, Trashed{}, nil, nil)
			case 4:
				if list, err := trash.List(t.Context()); err == nil && len(list) > 0 {
					_, _ = trash.Restore(t.Context(), list[0].ID, to, nil)
				}
			}
		}
		if got := tree(t, outside); got != want {
			rt.Errorf("outside there is %q, want %q", got, want)
		}
		if got := tree(t, home); strings.Contains(got, "SECRET") {
			rt.Errorf("a secret came in: %s", got)
		}
	})
}
