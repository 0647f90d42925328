package search

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lyceum/internal/files"
)

// walked lists what a selection chooses.
func walked(t *testing.T, d *files.Dir, o Options) []string {
	t.Helper()
	sel, err := newSelection(d, state, o)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{}
	err = d.Walk(t.Context(), "", func(raw string, items []files.Found) ([]string, error) {
		chosen, into := sel.choose(t.Context(), raw, items)
		for _, name := range chosen {
			all = append(all, files.Join(raw, name))
		}
		return into, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// TestIgnoreAsGit asks git about the same folder.
func TestIgnoreAsGit(t *testing.T) {
	t.Parallel()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed: what it ignores cannot be compared")
	}
	ignore := `# a comment
\#number
*.log
!important.log
/root.txt
docs/*.md
**/cache
a/**/z
inside/**
!inside/kept
trailing   
space\ 
[abc]?.txt
[!x]y.c
[]-]q
[[:digit:]]d
build/
!build/out
*.tar.*
foo/bar/
back\*slash
**.tmp
x/**.y
\!bang
/only/*
!/only/this
unclosed[
ends\
`
	contents := map[string]string{".gitignore": ignore, "deep/.gitignore": "!x.log\n/here\nsub/y\n*\n!*/\n!*.c\n"}
	for _, path := range []string{
		"#number", "a.log", "important.log", "d/important.log", "d/b.log", "root.txt", "d/root.txt", "docs/a.md", "docs/x/a.md", "d/docs/a.md",
		"cache", "d/cache/x", "a/z", "a/b/z", "a/b/c/z", "b/a/z", "inside/x", "inside/kept", "inside/d/x", "trailing", "trailing ", "space ", "space",
		"a1.txt", "d1.txt", "ab1.txt", "xy.c", "zy.c", "-q", "]q", "aq", "1d", "ad", "build/x", "d/build/out", "e/build", "x.tar.gz", "x.tar", "foo/bar/x", "d/foo/bar/x", "foo/barx",
		"back*slash", "backXslash", "x.tmp", "d/x.tmp", "x/a.y", "x/d/a.y", "!bang", "only/this", "only/that", "unclosed[", "ends", "ends\\",
		"deep/x.log", "deep/here", "deep/d/here", "deep/sub/y", "deep/d/sub/y", "deep/k.c", "deep/d/k.c", "deep/k.d",
	} {
		contents[path] = ""
	}
	d := home(t, contents)
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), git, args...)
		cmd.Dir = d.Home()
		cmd.Env = []string{"HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES=" + filepath.Dir(d.Home())}
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return string(out)
	}
	run("init", "-q")
	var want []string
	for _, path := range strings.Split(run("ls-files", "-z", "--others", "--exclude-standard"), "\x00") {
		if path != "" {
			want = append(want, path)
		}
	}
	slices.Sort(want)
	got := walked(t, d, Options{Hidden: true})
	for _, path := range got {
		if !slices.Contains(want, path) {
			t.Errorf("%q is ignored by git and not here", path)
		}
	}
	for _, path := range want {
		if !slices.Contains(got, path) {
			t.Errorf("%q is ignored here and not by git", path)
		}
	}
	if len(want) < 20 || len(want) > len(contents)-20 {
		t.Errorf("git lists %d of %d: this says little", len(want), len(contents))
	}
}

