package files

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lyceum/internal/lyceum"
)

// await reads changes until want is true of one, and returns all that came.
func await(t *testing.T, s *Watch, what string, want func(Change) bool) []Change {
	t.Helper()
	deadline := time.After(10 * time.Second)
	var got []Change
	for {
		select {
		case c, ok := <-s.Changes():
			if !ok {
				t.Fatalf("channel closed while waiting for %s; got %+v", what, got)
			}
			got = append(got, c)
			if want(c) {
				return got
			}
		case <-deadline:
			t.Fatalf("no %s in 10 s; got %+v", what, got)
		}
	}
}

func named(dir, name string) func(Change) bool {
	return func(c Change) bool { return c.Dir == dir && slices.Contains(c.Names, name) }
}

func gone(dir string) func(Change) bool { return func(c Change) bool { return c.Dir == dir && c.Gone } }

func anything(dir string) func(Change) bool {
	return func(c Change) bool { return c.Dir == dir && !c.Gone && c.Names == nil }
}

func newWatch(t *testing.T, d *Dir, poll bool, dirs ...string) *Watch {
	t.Helper()
	w := d.NewWatcher(WatcherConfig{Poll: poll})
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	s := w.Watch()
	if failed := s.Set(dirs); failed != nil {
		t.Fatal(failed)
	}
	return s
}

func TestWatch(t *testing.T) {
	t.Parallel()
	for _, poll := range []bool{false, true} {
		t.Run(fmt.Sprintf("poll=%v", poll), func(t *testing.T) {
			t.Parallel()
			d := newHome(t)
			put(t, d, "a/seen", "1")
			put(t, d, "b/seen", "1")
			symlink(t, d, "a", "link")
			s := newWatch(t, d, poll, "a", "link")
			put(t, d, "b/unwatched", "x")
			put(t, d, "a/new", "x")
			await(t, s, "change of a/new", named("a", "new"))
			put(t, d, "a/seen", "22")
			for _, c := range await(t, s, "change of link/seen", named("link", "seen")) {
				if c.Dir == "b" {
					t.Errorf("told of %+v, which is not watched", c)
				}
			}
			if err := os.Rename(filepath.Join(d.Home(), "a", "new"), filepath.Join(d.Home(), "a", "old\xff")); err != nil {
				t.Fatal(err)
			}
			await(t, s, "the opaque name", named("a", EncodeName("old\xff")))
			s.Set([]string{"b"})
			put(t, d, "b/later", "x")
			await(t, s, "change of b/later", named("b", "later"))
		})
	}
}

func TestWatchReplacedFolder(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	put(t, d, "top/dir/f", "1")
	s := newWatch(t, d, false, "top/dir", "missing")
	await(t, s, "missing to be told gone", gone("missing"))
	full := func(p string) string { return filepath.Join(d.Home(), p) }
	if err := os.RemoveAll(full("top/dir")); err != nil {
		t.Fatal(err)
	}
	await(t, s, "top/dir to be told gone", gone("top/dir"))
	put(t, d, "top/dir/g", "1")
	await(t, s, "top/dir to come back", anything("top/dir"))
	put(t, d, "top/dir/h", "1")
	await(t, s, "top/dir/h", named("top/dir", "h"))
	// The folder itself stays as it is, but it is now elsewhere.
	if err := os.Rename(full("top"), full("moved")); err != nil {
		t.Fatal(err)
	}
	await(t, s, "top/dir to be gone with its parent", gone("top/dir"))
	put(t, d, "missing/x", "1")
	await(t, s, "missing to appear", anything("missing"))
}

func TestWatchBursts(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	s := newWatch(t, d, false, "")
	const n = 200
	for i := range n {
		put(t, d, fmt.Sprintf("f%03d", i), "x")
	}
	got := await(t, s, "the last file", named("", "f199"))
	if len(got) > n/4 {
		t.Errorf("%d changes for a burst of %d files, want a few", len(got), n)
	}
	for i := range 3 * maxNames {
		put(t, d, fmt.Sprintf("many%04d", i), "x")
	}
	await(t, s, "so many names told as anything", anything(""))
}

func TestWatchLimits(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	w := d.NewWatcher(WatcherConfig{})
	s := w.Watch()
	var dirs []string
	for i := range MaxWatched + 1 {
		dirs = append(dirs, fmt.Sprintf("d%d", i))
	}
	failed := s.Set(append(dirs, "../out"))
	wantKind(t, failed[fmt.Sprintf("d%d", MaxWatched)], lyceum.Exhausted)
	wantKind(t, failed["../out"], lyceum.Invalid)
	if len(failed) != 2 {
		t.Errorf("%d folders failed, want 2", len(failed))
	}
	symlink(t, d, t.TempDir(), "out")
	wantKind(t, s.Set([]string{"out"})["out"], lyceum.Forbidden)
	idle := w.Watch()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if _, ok := <-idle.Changes(); ok {
		t.Error("the channel of an idle Watch is open after Close")
	}
	wantKind(t, s.Set([]string{""})[""], lyceum.Unavailable)
}

// TestWatchAgainAfterRest lets the clock stop, because nothing is watched, and
// start again.
func TestWatchAgainAfterRest(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	synctest.Test(t, func(t *testing.T) {
		s := newWatch(t, d, true, "")
		s.Set(nil)
		<-time.After(10 * checkEvery)
		if failed := s.Set([]string{""}); failed != nil {
			t.Fatal(failed)
		}
		put(t, d, "new.txt", "")
		await(t, s, "new file", named("", "new.txt"))
	})
}
