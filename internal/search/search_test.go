package search

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

const state = ".local/state/lyceum"

// home makes a home with these files.
func home(t testing.TB, contents map[string]string) *files.Dir {
	t.Helper()
	dir := t.TempDir()
	for path, content := range contents {
		full := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := files.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// engines are a Searcher that asks rg, when it is installed, and one that does not.
func engines(t testing.TB, d *files.Dir) map[string]*Searcher {
	t.Helper()
	own := New(d, state)
	own.rg = func() string { return "" }
	all := map[string]*Searcher{"built in": own}
	if findRipgrep() != "" {
		all["ripgrep"] = New(d, state)
	} else {
		t.Log("rg is not installed: only the built-in engine is tested")
	}
	for _, s := range all {
		t.Cleanup(s.Close)
	}
	return all
}

// found lists what a search finds, a line for each match.
func found(t testing.TB, s *Searcher, o Options) (list []string, sum Summary) {
	t.Helper()
	sum, err := s.Search(t.Context(), o, func(f File) error {
		for _, m := range f.Matches {
			list = append(list, fmt.Sprintf("%s:%d:%d+%d %s", f.Path, m.Line, m.Column, m.Length, m.Text))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	return list, sum
}

var tree = map[string]string{
	"a.txt":                    "alpha Beta\nbeta\n",
	"crlf.txt":                 "one\r\nbeta end\r\nlast beta",
	"bom.txt":                  "\xef\xbb\xbfbeta first\n",
	"latin1.txt":               "caf\xe9 beta\n",
	"binary.bin":               "beta\x00beta\n",
	"late.bin":                 "beta\n" + strings.Repeat("x", 100_000) + "\x00",
	"utf16.txt":                "\xff\xfeb\x00e\x00t\x00a\x00",
	"emoji.txt":                "😀 beta 😀beta\n",
	"long.txt":                 strings.Repeat("y", 70_000) + "beta" + strings.Repeat("z", 70_000) + "beta\nbeta",
	"-dash.txt":                "beta\n",
	"sub/deep/b.py":            "def beta():\n    return Beta_1\n",
	"sub/c.ts":                 "const beta = 1; // betas\n",
	"sub/empty":                "",
	"sub/na\xefme":             "beta\n",
	".gitignore":               "*.log\n/build\n!keep.log\n",
	"x.log":                    "beta\n",
	"keep.log":                 "beta\n",
	"build/out.txt":            "beta\n",
	"sub/build/out.txt":        "beta\n",
	"sub/.gitignore":           "c.ts\n",
	".hidden/h.txt":            "beta\n",
	"node_modules/m/i.js":      "beta\n",
	".git/config":              "beta\n",
	state + "/documents/x.log": "beta\n",
	"plain.txt":                "a.b axb a\\b $1 (beta)\n",
	"kelvin.txt":               "\u212a 1\u017f\nsk SK\n",
	"word.txt":                 "betas _beta beta2 beta, é-beta ébeta betá\n",
	"lines.txt":                "x\n\n\nbeta\n\n",
	"cr.txt":                   "beta\rbeta\nend\r",
	"empty-lines.txt":          "\n\r\n\n",
}

// TestConformance holds both engines to the same answers.
func TestConformance(t *testing.T) {
	t.Parallel()
	d := home(t, tree)
	for _, err := range []error{os.Symlink("a.txt", filepath.Join(d.Home(), "link.txt")), os.Symlink(".", filepath.Join(d.Home(), "sub/loop"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	with := "[$0]"
	cases := []struct {
		name string
		o    Options
		want []string // nil: only that the engines agree, and find something
	}{
		{"text", Options{Query: Query{Text: "beta"}, Include: "a.txt,crlf.txt,bom.txt,latin1.txt,emoji.txt,*.bin,utf16.txt"}, []string{
			"a.txt:1:7+4 alpha Beta", "a.txt:2:1+4 beta", "bom.txt:1:1+4 beta first", "crlf.txt:2:1+4 beta end", "crlf.txt:3:6+4 last beta",
			"emoji.txt:1:4+4 😀 beta 😀beta", "emoji.txt:1:11+4 😀 beta 😀beta", "latin1.txt:1:6+4 caf� beta"}},
		{"case", Options{Query: Query{Text: "Beta", Case: true}}, []string{"a.txt:1:7+4 alpha Beta", "sub/deep/b.py:2:12+4 return Beta_1"}},
		{"names", Options{Query: Query{Text: "beta"}, Include: "-dash.txt, sub/"}, []string{"-dash.txt:1:1+4 beta", "sub/~x6e61ef6d65:1:1+4 beta", "sub/build/out.txt:1:1+4 beta",
			"sub/deep/b.py:1:5+4 def beta():", "sub/deep/b.py:2:12+4 return Beta_1"}},
		{"ignored too", Options{Query: Query{Text: "beta"}, Ignored: true, Include: "*.log,build,*.ts,*.js,config"}, []string{"keep.log:1:1+4 beta", "x.log:1:1+4 beta", "build/out.txt:1:1+4 beta",
			"node_modules/m/i.js:1:1+4 beta", "sub/c.ts:1:7+4 const beta = 1; // betas", "sub/c.ts:1:20+4 const beta = 1; // betas", "sub/build/out.txt:1:1+4 beta"}},
		{"hidden too", Options{Query: Query{Text: "beta"}, Hidden: true, Include: ".*"}, []string{".hidden/h.txt:1:1+4 beta"}},
		{"all", Options{Query: Query{Text: "beta"}, Hidden: true, Ignored: true, Include: "config,/.local"}, []string{".git/config:1:1+4 beta"}},
		{"exclude", Options{Query: Query{Text: "beta"}, Exclude: "*.{txt,log},sub/deep/**,build,-*"}, []string{"sub/~x6e61ef6d65:1:1+4 beta"}},
		{"word", Options{Query: Query{Text: "beta", Word: true}, Include: "word.txt"}, []string{
			"word.txt:1:19+4 betas _beta beta2 beta, é-beta ébeta betá", "word.txt:1:27+4 betas _beta beta2 beta, é-beta ébeta betá"}},
		{"not a pattern", Options{Query: Query{Text: `a.b`}, Include: "plain.txt"}, []string{`plain.txt:1:1+3 a.b axb a\b $1 (beta)`}},
		{"pattern", Options{Query: Query{Text: `a.b`, Regex: true}, Include: "plain.txt"}, []string{`plain.txt:1:1+3 a.b axb a\b $1 (beta)`, `plain.txt:1:5+3 a.b axb a\b $1 (beta)`, `plain.txt:1:9+3 a.b axb a\b $1 (beta)`}},
		{"end of line", Options{Query: Query{Text: `(beta|end)$`, Regex: true}, Include: "crlf.txt,a.txt,cr.txt"}, []string{
			"a.txt:1:7+4 alpha Beta", "a.txt:2:1+4 beta", "cr.txt:1:6+4 beta\rbeta", "cr.txt:2:1+3 end", "crlf.txt:2:6+3 beta end", "crlf.txt:3:6+4 last beta"}},
		{"beginning of line", Options{Query: Query{Text: `^beta`, Regex: true}, Include: "crlf.txt,bom.txt,lines.txt"}, []string{
			"bom.txt:1:1+4 beta first", "crlf.txt:2:1+4 beta end", "lines.txt:4:1+4 beta"}},
		{"bytes that are no text", Options{Query: Query{Text: `caf.`, Regex: true}, Include: "latin1.txt"}, []string{"latin1.txt:1:1+4 caf� beta"}},
		{"not in a class", Options{Query: Query{Text: `caf[^a-z]`, Regex: true}, Include: "latin1.txt"}, []string{"latin1.txt:1:1+4 caf� beta"}},
		{"third forms", Options{Query: Query{Text: "sk"}, Include: "kelvin.txt"}, []string{"kelvin.txt:2:1+2 sk SK", "kelvin.txt:2:4+2 sk SK"}},
		{"third form", Options{Query: Query{Text: "k"}, Include: "kelvin.txt"}, []string{"kelvin.txt:1:1+1 \u212a 1ſ", "kelvin.txt:2:2+1 sk SK", "kelvin.txt:2:5+1 sk SK"}},
		{"empty matches", Options{Query: Query{Text: `q*`, Regex: true}}, []string{}},
		{"empty lines", Options{Query: Query{Text: `^$`, Regex: true}}, []string{}},
		{"nothing", Options{Query: Query{Text: `[^\x00-\x{10ffff}]`, Regex: true}}, []string{}},
		{"line ends are in no class", Options{Query: Query{Text: `x[^y]+b`, Regex: true}, Include: "lines.txt"}, []string{}},
		{"words", Options{Query: Query{Text: `\bbeta\b`, Regex: true}, Include: "plain.txt,crlf.txt"}, []string{`crlf.txt:2:1+4 beta end`, `crlf.txt:3:6+4 last beta`, `plain.txt:1:17+4 a.b axb a\b $1 (beta)`}},
		{"no words", Options{Query: Query{Text: `\Beta\B`, Regex: true}, Include: "sub/**"}, []string{"sub/deep/b.py:2:13+3 return Beta_1"}},
		{"long lines", Options{Query: Query{Text: "beta", Case: true}, Include: "long.txt"}, nil},
		{"everything", Options{Query: Query{Text: "b"}, Hidden: true, Ignored: true}, nil},
		{"any", Options{Query: Query{Text: ".", Regex: true}, Hidden: true, Ignored: true, Limit: 10_000, With: &with}, nil},
		{"alternatives", Options{Query: Query{Text: `(?i:BE)ta|x{2,3}?|(al)+pha|\d|[[:upper:]]|\pL\pM`, Regex: true, Case: true}}, nil},
	}
	all := engines(t, d)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := c.want
			for name, s := range all {
				got, sum := found(t, s, c.o)
				if sum.Engine != name && c.name != "nothing" {
					t.Errorf("the engine was %s, want %s", sum.Engine, name)
				}
				if c.want == nil && len(got) == 0 {
					t.Error("nothing was found")
				}
				if want == nil {
					want = got
				}
				if strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("%s: got\n%q\nwant\n%q", name, got, want)
				}
			}
		})
	}
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	d := home(t, map[string]string{"long": strings.Repeat("😀", 1000) + "needle" + strings.Repeat("z", 1<<20) + "needle", "huge": "needle" + strings.Repeat("q", 5<<20) + "needle\nneedle\n"})
	for name, s := range engines(t, d) {
		var got []File
		if _, err := s.Search(t.Context(), Options{Query: Query{Text: "needle"}}, func(f File) error { got = append(got, f); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || len(got[0].Matches) != 2 || len(got[1].Matches) != 2 {
			t.Fatalf("%s: got %+v", name, got)
		}
		if huge := got[0]; !huge.More || huge.Matches[0].Column != 1 || huge.Matches[1].Line != 2 {
			t.Errorf("%s: of a line that is too long: %+v, want its beginning, the next line, and that there may be more", name, huge.Matches)
		}
		for _, m := range got[1].Matches {
			if len(m.Text) > 4*(excerptPre+excerptMost) || !strings.HasPrefix(string(utf16Cut(m.Text, m.At)), "needle") {
				t.Errorf("%s: the excerpt is %.60q… of %d bytes, at %d", name, m.Text, len(m.Text), m.At)
			}
		}
		if c := got[1].Matches[0].Column; c != 2001 {
			t.Errorf("%s: the first is in column %d, want 2001", name, c)
		}
	}
}

// utf16Cut is s from the unit at.
func utf16Cut(s string, at int) string {
	for i, r := range s {
		if at <= 0 {
			return s[i:]
		}
		at--
		if r > 0xffff {
			at--
		}
	}
	return ""
}

func TestLimits(t *testing.T) {
	t.Parallel()
	contents := map[string]string{}
	for i := range 300 {
		contents[fmt.Sprintf("f%03d", i)] = strings.Repeat("hit\n", 10)
	}
	contents["z"] = strings.Repeat("once\n", 2000)
	d := home(t, contents)
	for name, s := range engines(t, d) {
		got, sum := found(t, s, Options{Query: Query{Text: "hit"}, Limit: 25})
		if len(got) != 25 || !sum.Limited || sum.Matches != 25 || sum.Files != 3 {
			t.Errorf("%s: with a limit of 25: %d, %+v", name, len(got), sum)
		}
		got, sum = found(t, s, Options{Query: Query{Text: "once"}})
		if len(got) != maxPerFile || sum.Limited {
			t.Errorf("%s: of one file %d, %+v; want %d", name, len(got), sum, maxPerFile)
		}
		stop := errors.New("nobody looks")
		if _, err := s.Search(t.Context(), Options{Query: Query{Text: "hit"}}, func(File) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%s: an error of emit comes back as %v", name, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Search(ctx, Options{Query: Query{Text: "hit"}}, func(File) error { cancel(); return nil })
		if !lyceum.IsKind(err, lyceum.Unavailable) {
			t.Errorf("%s: given up it ends with %v", name, err)
		}
	}
}

// TestBadQueries are refused with a reason, at once.
func TestBadQueries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		q    Query
		says string
	}{
		{Query{}, "say what"},
		{Query{Text: "a\nb"}, "line by line"},
		{Query{Text: "\xff"}, "not UTF-8"},
		{Query{Text: strings.Repeat("x", 1001)}, "longer than 1000"},
		{Query{Text: "(", Regex: true}, "missing closing )"},
		{Query{Text: "a**", Regex: true}, "invalid nested repetition"},
		{Query{Text: `x{1000}{1000}`, Regex: true}, "invalid nested repetition"},
		{Query{Text: `(x{1000}){1000}`, Regex: true}, "too large"},
		{Query{Text: `(x{100}y){100}`, Regex: true}, "too large"},
		{Query{Text: `[\pL\d]{900}[\pL]{900}[\pL]{900}[\pL]{900}[\pL]{900}`, Regex: true}, "too large"},
		{Query{Text: strings.Repeat("(", 500) + "x" + strings.Repeat(")", 500), Regex: true}, ""},
		{Query{Text: `(?=x)`, Regex: true}, "looks ahead"},
		{Query{Text: `(x)\1`, Regex: true}, "invalid escape"},
	} {
		_, err := Compile(c.q)
		if c.says == "" {
			continue // either way, without a panic
		}
		if !lyceum.IsKind(err, lyceum.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.40q: %v, want that it says %q", c.q.Text, err, c.says)
		}
	}
	for _, globs := range []string{"[", "a\x00b", strings.Repeat("a,", 300), strings.Repeat("x", 5000), "\xff", `a\`} {
		if _, err := parseGlobs("include", globs); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%.40q: %v, want invalid", globs, err)
		}
	}
}

// TestExplodingPatterns takes patterns that take a backtracking engine years.
func TestExplodingPatterns(t *testing.T) {
	t.Parallel()
	d := home(t, map[string]string{"a": strings.Repeat("a", 200_000) + "!\n" + strings.Repeat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n", 100)})
	for name, s := range engines(t, d) {
		for _, text := range []string{`(a+)+$`, `(a|aa)+$`, `(a*)*b`, `(.*)*x`, `^(([a-z])+.)+[A-Z]([a-z])+$`} {
			got, sum := found(t, s, Options{Query: Query{Text: text, Regex: true, Case: true}})
			if len(got) != 0 || sum.TimedOut {
				t.Errorf("%s: %s found %d, %+v", name, text, len(got), sum)
			}
		}
	}
	// Each match costs a look at the rest of the line: there are fewer in a long one.
	looks := Query{Text: `a.*b|a`, Regex: true}
	for name, s := range engines(t, home(t, map[string]string{"a": strings.Repeat("a", 2000)})) {
		if _, sum := found(t, s, Options{Query: looks}); sum.Matches != maxPerFile || sum.TimedOut {
			t.Errorf("%s: %+v", name, sum)
		}
	}
	p, err := Compile(looks)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 2000, 200_000, p.line()} {
		if most := p.most(n); most < 1 || most*n*p.insts > maxWork || n >= 200_000 && most == maxPerFile {
			t.Errorf("of a line of %d bytes %d matches are looked for", n, most)
		}
	}
}

// TestNoConfiguration sets what would change the program's answer.
func TestNoConfiguration(t *testing.T) {
	config := filepath.Join(t.TempDir(), "rgrc")
	if err := os.WriteFile(config, []byte("--invert-match\n--max-count=0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RIPGREP_CONFIG_PATH", config)
	d := home(t, map[string]string{"a": "yes\n", "--files": "yes\n", "b": "no\n"})
	for name, s := range engines(t, d) {
		for _, text := range []string{"yes", "--files"} {
			got, _ := found(t, s, Options{Query: Query{Text: text}})
			want := map[string][]string{"yes": {"--files:1:1+3 yes", "a:1:1+3 yes"}, "--files": nil}[text]
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q finds %q, want %q", name, text, got, want)
			}
		}
	}
}

// TestBrokenProgram gives programs that fail in place of rg.
func TestBrokenProgram(t *testing.T) {
	t.Parallel()
	d := home(t, map[string]string{"a": "yes\n"})
	bin := t.TempDir()
	for name, script := range map[string]string{
		"refuses": "exit 2", "dies": "case \"$*\" in */dev/null*) exit 1;; esac; kill -9 $$", "is none": "",
	} {
		program := filepath.Join(bin, strings.ReplaceAll(name, " ", "-"))
		if script != "" {
			if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		s := New(d, state)
		t.Cleanup(s.Close)
		s.rg = func() string { return program }
		if got, _ := found(t, s, Options{Query: Query{Text: "yes"}}); !slices.Equal(got, []string{"a:1:1+3 yes"}) {
			t.Errorf("with a program that %s: %q", name, got)
		}
	}
}

// TestNoFilesAreNotWaitedFor: a pipe that nobody writes to, a socket, and a link to
// a device without end hold no search up.
func TestNoFilesAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	d := home(t, map[string]string{"a.txt": "needle\n"})
	full := func(name string) string { return filepath.Join(d.Home(), name) }
	l, err := net.Listen("unix", full("socket.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := errors.Join(syscall.Mkfifo(full("pipe.txt"), 0o600), os.Symlink("/dev/zero", full("zero.txt")), os.Symlink("pipe.txt", full("way.txt"))); err != nil {
		t.Fatal(err)
	}
	for name, s := range engines(t, d) {
		got, sum := found(t, s, Options{Query: Query{Text: "needle"}})
		if !slices.Equal(got, []string{"a.txt:1:1+6 needle"}) || sum.TimedOut {
			t.Errorf("%s: %q, %+v", name, got, sum)
		}
	}
}
