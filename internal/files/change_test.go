package files

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

func TestMove(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	put(t, d, "a/b/c", "c")
	put(t, d, "x", "x")
	put(t, d, "full/y", "y")
	symlink(t, d, "x", "ln")
	wantKind(t, d.Move(ctx, "a", "a/b/d", false), lyceum.Invalid)
	wantKind(t, d.Move(ctx, "x", "a/b/c", false), lyceum.Conflict)
	wantKind(t, d.Move(ctx, "a", "full", true), lyceum.Conflict)
	wantKind(t, d.Move(ctx, "", "z", false), lyceum.Invalid)
	wantKind(t, d.Move(ctx, "none", "z", false), lyceum.NotFound)
	wantKind(t, d.Move(ctx, "x", "none/z", false), lyceum.NotFound)
	for _, m := range [][2]string{{"a", "moved"}, {"ln", "moved/ln"}, {"x", "moved/b/c2"}, {"x2", "x2"}} {
		if err := d.Move(ctx, m[0], m[1], false); err != nil {
			t.Fatalf("%v: %v", m, err)
		}
	}
	if err := d.Move(ctx, "moved/b/c2", "moved/b/c", true); err != nil {
		t.Fatal(err)
	}
	if got := content(t, d, "moved/b/c"); got != "x" {
		t.Errorf("content is %q, want x", got)
	}
	if e, err := d.Stat(ctx, "moved/ln"); err != nil || e.Kind != Symlink || e.TargetKind != Missing {
		t.Errorf("moved/ln is %+v, %v", e, err)
	}
}

func TestCopyAndRemove(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	put(t, d, "src/a", "a")
	put(t, d, "src/sub/b\xff", "b")
	symlink(t, d, "a", "src/ln")
	if err := os.Chmod(filepath.Join(d.Home(), "src/a"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Copy(ctx, "src", "dst", false); err != nil {
		t.Fatal(err)
	}
	if got := content(t, d, "dst/sub/b\xff"); got != "b" {
		t.Errorf("copied content is %q", got)
	}
	if e, err := d.Stat(ctx, "dst/a"); err != nil || e.Mode != 0o700 {
		t.Errorf("dst/a is %+v, %v; want mode 700", e, err)
	}
	if e, err := d.Stat(ctx, "dst/ln"); err != nil || e.Target != "a" {
		t.Errorf("dst/ln is %+v, %v", e, err)
	}
	wantKind(t, d.Copy(ctx, "src", "dst", false), lyceum.Conflict)
	wantKind(t, d.Copy(ctx, "src", "src/in", false), lyceum.Invalid)
	wantKind(t, d.Remove(ctx, "src", false), lyceum.Conflict)
	wantKind(t, d.Remove(ctx, "", true), lyceum.Invalid)
	wantKind(t, d.Remove(ctx, "none", true), lyceum.NotFound)
	if err := d.Remove(ctx, "dst/ln", true); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove(ctx, "src", true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(names(t, d, "dst"), []string{"a", "sub"}); diff != "" {
		t.Errorf("left (-got +want): %s", diff)
	}
	if diff := cmp.Diff(names(t, d, ""), []string{"dst"}); diff != "" {
		t.Errorf("left (-got +want): %s", diff)
	}
}

func TestMkdirAndTouch(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	put(t, d, "file", "x")
	wantKind(t, d.Mkdir(ctx, "a/b", false), lyceum.NotFound)
	wantKind(t, d.Mkdir(ctx, "file/b", true), lyceum.NotFound)
	wantKind(t, d.Mkdir(ctx, "file", true), lyceum.Conflict)
	for range 2 {
		if err := d.Mkdir(ctx, "a/b/c", true); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, d.Mkdir(ctx, "a", false), lyceum.Conflict)
	for range 2 {
		if err := d.Touch(ctx, "a/b/c/t"); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Touch(ctx, "file"); err != nil {
		t.Fatal(err)
	}
	if got := content(t, d, "file"); got != "x" {
		t.Errorf("touched content is %q", got)
	}
}

// TestSpecialFiles: nothing that could make a reader wait is ever opened.
func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	full := func(p string) string { return filepath.Join(d.Home(), p) }
	if err := unix.Mkfifo(full("pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", full("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Mkdir(full("dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"pipe", "socket", "dir", ""} {
		_, err := d.Open(ctx, p)
		wantKind(t, err, lyceum.Invalid)
		_, err = d.WriteAtomic(ctx, p, strings.NewReader("x"), Write{})
		wantKind(t, err, lyceum.Invalid)
	}
	if e, err := d.Stat(ctx, "pipe"); err != nil || e.Kind != Other {
		t.Errorf("pipe is %+v, %v", e, err)
	}
	wantKind(t, d.Copy(ctx, "pipe", "pipe2", false), lyceum.Invalid)
}

func TestReadRange(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	put(t, d, "f", "0123456789")
	r, err := d.Open(ctx, "f")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Seek(-3, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "789" || r.Entry.Size != 10 {
		t.Errorf("got %q of %d, %v", b, r.Entry.Size, err)
	}
	_, _, err = d.ReadAll(ctx, "f", 9)
	wantKind(t, err, lyceum.TooLarge)
	_, _, err = d.ReadAll(ctx, "none", 9)
	wantKind(t, err, lyceum.NotFound)
	_, _, err = d.ReadAll(ctx, "f/g", 9)
	wantKind(t, err, lyceum.NotFound)
}

// TestDiskFull fills a small file system: the old file stays whole and nothing is
// left behind. Only root can mount one; as another user a limit on the size of
// files, which applies to the whole process, would break other tests.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("this machine does not let root mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	put(t, d, "f", "old")
	_, err = d.WriteAtomic(t.Context(), "f", strings.NewReader(strings.Repeat("x", 1<<20)), Write{})
	wantKind(t, err, lyceum.Exhausted)
	if got := content(t, d, "f"); got != "old" {
		t.Errorf("content is %.20q, want old", got)
	}
	if diff := cmp.Diff(names(t, d, ""), []string{"f"}); diff != "" {
		t.Errorf("leftovers (-got +want): %s", diff)
	}
	if free, total, err := d.Free(t.Context()); err != nil || total != 256<<10 || free < 128<<10 {
		t.Errorf("free %d of %d, %v", free, total, err)
	}
}
