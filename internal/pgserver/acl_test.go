package pgserver

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithSearch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		in, want []aclEntry
	}{
		{"mode 0700", aclOf(0o700), []aclEntry{{aclUserObj, 7, aclNobody}, {aclUser, 1, 101}, {aclGroupObj, 0, aclNobody}, {aclMask, 1, aclNobody}, {aclOther, 0, aclNobody}}},
		{"mode 0750", aclOf(0o750), []aclEntry{{aclUserObj, 7, aclNobody}, {aclUser, 1, 101}, {aclGroupObj, 5, aclNobody}, {aclMask, 5, aclNobody}, {aclOther, 0, aclNobody}}},
		{"others have entries, which a mask limits",
			[]aclEntry{{aclUserObj, 7, aclNobody}, {aclUser, 7, 7}, {aclUser, 7, 500}, {aclGroupObj, 7, aclNobody}, {aclMask, 4, aclNobody}, {aclOther, 0, aclNobody}},
			[]aclEntry{{aclUserObj, 7, aclNobody}, {aclUser, 4, 7}, {aclUser, 1, 101}, {aclUser, 4, 500}, {aclGroupObj, 4, aclNobody}, {aclMask, 5, aclNobody}, {aclOther, 0, aclNobody}}},
	} {
		got := withSearch(c.in, 101)
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", c.name, diff)
		}
		if again := withSearch(got, 101); !slices.Equal(again, got) {
			t.Errorf("%s: repeated it is %v, want %v", c.name, again, got)
		}
	}
}

// TestClosedParent is about a data folder inside a private folder of root's:
// PostgreSQL gets through, and nobody else.
func TestClosedParent(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("an ordinary user runs PostgreSQL as itself")
	}
	private, err := os.MkdirTemp("", "pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(private) })
	site := filepath.Join(private, "site")
	if err := os.Mkdir(site, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(newData(t), filepath.Join(site, "postgres")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and once more, with what the first start left
		s := begun(t, Config{Data: filepath.Join(site, "postgres")})
		query(t, s, "SELECT 'works'")
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	looks := func(uid uint32) string {
		cmd := exec.Command("stat", "-c", "%n", site)
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "refused"
		}
		return strings.TrimSpace(string(out))
	}
	uid, _, ok := lookUp("postgres")
	if !ok {
		uid = 199_999
	}
	if got := looks(uint32(uid)); got != site {
		t.Errorf("PostgreSQL's user sees %q", got)
	}
	if got := looks(12_345); got != "refused" {
		t.Errorf("a stranger sees %q", got)
	}
	fi, err := os.Stat(private)
	if err != nil || fi.Mode().Perm()&0o007 != 0 {
		t.Errorf("the private folder has mode %v, %v", fi.Mode(), err)
	}
}

func FuzzACL(f *testing.F) {
	f.Add(binary.LittleEndian.AppendUint32(nil, aclVersion))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseACL(b)
		if err == nil && len(list) != (len(b)-4)/8 {
			t.Errorf("%d entries of %d bytes", len(list), len(b))
		}
	})
}
