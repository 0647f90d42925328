package search

import (
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	pattern := func(s string) Query { return Query{Text: s, Regex: true, Case: true} }
	plain := func(s string) Query { return Query{Text: s, Case: true} }
	for _, c := range []struct {
		name    string
		q       Query
		with    string
		in, out string
		n       int
		places  []Place
	}{
		{"text", plain("a"), "$1\\n", "banana\nx\n", "b$1\\nn$1\\nn$1\\n\nx\n", 3, nil},
		{"nothing", plain("q"), "z", "banana", "banana", 0, nil},
		{"away", plain("na"), "", "banana\nna\n", "ba\n\n", 3, nil},
		{"no capitals", Query{Text: "NA"}, "x", "bananA", "baxx", 2, nil},
		{"words", Query{Text: "na", Word: true}, "x", "na banana na.", "x banana x.", 2, nil},
		{"groups", pattern(`(\w+)-(?P<to>\w+)`), "${to}=$1;$0;$&;$$;$$1", "ab-cd!", "cd=ab;ab-cd;ab-cd;$;$1!", 1, nil},
		{"a group of two digits", pattern(`(a)(b)`), "$12|$2", "ab", "a2|b", 1, nil},
		{"a group that is not there", pattern(`(a)|(b)`), "[$1$2]", "ab", "[a][b]", 2, nil},
		{"escapes", pattern(`,`), `\n\t\\\d$`, "a,b", "a\n\t\\\\d$b", 1, nil},
		{"line ends", pattern(`, ?`), `\n`, "a, b\r\nc,d\ne,f", "a\r\nb\r\nc\nd\ne\nf", 3, nil},
		{"byte order mark", pattern(`^a`), "b", "\xef\xbb\xbfa", "\xef\xbb\xbfb", 1, nil},
		{"ends of lines", pattern(`\s+$`), "", "a  \r\nb\t\nc", "a\r\nb\nc", 2, nil},
		{"empty matches", pattern(`x*`), "-", "axxb", "a-b", 1, nil},
		{"one place", plain("a"), "o", "😀 a a\na a\n", "😀 a o\no a\n", 2, []Place{{1, 6}, {2, 1}}},
	} {
		p, err := Compile(c.q)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		with, err := p.Template(c.with)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		out, n, err := p.Replace(t.Context(), []byte(c.in), with, c.places, 1<<20)
		if err != nil || string(out) != c.out || n != c.n {
			t.Errorf("%s: got %q, %d, %v; want %q, %d", c.name, out, n, err, c.out, c.n)
		}
	}
}

func TestReplaceRefuses(t *testing.T) {
	t.Parallel()
	p, err := Compile(Query{Text: `a.*b|a`, Regex: true})
	if err != nil {
		t.Fatal(err)
	}
	with, err := p.Template("xx")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, in string
		places   []Place
		kind     lyceum.Kind
		says     string
	}{
		{"a binary file", "a\x00", nil, lyceum.Invalid, "binary"},
		{"another encoding", "caf\xe9", nil, lyceum.Invalid, "not UTF-8"},
		{"a match that is gone", "a\n", []Place{{1, 1}, {2, 1}}, lyceum.Conflict, "not there any more"},
		{"too much", strings.Repeat("a\n", 600), nil, lyceum.TooLarge, "larger than"},
		{"a long line", strings.Repeat("a", 5<<20), nil, lyceum.Invalid, "too long"},
		{"many in a line", strings.Repeat("a", 2000), nil, lyceum.Invalid, "so long that"},
	} {
		_, _, err := p.Replace(t.Context(), []byte(c.in), with, c.places, 1000)
		if !lyceum.IsKind(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %v that says %q", c.name, err, c.kind, c.says)
		}
	}
	for _, bad := range []string{"$1", "${x}", "${", "${}", "\xff", "a\x00", strings.Repeat("x", 4001)} {
		if _, err := p.Template(bad); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("the replacement %.20q: %v, want invalid", bad, err)
		}
	}
}

// FuzzReplace holds that replacing each match by itself changes nothing, and that
// the places that a search tells are those where it replaces.
func FuzzReplace(f *testing.F) {
	f.Add("a+", "banana\r\nx", true, false)
	f.Add("[^a]", "😀\xef\xbb\xbf", false, true)
	f.Add(`\b`, "\r\r\n", true, true)
	f.Fuzz(func(t *testing.T, text, content string, regex, word bool) {
		p, err := Compile(Query{Text: text, Regex: regex, Word: word})
		if err != nil || len(content) > 10_000 {
			return
		}
		with := &Template{parts: []part{{"", 0}}}
		out, n, err := p.Replace(t.Context(), []byte(content), with, nil, 1<<20)
		if err != nil {
			return
		}
		if string(out) != content {
			t.Fatalf("%q by itself makes %q of %q", text, out, content)
		}
		s := scan{pattern: p, most: 1 << 20}
		if err := s.read(t.Context(), strings.NewReader(content)); err != nil || len(s.matches) != n {
			t.Fatalf("%q in %q: found %d, %v; replaced %d", text, content, len(s.matches), err, n)
		}
		var places []Place
		for _, m := range s.matches {
			places = append(places, Place{m.Line, m.Column})
		}
		if len(places) == 0 {
			return
		}
		if _, again, err := p.Replace(t.Context(), []byte(content), with, places, 1<<20); err != nil || again != n {
			t.Errorf("%q in %q at the places that were told: %d, %v; want %d", text, content, again, err, n)
		}
	})
}
