package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRemoveTree removes what is hard to remove, and nothing beside it.
func TestRemoveTree(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	beside := filepath.Join(base, "beside")
	mustMkdir(t, beside)
	mustWrite(t, filepath.Join(beside, "kept"))
	dir := filepath.Join(base, "dir")
	mustMkdir(t, dir)
	mustLink(t, beside, filepath.Join(dir, "link"))
	mustLink(t, filepath.Join(beside, "kept"), filepath.Join(dir, "link to a file"))
	mustLink(t, "nowhere", filepath.Join(dir, "broken"))
	for _, name := range []string{"a\nb", "\xff\xfe", "-rf", ".hidden", strings.Repeat("x", 255), "…"} {
		mustWrite(t, filepath.Join(dir, name))
		mustMkdir(t, filepath.Join(dir, "d"+name[:min(len(name), 200)]))
	}
	for i := range 1000 {
		mustWrite(t, filepath.Join(dir, "many"+strconv.Itoa(i)))
	}
	if err := unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	mustMkdir(t, closed)
	mustWrite(t, filepath.Join(closed, "f"))
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	deep(t, dir, 1000)
	if err := removeTree(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if exists(dir) || !exists(filepath.Join(beside, "kept")) {
		t.Errorf("the folder is there: %v, what is beside it: %v", exists(dir), exists(filepath.Join(beside, "kept")))
	}
	if err := removeTree(t.Context(), dir); err != nil {
		t.Errorf("a folder that is gone: %v", err)
	}
	link := filepath.Join(base, "link")
	mustLink(t, beside, link)
	if err := removeTree(t.Context(), link); err != nil || exists(link) || !exists(filepath.Join(beside, "kept")) {
		t.Errorf("a link in place of the folder: %v", err)
	}
}

// TestRemoveTreeTwiceAtOnce: who comes second finds that all is well.
func TestRemoveTreeTwiceAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dir")
	for range 20 {
		mustMkdir(t, dir)
		for i := range 50 {
			mustWrite(t, filepath.Join(dir, strconv.Itoa(i)))
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := removeTree(t.Context(), dir); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}

func TestRemoveTreeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustWrite(t, filepath.Join(dir, "f"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := removeTree(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// deep makes folders within folders, deeper than any path can say.
func deep(t *testing.T, dir string, n int) {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := unix.Mkdirat(fd, "deeper", 0o700); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(fd, "deeper", unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		_ = unix.Close(fd)
		if err != nil {
			t.Fatal(err)
		}
		fd = next
	}
	_ = unix.Close(fd)
}

func mustMkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func mustWrite(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(filepath.Base(file)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mustLink(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

// TestCopyTree copies files, modes, times and links, and never follows one out.
func TestCopyTree(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	from, to, outside := filepath.Join(base, "from"), filepath.Join(base, "to"), filepath.Join(base, "outside")
	for _, dir := range []string{from + "/a/b", from + "/.local/state/lyceum", to, outside} {
		mustMkdir(t, dir)
	}
	mustWrite(t, outside+"/secret")
	mustWrite(t, from+"/a/b/f")
	mustWrite(t, from+"/.local/state/lyceum/log")
	mustWrite(t, from+"/.local/state/other")
	mustLink(t, outside+"/secret", from+"/link")
	mustLink(t, outside, from+"/folder")
	mustLink(t, "a/b/f", from+"/inner")
	mustWrite(t, from+"/run")
	if err := errors.Join(os.Chmod(from+"/run", 0o750), os.Chmod(from+"/a", 0o500), unix.Mkfifo(from+"/pipe", 0o600)); err != nil {
		t.Fatal(err)
	}
	sparse, err := os.Create(from + "/sparse")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sparse.Truncate(1<<30), sparse.Close()); err != nil {
		t.Fatal(err)
	}
	c := copier{progress: func(int) {}}
	if err := c.copyTree(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(from+"/a", 0o700); _ = os.Chmod(to+"/a", 0o700) })
	for path, want := range map[string]string{"/a/b/f": "f", "/.local/state/other": "other", "/run": "run"} {
		if got, err := os.ReadFile(to + path); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	for path, want := range map[string]string{"/link": outside + "/secret", "/folder": outside, "/inner": "a/b/f"} {
		if got, err := os.Readlink(to + path); err != nil || got != want {
			t.Errorf("the link %s leads to %q, %v, want %q", path, got, err, want)
		}
	}
	if exists(to+"/pipe") || exists(to+"/.local/state/lyceum") {
		t.Error("a pipe or the log of documents was copied")
	}
	run, a := fileInfo(t, to+"/run"), fileInfo(t, to+"/a")
	if run.Mode().Perm() != 0o750 || a.Mode().Perm() != 0o500 || !run.ModTime().Equal(fileInfo(t, from+"/run").ModTime()) {
		t.Errorf("modes %v, %v, time %v", run.Mode(), a.Mode(), run.ModTime())
	}
	var s unix.Stat_t
	if err := unix.Stat(to+"/sparse", &s); err != nil || s.Size != 1<<30 || s.Blocks > 2048 {
		t.Errorf("a file of one hole: %d bytes in %d blocks, %v", s.Size, s.Blocks, err)
	}
}

func fileInfo(t *testing.T, path string) os.FileInfo {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fi
}
