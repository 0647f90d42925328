package search

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lyceum/internal/lyceum"
)

func paths(n Names) []string {
	all := []string{}
	for _, i := range n.Items {
		all = append(all, i.Path)
	}
	return all
}

func TestNamesRanking(t *testing.T) {
	t.Parallel()
	x := &index{}
	for _, p := range []string{
		"src/search/index.ts", "src/search/side_bar.tsx", "src/sidebar.tsx", "docs/search.md", "research.txt", "src/a/b/research/notes.md", "SearchBox.tsx", "src/QuickSearch.ts",
		"main.py", "src/main.py", "old/main.py.bak", "domain.py", "Übung/Résumé.tex", "a/same", "b/same", "c/same", ".env", "x/.env",
	} {
		x.add(p, false)
	}
	x.add("src", true)
	for _, c := range []struct {
		q    NamesQuery
		want []string // the first ones
	}{
		{NamesQuery{Text: "main.py"}, []string{"main.py", "src/main.py", "old/main.py.bak", "domain.py"}},
		{NamesQuery{Text: "main"}, []string{"main.py", "src/main.py", "old/main.py.bak", "domain.py"}},
		{NamesQuery{Text: "search"}, []string{"docs/search.md", "SearchBox.tsx", "src/QuickSearch.ts", "research.txt", "src/search/index.ts"}},
		{NamesQuery{Text: "sb"}, []string{"SearchBox.tsx", "src/search/side_bar.tsx"}},
		{NamesQuery{Text: "search index"}, []string{"src/search/index.ts"}},
		{NamesQuery{Text: "src/main"}, []string{"src/main.py"}},
		{NamesQuery{Text: "resume"}, []string{"Übung/Résumé.tex"}},
		{NamesQuery{Text: "RE\u0301SUM"}, []string{"Übung/Résumé.tex"}},
		{NamesQuery{Text: "same", Recent: []string{"c/same", "b/same"}}, []string{"c/same", "b/same", "a/same"}},
		{NamesQuery{Text: "", Recent: []string{"c/same", "src/main.py"}}, []string{"c/same", "src/main.py"}},
		{NamesQuery{Text: "env"}, []string{}},
		{NamesQuery{Text: "env", Hidden: true}, []string{".env", "x/.env"}},
		{NamesQuery{Text: "src", Folders: true}, []string{"src"}},
		{NamesQuery{Text: "zzz"}, []string{}},
	} {
		got := paths(x.find(c.q))
		if len(c.want) == 0 && len(got) > 0 || len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want) {
			t.Errorf("%+v: got %q, want first %q", c.q, got, c.want)
		}
	}
	limited := x.find(NamesQuery{Text: "s", Limit: 3})
	if len(limited.Items) != 3 || !limited.More {
		t.Errorf("with a limit of 3: %+v", limited)
	}
}

func TestNamesOfAProject(t *testing.T) {
	t.Parallel()
	d := home(t, map[string]string{"a.py": "", "caf\xe9.py": "", "node_modules/a.py": "", "x/.git/a.py": "", state + "/a.py": "", ".config/a.py": "", "x/a.py": ""})
	if err := os.Symlink("a.py", filepath.Join(d.Home(), "link.py")); err != nil {
		t.Fatal(err)
	}
	s := New(d, state)
	got, err := s.Names(t.Context(), NamesQuery{Text: "py"})
	if want := []string{"a.py", "x/a.py", "link.py"}; err != nil || !slices.Equal(paths(got), want) {
		t.Errorf("got %q, %v; want %q", paths(got), err, want)
	}
	got, err = s.Names(t.Context(), NamesQuery{Text: "a.py", Hidden: true})
	if want := []string{"a.py", "x/a.py", ".config/a.py"}; err != nil || !slices.Equal(paths(got), want) {
		t.Errorf("with hidden ones: got %q, %v; want %q", paths(got), err, want)
	}
	s.Close()
	if _, err := s.Names(t.Context(), NamesQuery{Text: "a"}); !lyceum.IsKind(err, lyceum.Unavailable) {
		t.Errorf("after Close: %v", err)
	}
}

// TestNamesAreForgotten watches the memory of names over time.
func TestNamesAreForgotten(t *testing.T) {
	d := home(t, map[string]string{"old": ""})
	synctest.Test(t, func(t *testing.T) {
		s := New(d, state)
		defer s.Close()
		known := func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.names != nil
		}
		ask := func() []string {
			n, err := s.Names(t.Context(), NamesQuery{})
			if err != nil {
				t.Fatal(err)
			}
			return paths(n)
		}
		ask()
		if err := os.WriteFile(filepath.Join(d.Home(), "new"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := ask(); !slices.Equal(got, []string{"old"}) {
			t.Errorf("at once: %q, want what is remembered", got)
		}
		<-time.After(staleFor + 1) // of the bubble
		if got := ask(); !slices.Equal(got, []string{"new", "old"}) {
			t.Errorf("later: %q", got)
		}
		<-time.After(keepNames - 1)
		if !known() {
			t.Error("forgotten too early")
		}
		<-time.After(2)
		synctest.Wait()
		if known() {
			t.Error("still remembered after a minute")
		}
	})
}

func BenchmarkNames(b *testing.B) {
	x := &index{}
	for i := range 100_000 {
		x.add(fmt.Sprintf("project/module_%03d/component_%02d/TestFile%05d.tsx", i%500, i%37, i), false)
	}
	for _, q := range []string{"file99", "mod tf", "tf99x", "zzz", ""} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				x.find(NamesQuery{Text: q})
			}
		})
	}
}
