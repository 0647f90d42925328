package files_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

func stage(t *testing.T, d *files.Dir, content string) {
	t.Helper()
	f, err := d.OpenStage(t.Context(), "stage")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	d, err := files.OpenDir(home)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	when := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	write := func(name, content string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(home, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	stage(t, d, "one")
	e, err := d.Install(t.Context(), "stage", "a.txt", files.Write{IfAbsent: true, Mode: 0o755}, when)
	if err != nil || e.Size != 3 || e.Mode&^0o022 != 0o755&^0o022 || !e.Modified.Equal(when) || e.Links != 1 {
		t.Fatalf("installed %+v, %v", e, err)
	}
	if now, err := d.Stat(t.Context(), "a.txt"); err != nil || now.Version != e.Version {
		t.Errorf("its version is %s, %v; want %s, which was told", now.Version, err, e.Version)
	}
	// What is there stays, and what was staged too.
	stage(t, d, "two")
	if _, err := d.Install(t.Context(), "stage", "a.txt", files.Write{IfAbsent: true}, time.Time{}); !lyceum.IsKind(err, lyceum.Conflict) {
		t.Errorf("over something: %v, want a conflict", err)
	}
	if _, err := d.Install(t.Context(), "stage", "a.txt", files.Write{IfVersion: "1-2-3-4"}, time.Time{}); !lyceum.IsKind(err, lyceum.Conflict) {
		t.Errorf("over another version: %v, want a conflict", err)
	}
	if _, err := d.Install(t.Context(), "stage", "no/a.txt", files.Write{}, time.Time{}); !lyceum.IsKind(err, lyceum.NotFound) {
		t.Errorf("into no folder: %v, want not found", err)
	}
	if b, err := d.Stat(t.Context(), "stage"); err != nil || b.Size != 3 {
		t.Errorf("what was staged: %+v, %v", b, err)
	}
	write("a.txt", "old", 0o640)
	if e, err = d.Install(t.Context(), "stage", "a.txt", files.Write{}, time.Time{}); err != nil || e.Mode != 0o640 {
		t.Errorf("replaced: %+v, %v; want the permissions of the old one", e, err)
	}
	// Interrupted between the new name and the end of the old one.
	stage(t, d, "three")
	if err := os.Link(filepath.Join(home, "stage"), filepath.Join(home, "c.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err = d.Install(t.Context(), "stage", "c.txt", files.Write{IfAbsent: true}, time.Time{}); err != nil {
		t.Errorf("called again: %v", err)
	}
	left, err := os.ReadDir(home)
	if err != nil || len(left) != 2 {
		t.Errorf("%v are left, %v; want a.txt and c.txt", left, err)
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	d, err := files.OpenDir(home)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b := d.NewBatch()
	defer b.Close()
	for i := range files.MaxBatch {
		if err := b.Put(t.Context(), fmt.Sprintf("f%d", i), strings.NewReader("x"), files.Write{IfAbsent: true}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put(t.Context(), "more", strings.NewReader("x"), files.Write{}, time.Time{}); !lyceum.IsKind(err, lyceum.TooLarge) {
		t.Errorf("one more: %v", err)
	}
	if got, err := os.ReadDir(home); err != nil || len(got) != 0 {
		t.Errorf("before it is committed %d files are there, %v", len(got), err)
	}
	// Somebody takes one of the names meanwhile.
	if err := os.WriteFile(filepath.Join(home, "f7"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for i, done := range b.Commit() {
		if (done.Err != nil) != (i == 7) || i == 7 && !lyceum.IsKind(done.Err, lyceum.Conflict) {
			t.Errorf("%s: %v", done.Path, done.Err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(home, "f7")); err != nil || string(got) != "mine" {
		t.Errorf("f7 has %q, %v", got, err)
	}
	if !d.Same(t.Context(), "f8", []byte("x")) || d.Same(t.Context(), "f8", []byte("y")) || d.Same(t.Context(), "f8", []byte("xx")) || d.Same(t.Context(), "no", nil) {
		t.Error("Same is wrong")
	}
	if fi, err := os.Stat(filepath.Join(home, "f8")); err != nil || !fi.ModTime().Equal(time.Unix(1, 0)) {
		t.Errorf("f8: %v, %v", fi.ModTime(), err)
	}
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 127)
	for _, c := range []struct{ in, want string }{
		{"a.txt", "a (2).txt"},
		{"d/a.tar.gz", "d/a (2).tar.gz"},
		{"a", "a (2)"},
		{".bashrc", ".bashrc (2)"},
		{"d.x/a", "d.x/a (2)"},
		{long, strings.Repeat("ä", 125) + " (2)"},
	} {
		if got := files.Numbered(c.in, 2); got != c.want {
			t.Errorf("Numbered(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
