package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
)

func TestWriteAtomic(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	e, err := d.WriteAtomic(ctx, "a.txt", strings.NewReader("one"), Write{})
	if err != nil {
		t.Fatal(err)
	}
	now, err := d.Stat(ctx, "a.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, now); diff != "" {
		t.Errorf("entry returned, entry found (-/+): %s", diff)
	}
	e2, err := d.WriteAtomic(ctx, "a.txt", strings.NewReader("two"), Write{IfVersion: e.Version})
	if err != nil {
		t.Fatal(err)
	}
	if e2.Version == e.Version {
		t.Error("the version is the same after a write")
	}
	_, err = d.WriteAtomic(ctx, "a.txt", strings.NewReader("three"), Write{IfVersion: e.Version})
	wantKind(t, err, lyceum.Conflict)
	_, err = d.WriteAtomic(ctx, "a.txt", strings.NewReader("three"), Write{IfAbsent: true})
	wantKind(t, err, lyceum.Conflict)
	_, err = d.WriteAtomic(ctx, "gone", strings.NewReader("three"), Write{IfVersion: e.Version})
	wantKind(t, err, lyceum.Conflict)
	_, err = d.WriteAtomic(ctx, "a.txt", strings.NewReader("12345"), Write{Limit: 4})
	wantKind(t, err, lyceum.TooLarge)
	_, err = d.WriteAtomic(ctx, "new", io.MultiReader(strings.NewReader("12"), failingReader{}), Write{})
	if !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the reader's error", err)
	}
	_, err = d.WriteAtomic(ctx, "no/such/folder", strings.NewReader(""), Write{})
	wantKind(t, err, lyceum.NotFound)
	_, err = d.WriteAtomic(ctx, "", strings.NewReader(""), Write{})
	wantKind(t, err, lyceum.Invalid)
	if got := content(t, d, "a.txt"); got != "two" {
		t.Errorf("content is %q, want two", got)
	}
	if diff := cmp.Diff(names(t, d, ""), []string{"a.txt"}); diff != "" {
		t.Errorf("leftovers (-got +want): %s", diff)
	}
}

var errBroken = errors.New("broken")

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errBroken }

func TestWriteKeepsMode(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	put(t, d, "run.sh", "old")
	full := filepath.Join(d.Home(), "run.sh")
	if err := os.Chmod(full, 0o751); err != nil {
		t.Fatal(err)
	}
	e, err := d.WriteAtomic(ctx, "run.sh", strings.NewReader("new"), Write{Mode: 0o600})
	if err != nil {
		t.Fatal(err)
	}
	if e.Mode != 0o751 {
		t.Errorf("mode is %o, want 751", e.Mode)
	}
}

func TestWriteFollowsSymlinkInside(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	put(t, d, "real/a", "old")
	symlink(t, d, "real/a", "rel")
	symlink(t, d, filepath.Join(d.Home(), "real", "a"), "abs")
	symlink(t, d, filepath.Join(d.Home(), "real"), "dir")
	symlink(t, d, "real/fresh", "dangling")
	for _, p := range []string{"rel", "abs", "dir/a"} {
		if _, err := d.WriteAtomic(ctx, p, strings.NewReader("by "+p), Write{}); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if got := content(t, d, "real/a"); got != "by "+p {
			t.Errorf("real/a is %q after writing %s", got, p)
		}
		if got := readAll(t, d, p); got != "by "+p {
			t.Errorf("reading %s gives %q", p, got)
		}
	}
	if _, err := d.WriteAtomic(ctx, "dangling", strings.NewReader("x"), Write{}); err != nil {
		t.Fatal(err)
	}
	if got := content(t, d, "real/fresh"); got != "x" {
		t.Errorf("real/fresh is %q", got)
	}
	if e, err := d.Stat(ctx, "rel"); err != nil || e.Kind != Symlink || e.TargetKind != File || e.Target != "real/a" {
		t.Errorf("rel is %+v, %v; want the symlink still there", e, err)
	}
}

