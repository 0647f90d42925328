package livedoc

import (
	"strings"
	"testing"

	"lyceum/internal/notebook"
)

// TestBlend blends what two made of one text, by lines and by cells.
func TestBlend(t *testing.T) {
	t.Parallel()
	book := func(cells ...string) string {
		n := notebook.New()
		for _, c := range cells {
			id, source, _ := strings.Cut(c, "=")
			n.Cells = append(n.Cells, notebook.Cell{ID: id, Type: notebook.Code, Source: source, Metadata: map[string]any{}})
		}
		return n.Write("")
	}
	for _, c := range []struct {
		name                     string
		m                        model
		base, mine, theirs, want string
	}{
		{"two places", textModel{}, "one\ntwo\nthree\n", "ONE\ntwo\nthree\n", "one\ntwo\nthree\nfour\n", "ONE\ntwo\nthree\nfour\n"},
		{"both at one place", textModel{}, "ab", "aXb", "aYb", "aYXb"},
		{"mine alone", textModel{}, "ab", "a", "ab", "a"},
		{"theirs alone", textModel{}, "ab", "ab", "b", "b"},
		{"both the same", textModel{}, "ab", "b", "b", "b"},
		{"cells", &notebookModel{}, book("a=1", "b=2", "c=3"), book("a=1+1", "b=2", "c=3"), book("a=1", "c=3+3", "d=4"), book("a=1+1", "c=3+3", "d=4")},
		{"in one cell", &notebookModel{}, book("a=x = 1\n"), book("a=x = 1\ny = 2\n"), book("a=x = 10\n"), book("a=x = 10\ny = 2\n")},
	} {
		if got, err := blend(c.m, c.base, c.mine, c.theirs); err != nil || got != c.want {
			t.Errorf("%s: got %q and %v, want %q", c.name, got, err, c.want)
		}
	}
}
