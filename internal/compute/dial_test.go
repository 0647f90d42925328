package compute_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

func TestDialSocketRefusesWhatIsNoSocketOfTheProject(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "real.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	long := filepath.Join(dir, strings.Repeat("d", 120))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "real.sock"), filepath.Join(long, "s.sock")); err != nil {
		t.Fatal(err)
	}
	c, err := compute.DialSocket(t.Context(), filepath.Join(long, "s.sock"))
	if err != nil {
		t.Fatalf("a socket on a long path: %v", err)
	}
	c.Close()

	if err := os.Symlink(filepath.Join(long, "s.sock"), filepath.Join(dir, "link.sock")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link.sock", "file.sock", "none.sock"} {
		c, err := compute.DialSocket(t.Context(), filepath.Join(dir, name))
		if err == nil {
			c.Close()
			t.Errorf("%s: connected, want it refused", name)
		} else if !lyceum.IsKind(err, lyceum.Unavailable) {
			t.Errorf("%s: got kind %v, want unavailable", name, lyceum.KindOf(err))
		}
	}

	if os.Geteuid() == 0 {
		// A socket that another user put there.
		if err := os.Chown(filepath.Join(long, "s.sock"), 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if c, err := compute.DialSocket(t.Context(), filepath.Join(long, "s.sock")); err == nil {
			c.Close()
			t.Error("a socket of another user: connected, want it refused")
		}
	}
}
