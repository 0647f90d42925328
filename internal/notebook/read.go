package notebook

import (
	"fmt"
	"strings"
)

// maxProblems bounds what is told; more of the same help nobody.
const maxProblems = 100

// Read reads a notebook. An empty text is a new one. The error is of kind Invalid:
// the text is no notebook, of a format that is not known, or damaged in its middle,
// so that it should be mended as text.
func Read(s string) (*Notebook, error) {
	if strings.TrimSpace(s) == "" {
		return New(), nil
	}
	r := reader{n: New()}
	t, broken := parse(s)
	r.tree = t
	if broken != nil {
		if err := r.damaged(broken); err != nil {
			return nil, err
		}
	}
	if len(t.nodes) == 0 || t.nodes[0].kind != object {
		return nil, refuse("the file is JSON, but no notebook: it is not an object")
	}
	if err := r.root(); err != nil {
		return nil, err
	}
	return r.n, nil
}

// reader turns a tree into a notebook.
type reader struct {
	*tree
	n    *Notebook
	cell int // that is being read; -1 outside
	seen map[string]bool
}

func (r *reader) problem(format string, args ...any) {
	if len(r.n.Problems) < maxProblems {
		r.n.Problems = append(r.n.Problems, Problem{r.cell, fmt.Sprintf(format, args...)})
	}
}

// missing is a problem unless it comes from another one: the end was cut off.
func (r *reader) missing(format string, args ...any) {
	if !r.n.Lossy {
		r.problem(format, args...)
	}
}

// damaged decides whether a text that is not JSON can be read as far as it goes: if
// no cell stands behind the damage.
func (r *reader) damaged(broken *syntaxError) error {
	r.cell = -1
	line := 1 + strings.Count(r.text[:broken.at], "\n")
	if hasConflict(r.text) {
		return refuse("the file has marks of a merge that is not finished")
	}
	if broken.hard || strings.Contains(r.text[broken.at:], `"cell_type"`) {
		return refuse("the file is damaged in line %d: %s", line, broken.what)
	}
	if len(r.nodes) == 0 || r.member(0, "cells") < 0 && r.member(0, "worksheets") < 0 {
		return refuse("the file is no notebook: in line %d %s", line, broken.what)
	}
	r.n.Lossy = true
	r.problem("The file is damaged in line %d (%s). What stands before was read.", line, broken.what)
	return nil
}

func hasConflict(s string) bool {
	return strings.Contains(s, "\n<<<<<<< ") && strings.Contains(s, "\n>>>>>>> ")
}

// whole returns an integer that a number may be.
func (r *reader) whole(i int) (int, bool) {
	if !r.is(i, number) {
		return 0, false
	}
	f, _ := parseNumber(r.raw(i))
	if n := int(f); f >= 0 && f < 1000 && float64(n) == f {
		return n, true
	}
	return 0, false
}

func (r *reader) root() error {
	r.cell, r.seen = -1, map[string]bool{}
	cells, sheets := r.member(0, "cells"), r.member(0, "worksheets")
	format, ok := r.whole(r.member(0, "nbformat"))
	minor, hasMinor := r.whole(r.member(0, "nbformat_minor"))
	if !ok {
		if !r.is(cells, array) && !r.is(sheets, array) {
			return refuse("the file is JSON, but no notebook: it has no cells")
		}
		format = 4
		if cells < 0 {
			format = 3
		}
		r.missing("The file does not say which format it has; %d was assumed.", format)
	}
	switch {
	case format > 4:
		return refuse("the notebook's format, %d, is newer than what is known here", format)
	case format < 2:
		return refuse("the notebook's format, %d, is too old", format)
	case format < 4:
		r.n.From = format
		r.old(sheets)
		return nil
	}
	if r.n.Minor = minor; !hasMinor {
		r.n.Minor = 5
		r.missing("The file does not say which minor format it has; 5 was assumed.")
	} else if minor > 5 {
		r.problem("The notebook's format, 4.%d, is newer than what is known here; what is not understood is kept as it is.", minor)
	}
	r.meta(r.member(0, "metadata"))
	r.extra()
	switch {
	case r.is(cells, array):
		r.cells(cells)
	case cells >= 0:
		return refuse("the file is no notebook: its cells are no list")
	default:
		r.problem("The notebook has no list of cells.")
	}
	r.cell = -1
	return nil
}

func (r *reader) meta(i int) {
	switch {
	case r.is(i, object):
		r.n.Metadata = r.object(i)
	case i >= 0:
		r.problem("The notebook's metadata is no object and was left out.")
	default:
		r.missing("The notebook has no metadata.")
	}
}

func (r *reader) extra() {
	for k, v := range r.members(0) {
		switch k {
		case "cells", "metadata", "nbformat", "nbformat_minor":
		default:
			if r.n.Extra == nil {
				r.n.Extra = map[string]any{}
			}
			r.n.Extra[k] = r.decode(v)
		}
	}
}

func (r *reader) cells(list int) {
	for i := range r.kids(list) {
		r.cell = len(r.n.Cells)
		if !r.is(i, object) {
			r.cell = -1
			r.problem("Something in the list of cells is no cell and was left out.")
			r.n.Lossy = true
			continue
		}
		c := r.one(i)
		switch {
		case c.ID == "" && r.n.Minor >= 5:
			r.problem("The cell has no valid id; it gets one when the notebook is written.")
		case c.ID != "" && r.seen[c.ID]:
			r.problem("Another cell has the same id; this one gets a new one when the notebook is written.")
			c.ID = ""
		}
		r.seen[c.ID] = true
		r.n.Cells = append(r.n.Cells, c)
	}
}

