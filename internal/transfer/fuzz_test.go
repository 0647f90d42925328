package transfer

import (
	"path"
	"strings"
	"testing"
)

// FuzzName reads names of members: whatever passes stays in its home.
func FuzzName(f *testing.F) {
	for _, s := range []string{
		"site.json", "end.json", "database/accounts/1", "database/accounts/01", "database/../1", "projects/00000000-0000-4000-8000-000000000000/",
		"projects/00000000-0000-4000-8000-000000000000/a/b", "projects/00000000-0000-4000-8000-000000000000/../b", "projects/00000000-0000-4000-8000-000000000000//b",
		"projects/x/y", "/etc/passwd", "", ".", "projects/00000000-0000-4000-8000-000000000000/a/..", "projects/00000000-0000-4000-8000-000000000000/..a",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		m, err := parse(name)
		if err != nil {
			return
		}
		switch {
		case m.project != "":
			if p := path.Join("/home", m.path); p != "/home" && !strings.HasPrefix(p, "/home/") {
				t.Errorf("%q leads to %q", name, p)
			}
			if back, err := parse(memberName(m.project, m.path, false)); err != nil || back != m {
				t.Errorf("%q is %+v, and back %+v, %v", name, m, back, err)
			}
		case m.table != "":
			if strings.ContainsAny(m.table, "/.\"") || m.part < 1 {
				t.Errorf("%q is %+v", name, m)
			}
		case m.name != nameSite && m.name != nameEnd:
			t.Errorf("%q is %+v", name, m)
		}
	})
}
