package process

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	rest := " S 7 10 20 0 -1 0 1 2 3 4 100 20 3 -1 20 0 1 0 987654 0 0\n"
	for name, c := range map[string]struct {
		line string
		want stat
		ok   bool
	}{
		"usual":                  {"10 (sh)" + rest, stat{'S', 7, 20, 123, 987654}, true},
		"a name with anything":   {"10 (a) R 1 (b) \n)" + rest, stat{'S', 7, 20, 123, 987654}, true},
		"no name":                {"10 ()" + rest, stat{'S', 7, 20, 123, 987654}, true},
		"empty":                  {"", stat{}, false},
		"cut short":              {"10 (sh) S 7 10", stat{}, false},
		"no numbers":             {"10 (sh) S" + strings.Repeat(" x", 25), stat{}, false},
		"a state of two letters": {"10 (sh) SS" + rest[2:], stat{}, false},
	} {
		got, err := parseStat([]byte(c.line))
		if (err == nil) != c.ok || c.ok && got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
	own, err := readStat(os.Getpid())
	if err != nil || own.ppid != os.Getppid() || own.startTick == 0 {
		t.Errorf("our own: %+v, %v", own, err)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("10 (sh) S 7 10 20 0 -1 0 1 2 3 4 100 20 3 -1 20 0 1 0 987654 0 0\n"))
	f.Add([]byte("10 (a) R 1 (b) \n) S 7 10 20 0 -1 0 1 2 3 4 100 20 3 -1 20 0 1 0 987654 0 0\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		s, err := parseStat(line)
		if err == nil && s.state == 0 {
			t.Errorf("%q: %+v", line, s)
		}
	})
}

func TestReadStatus(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "status")
	for text, want := range map[string]exit{
		"":                           {},
		`{"child-pid": 7}` + "\n":    {},
		`{"exit-code": 0}` + "\n":    {known: true},
		`{"exit-code": 3}`:           {known: true, code: 3},
		`{"exit-code": 137}` + "\n":  {known: true, signal: 9},
		"{\n{\"exit-code\": 1}\n":    {known: true, code: 1},
		`{"exit-code": "x"}` + "\n":  {},
		"nonsense":                   {},
		`{"exit-code": null}` + "\n": {},
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := readStatus(path); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
	if got := readStatus(path + ".missing"); got != (exit{}) {
		t.Errorf("a missing file: %+v", got)
	}
}

func TestReasonsOfAnEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		exit   exit
		oom    bool
		failed bool
		reason string
	}{
		{exit{known: true}, false, false, "it ended by itself"},
		{exit{known: true}, true, false, "it ended by itself"},
		{exit{known: true, code: 3}, false, true, "its supervisor ended with exit code 3"},
		{exit{known: true, signal: 9}, false, true, "it was ended by signal 9 (perhaps out of memory)"},
		{exit{known: true, signal: 11}, false, true, "it was ended by signal 11"},
		{exit{known: true, signal: 9}, true, true, "it ran out of memory"},
		{exit{}, false, true, "it ended while the server was away"},
	} {
		if failed, reason := c.exit.tell(c.oom); failed != c.failed || reason != c.reason {
			t.Errorf("%+v: got %v %q, want %v %q", c.exit, failed, reason, c.failed, c.reason)
		}
	}
}

func TestDescendants(t *testing.T) {
	t.Parallel()
	self, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, ways()[0])
	spec := r.spec()
	r.start(t, spec)
	all, rec := descendants(self), r.record(t, spec.Project)
	for _, p := range []process{rec.Outer, rec.Init} {
		if !slices.Contains(all, p.Pid) {
			t.Errorf("process %d is not among our descendants %v", p.Pid, all)
		}
	}
	if got := descendants(process{Pid: os.Getpid(), Ticks: self.Ticks + 1}); got != nil {
		t.Errorf("of another with our number: %v", got)
	}
}

func FuzzGitAddress(f *testing.F) {
	for _, s := range []string{"https://example.org/a.git", "git@example.org:a/b", "-oProxyCommand=x", "ext::sh -c id", "file:///etc", "ssh://-x/a", "git@-x:a", "a@b::c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if checkGitURL(s) != nil {
			return
		}
		if s == "" || s[0] == '-' || len(s) > 2000 || strings.ContainsAny(s, " \n\t\\\x00") {
			t.Errorf("%q is accepted", s)
		}
		scheme, _, ok := strings.Cut(s, "://")
		if ok && !slices.Contains(gitSchemes, strings.ToLower(scheme)) && !scpLike.MatchString(s) || !ok && strings.Contains(s, "::") {
			t.Errorf("%q is accepted", s)
		}
	})
}