func TestNothingLeavesHome(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	out := t.TempDir()
	secret := filepath.Join(out, "secret")
	if err := os.WriteFile(secret, []byte("s"), 0o644); err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(d.Home(), out)
	if err != nil {
		t.Fatal(err)
	}
	symlink(t, d, secret, "file")
	symlink(t, d, out, "dir")
	symlink(t, d, rel, "up")
	symlink(t, d, "up/../up", "twice")
	put(t, d, "own", "o")
	for _, p := range []string{"file", "dir/secret", "up/secret", "twice/secret", "dir/new", "up/new"} {
		_, err := d.Open(ctx, p)
		wantKind(t, err, lyceum.Forbidden)
		_, err = d.WriteAtomic(ctx, p, strings.NewReader("x"), Write{})
		wantKind(t, err, lyceum.Forbidden)
		if p != "file" {
			wantKind(t, d.Mkdir(ctx, p, true), lyceum.Forbidden)
			wantKind(t, d.Move(ctx, p, "stolen", false), lyceum.Forbidden)
			wantKind(t, d.Move(ctx, "own", p, true), lyceum.Forbidden)
			wantKind(t, d.Copy(ctx, "own", p, true), lyceum.Forbidden)
			wantKind(t, d.Remove(ctx, p, true), lyceum.Forbidden)
		}
	}
	_, err = d.List(ctx, "dir", Page{})
	wantKind(t, err, lyceum.Forbidden)
	for _, p := range []string{"..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", ".", "a/./b", "a\x00b", strings.Repeat("n", 256), "\xff"} {
		_, err := d.Open(ctx, p)
		wantKind(t, err, lyceum.Invalid)
	}
	if b, err := os.ReadFile(secret); err != nil || string(b) != "s" {
		t.Errorf("the file outside is %q, %v", b, err)
	}
	if e, err := d.Stat(ctx, "file"); err != nil || e.TargetKind != Outside {
		t.Errorf("file is %+v, %v; want a symlink to outside", e, err)
	}
}

// TestSwappedSymlink swaps a folder for a symlink that leads out while files are
// written through it: not one write may land outside.
func TestSwappedSymlink(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	out := t.TempDir()
	put(t, d, "real/keep", "")
	symlink(t, d, out, "evil")
	swap := filepath.Join(d.Home(), "swap")
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			target := "real"
			if i%2 == 1 {
				target = out
			}
			if os.Symlink(target, swap+".new") == nil {
				_ = os.Rename(swap+".new", swap)
			}
		}
	})
	wrote := 0
	for tries := 0; tries < 300 || wrote == 0 && tries < 100_000; tries++ {
		if _, err := d.WriteAtomic(ctx, "swap/x", strings.NewReader("x"), Write{}); err == nil {
			wrote++
		}
	}
	close(done)
	wg.Wait()
	des, err := os.ReadDir(out)
	if err != nil || len(des) != 0 {
		t.Errorf("outside: %v, %v; want nothing", des, err)
	}
	if wrote == 0 {
		t.Error("not one write went through, so this test saw nothing")
	}
}

// TestConcurrentWritersDoNotLose lets writers add one line each under IfVersion:
// whoever was told that it worked finds the line there at the end.
func TestConcurrentWritersDoNotLose(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	put(t, d, "f", "")
	const writers, lines = 4, 15
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := 0; n < lines; {
				b, e, err := d.ReadAll(ctx, "f", 1<<20)
				if err != nil {
					t.Error(err)
					return
				}
				line := string(rune('a'+w)) + string(rune('a'+n)) + "\n"
				_, err = d.WriteAtomic(ctx, "f", strings.NewReader(string(b)+line), Write{IfVersion: e.Version})
				if err == nil {
					n++
				} else if !lyceum.IsKind(err, lyceum.Conflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := strings.Count(content(t, d, "f"), "\n"); got != writers*lines {
		t.Errorf("%d lines, want %d", got, writers*lines)
	}
	if diff := cmp.Diff(names(t, d, ""), []string{"f"}); diff != "" {
		t.Errorf("leftovers (-got +want): %s", diff)
	}
}
