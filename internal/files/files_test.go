package files

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"lyceum/internal/lyceum"
)

// newHome makes an empty home and opens it.
func newHome(t testing.TB) *Dir {
	t.Helper()
	d, err := OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// put writes a file below the home with the os package, as another program would.
func put(t testing.TB, d *Dir, path, content string) {
	t.Helper()
	full := filepath.Join(d.Home(), path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, d *Dir, target, path string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(d.Home(), path)); err != nil {
		t.Fatal(err)
	}
}

// content reads a file with the os package.
func content(t *testing.T, d *Dir, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(d.Home(), path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readAll(t *testing.T, d *Dir, path string) string {
	t.Helper()
	r, err := d.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantKind(t *testing.T, err error, want lyceum.Kind) {
	t.Helper()
	if err == nil || lyceum.KindOf(err) != want {
		t.Errorf("got error %v of kind %v, want kind %v", err, lyceum.KindOf(err), want)
	}
}

// names lists what is in the folder on disk, hidden things too.
func names(t *testing.T, d *Dir, path string) []string {
	t.Helper()
	des, err := os.ReadDir(filepath.Join(d.Home(), path))
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, de := range des {
		out = append(out, de.Name())
	}
	return out
}
