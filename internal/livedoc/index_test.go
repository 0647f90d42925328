package livedoc

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
)

var quiet = slog.New(slog.DiscardHandler)

func nobody() []known { return nil }

func TestIndex(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	x, err := openIndex(dir, quiet, nobody)
	if err != nil {
		t.Fatal(err)
	}
	a := known{Doc: lyceum.NewID[DocumentID](), Path: "d/a", Inode: 7, Hash: "h"}
	b := known{Doc: lyceum.NewID[DocumentID](), Path: "d/b\nc"}
	for _, k := range []known{a, b} {
		if err := x.set(true, k); err != nil {
			t.Fatal(err)
		}
	}
	a.Path = "e"
	if err := x.set(true, a); err != nil {
		t.Fatal(err)
	}
	if _, ok := x.at("d/a"); ok {
		t.Error("the old path still leads to the document")
	}
	// Another document takes the path; the old one stays, as removed.
	c := known{Doc: lyceum.NewID[DocumentID](), Path: "e"}
	if err := x.set(true, c); err != nil {
		t.Fatal(err)
	}
	if got, _ := x.at("e"); got.Doc != c.Doc {
		t.Errorf("e is %v, want %v", got.Doc, c.Doc)
	}
	if x.docs[a.Doc].Removed == nil {
		t.Error("the document that lost its path is not marked")
	}
	for range 3000 {
		if err := x.set(false, b); err != nil {
			t.Fatal(err)
		}
	}
	if fi, err := os.Stat(x.name); err != nil || fi.Size() > 500_000 {
		t.Errorf("the index has %d bytes for three documents (%v)", fi.Size(), err)
	}
	want := x.docs
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
	x, err = openIndex(dir, quiet, nobody)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(x.docs, want); diff != "" {
		t.Errorf("read again (-got +want): %s", diff)
	}
	if got := x.below("d"); len(got) != 1 || got[0].Doc != b.Doc {
		t.Errorf("below d there is %v", got)
	}
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
}

func TestIndexDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var b []byte
	var all []known
	for _, path := range []string{"a", "b", "c"} {
		k := known{Doc: lyceum.NewID[DocumentID](), Path: path}
		all = append(all, k)
		var err error
		if b, err = appendSummed(b, k); err != nil {
			t.Fatal(err)
		}
	}
	for cut := range b {
		lines, bad, torn := readIndex(b[:cut])
		if bad != 0 || torn != (cut > 0 && b[cut-1] != '\n') || len(lines) != bytes.Count(b[:cut], []byte("\n")) {
			t.Fatalf("cut at %d: %d lines, %d bad, torn %v", cut, len(lines), bad, torn)
		}
	}
	b[bytes.IndexByte(b, '\n')+30] ^= 1 // in the second line
	if err := os.WriteFile(filepath.Join(dir, "index"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := openIndex(dir, quiet, func() []known { return all }) // the logs know of all three
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if got, _ := x.at(k.Path); got.Doc != k.Doc {
			t.Errorf("%s leads to %q, want %q", k.Path, got.Doc, k.Doc)
		}
	}
	if kept, err := filepath.Glob(x.name + ".damaged-*"); err != nil || len(kept) != 1 {
		t.Errorf("the damaged index was kept as %v (%v)", kept, err)
	}
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
}

// The index is lost: the logs know the paths.
func TestIndexIsMadeFromTheLogs(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one\n")
	ada := h.edit("a")
	ada.insert(0, "zero\n")
	h.waitFile("a", "zero\none\n")
	ada.stop()
	h.restart(func() {
		if err := os.Remove(filepath.Join(h.cfg.State, "index")); err != nil {
			t.Fatal(err)
		}
	})
	again := h.join("a", ada)
	again.waitSynced(t)
	again.waitText(t, "zero\none\n")
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	if s, err := New(h.cfg); !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("a second store opens: %v, %v", s, err)
	}
}

func FuzzIndex(f *testing.F) {
	now := time.Unix(1_800_000_000, 0).UTC()
	b, err := appendSummed(nil, known{Doc: "00112233-4455-4677-8899-aabbccddeeff", Path: "a", Inode: 1, Hash: "h", Removed: &now})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(append(b, b[:20]...))
	f.Add([]byte("00000000 {}\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		lines, bad, torn := readIndex(b)
		if n := bytes.Count(b, []byte("\n")); len(lines)+bad != n {
			t.Fatalf("%d lines and %d bad ones of %d", len(lines), bad, n)
		}
		if torn != (len(b) > 0 && !strings.HasSuffix(string(b), "\n")) {
			t.Fatalf("torn is %v", torn)
		}
		for _, k := range lines {
			line, err := appendSummed(nil, k)
			if err != nil {
				t.Fatal(err)
			}
			again, bad, _ := readIndex(line)
			if diff := cmp.Diff(again, []known{k}); diff != "" || bad != 0 {
				t.Fatal(errors.New(diff))
			}
		}
	})
}
