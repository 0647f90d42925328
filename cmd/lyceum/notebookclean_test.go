package main

import (
	"strings"
	"testing"
)

func TestCleanNotebook(t *testing.T) {
	t.Parallel()
	cell := `{"cell_type":"code","id":"a","source":"1","metadata":{"execution":{"x":1},"tags":["t"]},"outputs":[{"output_type":"stream","name":"stdout","text":"1"}],"execution_count":3}`
	clean := `{"cell_type":"code","id":"a","source":"1","metadata":{"tags":["t"]},"outputs":[],"execution_count":null}`
	whole := func(cell string) string {
		return `{"cells":[` + cell + `],"metadata":{},"nbformat":4,"nbformat_minor":5}` + "\n"
	}
	for name, c := range map[string]struct{ in, want string }{
		"outputs":    {whole(cell), whole(clean)},
		"clean":      {whole(clean), whole(clean)},
		"none":       {"text\n", "text\n"},
		"empty":      {"", ""},
		"cut off":    {whole(cell)[:90], whole(cell)[:90]},
		"conflicted": {"<<<<<<< a\n" + whole(cell), "<<<<<<< a\n" + whole(cell)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if err := cleanNotebook(strings.NewReader(c.in), &out); err != nil || out.String() != c.want {
				t.Errorf("got %q, %v, want %q", out.String(), err, c.want)
			}
		})
	}
}