// one reads a cell.
func (r *reader) one(i int) Cell {
	c := Cell{Type: Raw, Metadata: map[string]any{}}
	for k, v := range r.members(i) {
		switch k {
		case "id":
			if r.is(v, text) && validID(r.str(v)) {
				c.ID = r.str(v)
			}
		case "cell_type":
			c.Type = r.cellType(v)
		case "source":
			s, ok := r.lines(v)
			if !ok {
				r.problem("The cell's source is no text and was left out.")
			}
			c.Source = s
		case "metadata":
			if !r.is(v, object) {
				r.problem("The cell's metadata is no object and was left out.")
				continue
			}
			c.Metadata = r.object(v)
		case "outputs", "execution_count":
		case "attachments":
			c.Attachments = r.attachments(v)
		default:
			if c.Extra == nil {
				c.Extra = map[string]any{}
			}
			c.Extra[k] = r.decode(v)
		}
	}
	r.lacks(i)
	if c.Type == Code {
		r.code(&c, i)
	}
	return c
}

// outline reads of a cell what tells it from others.
func (r *reader) outline(i int) (c Cell) {
	if v := r.member(i, "id"); r.is(v, text) && validID(r.str(v)) {
		c.ID = r.str(v)
	}
	if c.Type = Raw; r.is(r.member(i, "cell_type"), text) {
		c.Type = r.cellType(r.member(i, "cell_type"))
	}
	c.Source, _ = r.lines(r.member(i, "source"))
	return c
}

func (r *reader) lacks(i int) {
	for _, k := range []string{"cell_type", "source", "metadata"} {
		if r.member(i, k) < 0 {
			r.problem("The cell has no %s.", k)
		}
	}
}

func (r *reader) cellType(i int) string {
	name := "?"
	if r.is(i, text) {
		name = r.str(i)
	}
	switch name {
	case Code, Markdown, Raw:
		return name
	}
	r.problem("The cell is of a type that is not known (%.40q) and is shown as a raw one.", name)
	return Raw
}

func (r *reader) code(c *Cell, i int) {
	if v := r.member(i, "execution_count"); r.is(v, number) {
		c.Count = r.decode(v)
	} else if v >= 0 && r.nodes[v].kind != null {
		r.problem("The cell's execution count is no number and was left out.")
	}
	c.Outputs = []map[string]any{}
	list := r.member(i, "outputs")
	if list < 0 || !r.is(list, array) {
		r.problem("The cell's outputs are no list and were left out.")
		return
	}
	for o := range r.kids(list) {
		if out := r.output(o); out != nil {
			c.Outputs = append(c.Outputs, out)
		}
	}
}

// output reads an output; nil if it is none.
func (r *reader) output(i int) map[string]any {
	if !r.is(i, object) || !r.is(r.member(i, "output_type"), text) {
		r.problem("Something in the cell's outputs is no output and was left out.")
		return nil
	}
	out := r.object(i)
	switch out["output_type"] {
	case "stream":
		s, ok := r.lines(r.member(i, "text"))
		if !ok {
			r.problem("A stream among the outputs has no text.")
		}
		out["text"] = s
		if _, ok := out["name"].(string); !ok {
			out["name"] = "stdout"
			r.problem("A stream among the outputs has no name; it was taken for stdout.")
		}
	case "display_data", "execute_result":
		if _, ok := out["metadata"].(map[string]any); !ok {
			out["metadata"] = map[string]any{}
		}
		if _, ok := out["data"].(map[string]any); !ok {
			out["data"] = map[string]any{}
			r.problem("An output has no data.")
		}
		if v := r.member(i, "data"); v >= 0 {
			r.join(out["data"].(map[string]any), v)
		}
	case "error":
		r.traceback(out)
	default:
		r.problem("An output is of a type that is not known (%.40q).", out["output_type"])
	}
	return out
}

func (r *reader) traceback(out map[string]any) {
	for _, k := range []string{"ename", "evalue"} {
		if _, ok := out[k].(string); !ok {
			out[k] = ""
		}
	}
	lines, ok := out["traceback"].([]any)
	for _, l := range lines {
		if _, is := l.(string); !is {
			ok = false
		}
	}
	if !ok {
		r.problem("An error among the outputs has no traceback.")
		out["traceback"] = []any{}
	}
}

// join makes one string of what stands as lines in a set of media types.
func (r *reader) join(data map[string]any, i int) {
	for k, v := range r.members(i) {
		if !r.is(v, array) || isJSON(k) {
			continue
		}
		if s, ok := r.lines(v); ok {
			data[k] = s
		}
	}
}

// isJSON reports whether the data of a media type is JSON rather than text.
func isJSON(media string) bool {
	return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

func (r *reader) attachments(i int) map[string]any {
	if !r.is(i, object) {
		r.problem("The cell's attachments are no object and were left out.")
		return nil
	}
	all := r.object(i)
	for k, v := range r.members(i) {
		if data, ok := all[k].(map[string]any); ok && r.is(v, object) {
			r.join(data, v)
		}
	}
	return all
}

// validID reports whether s is an id of a cell as nbformat 4.5 wants it, or near
// enough to be kept.
func validID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
