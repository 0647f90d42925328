package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// du is what the program of that name says of a folder.
func du(t *testing.T, folder string) int64 {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "du", "-sx", "--block-size=1", folder).Output()
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.Fields(string(out))[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func fill(t *testing.T, home string, sizes map[string]int) {
	t.Helper()
	for path, size := range sizes {
		full := filepath.Join(home, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, make([]byte, size), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUseAgreesWithDu(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	home := d.Home()
	fill(t, home, map[string]int{"a/one": 100_000, "a/b/two": 5000, "c/three": 1, ".hidden/four": 70_000, "five": 0, "caf\xe9/six": 9000})
	hole, err := os.Create(filepath.Join(home, "c", "hole"))
	if err == nil {
		err = errors.Join(hole.Truncate(1<<30), hole.Close())
	}
	err = errors.Join(err, os.Link(filepath.Join(home, "a/one"), filepath.Join(home, "c/same")), os.Symlink("..", filepath.Join(home, "a/up")), os.Symlink("/usr", filepath.Join(home, "a/out")))
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.Use(t.Context(), "", UseConfig{Depth: 2})
	if err != nil {
		t.Fatal(err)
	}
	if want := du(t, home); u.Bytes != want {
		t.Errorf("the home takes %d bytes, want %d as du says", u.Bytes, want)
	}
	if u.Files != 10 || u.Folders != 5 || u.Unread != 0 {
		t.Errorf("got %d files, %d folders, %d unread; want 10, 5, 0", u.Files, u.Folders, u.Unread)
	}
	if want := int64(1<<30 + 100_000 + 5000 + 1 + 70_000 + 9000); u.Size < want || u.Size > want+10 {
		t.Errorf("the files are %d bytes long, want %d", u.Size, want)
	}
	for i := 1; i < len(u.Parts); i++ {
		if u.Parts[i].Bytes > u.Parts[i-1].Bytes {
			t.Errorf("%q stands behind the smaller %q", u.Parts[i].Path, u.Parts[i-1].Path)
		}
	}
	opaque := Use{}
	for _, p := range u.Parts {
		if p.Kind == Folder && p.Path == "~x636166e9" {
			opaque = p
		}
	}
	if len(opaque.Parts) != 1 || opaque.Parts[0].Path != "~x636166e9/six" || opaque.Parts[0].Size != 9000 {
		t.Errorf("the folder whose name is not UTF-8 is told as %+v", opaque)
	}
	part, err := d.Use(t.Context(), "a", UseConfig{})
	if err != nil || part.Bytes != du(t, filepath.Join(home, "a")) || part.Parts != nil {
		t.Errorf("a: %+v, %v; want %d bytes and no parts", part, err, du(t, filepath.Join(home, "a")))
	}
	seen, err := d.Use(t.Context(), "", UseConfig{Depth: 1, NoHidden: true})
	if err != nil || seen.Files != 9 {
		t.Errorf("without what is hidden: %d files, %v; want 9", seen.Files, err)
	}
	file, err := d.Use(t.Context(), "a/b/two", UseConfig{})
	if err != nil || file.Kind != File || file.Files != 1 || file.Size != 5000 {
		t.Errorf("a file: %+v, %v", file, err)
	}
}

// TestUseIsBounded puts more into a folder than is told one by one.
func TestUseIsBounded(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	home := d.Home()
	sizes := map[string]int{}
	for i := range 500 {
		sizes[fmt.Sprintf("many/%03d", i)] = 1 + i*100
	}
	fill(t, home, sizes)
	u, err := d.Use(t.Context(), "", UseConfig{Depth: 2, Parts: 10})
	if err != nil {
		t.Fatal(err)
	}
	many := u.Parts[0]
	if len(many.Parts) != 10 || many.Rest.Items != 490 {
		t.Fatalf("got %d parts and %d others, want 10 and 490", len(many.Parts), many.Rest.Items)
	}
	sum := many.Rest.Bytes
	for _, p := range many.Parts {
		sum += p.Bytes
		if p.Size < 30_000 {
			t.Errorf("%s of %d bytes is among the largest", p.Path, p.Size)
		}
	}
	own, err := d.Stat(t.Context(), "many")
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Stat(filepath.Join(home, own.Path), &st); err != nil {
		t.Fatal(err)
	}
	if sum+st.Blocks*512 != many.Bytes {
		t.Errorf("the parts sum up to %d, the folder to %d", sum+st.Blocks*512, many.Bytes)
	}
}

// TestUseGoesDeep measures a chain of folders that is longer than any path may be,
// and than there may be open files.
func TestUseGoesDeep(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	home := d.Home()
	const deep = 2500
	fd, err := unix.Open(home, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	for i := 0; err == nil && i < deep; i++ {
		if err = unix.Mkdirat(fd, "d", 0o755); err != nil {
			break
		}
		var next int
		next, err = unix.Openat(fd, "d", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		err = errors.Join(err, unix.Close(fd))
		fd = next
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := unix.Openat(fd, "bottom", unix.O_CREAT|unix.O_WRONLY, 0o644)
	if err == nil {
		_, err = unix.Write(f, make([]byte, 50_000))
	}
	if err := errors.Join(err, unix.Close(f), unix.Close(fd)); err != nil {
		t.Fatal(err)
	}
	u, err := d.Use(t.Context(), "", UseConfig{Depth: 1})
	if err != nil {
		t.Fatal(err)
	}
	if want := du(t, home); u.Bytes != want || u.Folders != deep || u.Files != 1 || u.Unread != 0 {
		t.Errorf("got %d bytes, %d folders, %d files, %d unread; want %d, %d, 1, 0", u.Bytes, u.Folders, u.Files, u.Unread, want, deep)
	}
}

func TestUseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	home := d.Home()
	sizes := map[string]int{}
	for i := range 1000 {
		sizes[fmt.Sprintf("%d", i)] = 0
	}
	fill(t, home, sizes)
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	_, err := d.Use(ctx, "", UseConfig{Every: 1, Tell: func(u Use) { told++; cancel() }})
	if !lyceum.IsKind(err, lyceum.Unavailable) || told != 1 {
		t.Errorf("told %d times, ended with %v; want once, and unavailable", told, err)
	}
	if _, err := d.Use(t.Context(), "nowhere", UseConfig{}); !lyceum.IsKind(err, lyceum.NotFound) {
		t.Errorf("what is not there gives %v", err)
	}
}