func TestGlobs(t *testing.T) {
	t.Parallel()
	d := home(t, map[string]string{"a.py": "", "b.ts": "", "src/c.py": "", "src/d/e.tsx": "", "lib/src/f.py": "", "x/y/z.txt": ""})
	for _, c := range []struct{ include, exclude, want string }{
		{"", "", "a.py b.ts lib/src/f.py src/c.py src/d/e.tsx x/y/z.txt"},
		{"*.py", "", "a.py lib/src/f.py src/c.py"},
		{"*.{ts,tsx}", "", "b.ts src/d/e.tsx"},
		{"src", "", "lib/src/f.py src/c.py src/d/e.tsx"},
		{"src/**", "", "src/c.py src/d/e.tsx"},
		{"/src", "", "src/c.py src/d/e.tsx"},
		{"./src/", "", "src/c.py src/d/e.tsx"},
		{"src/*.py", "", "src/c.py"},
		{"**/src/*.py", "", "lib/src/f.py src/c.py"},
		{"x/y", "", "x/y/z.txt"},
		{" , a.py ,,", "", "a.py"},
		{"", "*.py, src/", "b.ts x/y/z.txt"},
		{"*.py", "lib", "a.py src/c.py"},
		{"?.py", "[b-z].py", "a.py"},
	} {
		got := strings.Join(walked(t, d, Options{Include: c.include, Exclude: c.exclude}), " ")
		if got != c.want {
			t.Errorf("include %q, exclude %q: got %s, want %s", c.include, c.exclude, got, c.want)
		}
	}
}

// FuzzIgnore holds that no .gitignore file breaks a search, and that none but a
// negated line can say that something is wanted.
func FuzzIgnore(f *testing.F) {
	f.Add([]byte("*.log\n!a/**/b\n[!x-z]?\\*\n"), "a/x/b")
	f.Add([]byte("[[:alpha:]\n[a-\n**/\n\\"), "a")
	f.Fuzz(func(t *testing.T, b []byte, path string) {
		if path == "" || strings.HasPrefix(path, "/") {
			return
		}
		rules := parseIgnore(b)
		for _, r := range rules {
			if r.re == nil && r.exact == "" && r.suffix == "" {
				t.Errorf("a rule of %q matches nothing", b)
			}
		}
		_ = ignored([]layer{{"", rules}}, path, true) // it must return
		if _, err := parseGlobs("include", string(b)); err == nil && len(b) > 4*maxGlob {
			t.Error("a list that is too long is taken")
		}
	})
}

func FuzzCandidates(f *testing.F) {
	f.Add([]byte("./a\x00./b c\n\x00cut"))
	f.Add([]byte("\x00\x00./"))
	f.Fuzz(func(t *testing.T, b []byte) {
		may := parseCandidates(b)
		if n := strings.Count(string(b), "\x00"); len(may) > n {
			t.Errorf("%d names from %d", len(may), n)
		}
	})
}

// FuzzLineForm holds that what is looked for in many lines finds at least what the
// pattern finds in one of them: here, and by rg where it is installed.
func FuzzLineForm(f *testing.F) {
	f.Add(`(a+)+$`, "xx\naaa\n", true)
	f.Add(`^\bfoo[^x]\B?`, "foo bar\r\n", false)
	f.Add(`caf.\z`, "caf\xe9", true)
	f.Add(`(?i:ſ)|\pL{2}|[^\d]`, "K\u212a", true)
	rg := findRipgrep()
	f.Fuzz(func(t *testing.T, text, content string, capitals bool) {
		p, err := Compile(Query{Text: text, Regex: true, Case: capitals})
		if err != nil || strings.ContainsRune(content, 0) || strings.HasPrefix(content, "\xef\xbb\xbf") || strings.HasPrefix(content, "\xff\xfe") || strings.HasPrefix(content, "\xfe\xff") {
			return
		}
		hit := false
		for line := range strings.Lines(content) {
			all, _ := p.find(trimEnd([]byte(line)))
			hit = hit || len(all) > 0
		}
		s := scan{pattern: p, most: 10}
		if err := s.read(context.Background(), strings.NewReader(content)); err != nil || (len(s.matches) > 0) != hit {
			t.Errorf("%q in %q: found %v, %v; line by line %v", text, content, s.matches, err, hit)
		}
		if rg == "" || !hit {
			return
		}
		d := home(t, map[string]string{"file": content})
		r := newRipgrep(t.Context(), rg, d.Home(), p)
		if r != nil && len(r.candidates(t.Context(), []string{"file"})) == 0 {
			t.Errorf("rg does not find %q in %q as %q", text, content, r.form)
		}
	})
}
