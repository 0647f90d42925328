package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
)

func TestOpaqueNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, path string }{
		{"", ""}, {"a/b", "a/b"}, {"caf\xe9", "~x636166e9"}, {"d\xff/x", "~x64ff/x"},
		{"~x61", "~x7e783631"}, {"~x6", "~x6"}, {"~xAB", "~xAB"}, {"~x", "~x"}, {"a~x61", "a~x61"},
		{"~x7e783631", "~x7e783765373833363331"},
	} {
		if got := Encode(c.raw); got != c.path {
			t.Errorf("Encode(%q) is %q, want %q", c.raw, got, c.path)
		}
		if got, err := Decode(c.path); err != nil || got != c.raw {
			t.Errorf("Decode(%q) is %q, %v, want %q", c.path, got, err, c.raw)
		}
	}
	for _, p := range []string{"~x61", "~x2e2e", "~x2f", "~x00", "~x612f62", "~x" + strings.Repeat("ff", 256), "x/~x2e"} {
		_, err := Decode(p)
		wantKind(t, err, lyceum.Invalid)
	}
}

func TestHidden(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"": false, "a": false, "a.b/c": false, ".a": true, "a/.b": true, "a/.b/c": true, "a/..": true,
		EncodeName(".\xff"): true, EncodeName("a\xff"): false,
	} {
		if got := Hidden(path); got != want {
			t.Errorf("Hidden(%q) is %v, want %v", path, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "a/b.txt", "~x636166e9", "~x61", "../x", "a//b", "~x7e783631/é", "\xff", "a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		raw, err := Decode(path)
		if err != nil {
			if !lyceum.IsKind(err, lyceum.Invalid) {
				t.Fatalf("Decode(%q): %v", path, err)
			}
		} else {
			if got := Encode(raw); got != path {
				t.Fatalf("Encode(Decode(%q)) is %q: two paths for one name", path, got)
			}
			if raw != "" && !filepath.IsLocal(raw) || strings.ContainsRune(raw, 0) || filepath.Clean(rootName(raw)) != rootName(raw) {
				t.Fatalf("Decode(%q) is %q", path, raw)
			}
		}
		// The other way: any name that a disk may hold comes back.
		if path != "" && path != "." && path != ".." && len(path) <= maxName && !strings.ContainsAny(path, "/\x00") {
			if got, err := DecodeName(EncodeName(path)); err != nil || got != path {
				t.Fatalf("name %q comes back as %q, %v", path, got, err)
			}
		}
	})
}

// TestNamesOnDisk works on files whose names no one should have made.
func TestNamesOnDisk(t *testing.T) {
	t.Parallel()
	d, ctx := newHome(t), t.Context()
	for _, raw := range []string{"caf\xe9", "new\nline", "~x61", strings.Repeat("é", 127)} {
		put(t, d, raw, "it is "+raw)
	}
	l, err := d.List(ctx, "", Page{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, e := range l.Entries {
		raw, err := Decode(e.Path)
		if err != nil {
			t.Fatal(err)
		}
		if text := readAll(t, d, e.Path); text != "it is "+raw {
			t.Errorf("%q holds %q", e.Path, text)
		}
		got[e.Path] = e.Opaque
	}
	want := map[string]bool{"~x636166e9": true, "new\nline": false, "~x7e783631": false, strings.Repeat("é", 127): false}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("opaque by path (-got +want): %s", diff)
	}
	if err := d.Move(ctx, "~x636166e9", "café", false); err != nil {
		t.Error(err)
	}
	if err := d.Copy(ctx, "new\nline", "newline", false); err != nil {
		t.Error(err)
	}
	if err := d.Remove(ctx, "new\nline", false); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"a\nb", "a\x7fb", EncodeName("\xff"), EncodeName("~x61")[:len("~x7e7836")] + "ff"} {
		_, err := d.WriteAtomic(ctx, bad, strings.NewReader(""), Write{})
		wantKind(t, err, lyceum.Invalid)
		wantKind(t, d.Mkdir(ctx, bad, false), lyceum.Invalid)
		wantKind(t, d.Mkdir(ctx, bad+"/x", true), lyceum.Invalid)
		wantKind(t, d.Touch(ctx, bad), lyceum.Invalid)
		wantKind(t, d.Move(ctx, "newline", bad, false), lyceum.Invalid)
		wantKind(t, d.Copy(ctx, "newline", bad, false), lyceum.Invalid)
	}
}

// TestRootEscapeText holds the text by which isEscape knows os.Root's error.
func TestRootEscapeText(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := root.Open("../x"); !isEscape(err) {
		t.Errorf("got %v", err)
	}
}
