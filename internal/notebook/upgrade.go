package notebook

// old reads a notebook of format 2 or 3, as 4: what nbformat's upgrade does.
func (r *reader) old(sheets int) {
	r.n.Minor = 5
	if i := r.member(0, "metadata"); r.is(i, object) {
		r.n.Metadata = r.object(i)
	}
	r.n.Metadata["orig_nbformat"] = float64(r.n.From)
	if name, ok := r.n.Metadata["name"].(string); ok && name == "" {
		delete(r.n.Metadata, "name")
	}
	delete(r.n.Metadata, "signature")
	r.problem("The notebook has the old format %d; it is written as 4.5 when it is changed.", r.n.From)
	if !r.is(sheets, array) {
		r.problem("The notebook has no list of cells.")
		return
	}
	for sheet := range r.kids(sheets) {
		if cells := r.member(sheet, "cells"); r.is(cells, array) {
			for i := range r.kids(cells) {
				r.cell = len(r.n.Cells)
				if r.is(i, object) {
					r.n.Cells = append(r.n.Cells, r.oldCell(i))
				}
			}
		}
	}
	r.cell = -1
}

func (r *reader) oldCell(i int) Cell {
	c := Cell{Type: Markdown, Metadata: map[string]any{}}
	if v := r.member(i, "metadata"); r.is(v, object) {
		c.Metadata = r.object(v)
	}
	source := r.member(i, "source")
	kind := ""
	if v := r.member(i, "cell_type"); r.is(v, text) {
		kind = r.str(v)
	}
	switch kind {
	case "code":
		c.Type, c.Outputs = Code, []map[string]any{}
		source = r.member(i, "input")
		if v := r.member(i, "prompt_number"); r.is(v, number) {
			c.Count = r.decode(v)
		}
		if v := r.member(i, "collapsed"); r.is(v, boolean) {
			c.Metadata["collapsed"] = r.decode(v)
		}
		r.oldOutputs(&c, i)
	case "heading", "markdown", "html":
	default:
		c.Type = Raw
	}
	c.Source, _ = r.lines(source)
	if kind == "heading" {
		level, ok := r.whole(r.member(i, "level"))
		if !ok {
			level = 1
		}
		c.Source = "######"[:min(max(level, 1), 6)] + " " + oneLine(c.Source)
	}
	return c
}

func oneLine(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '\n' {
			b[i] = ' '
		}
	}
	return string(b)
}

func (r *reader) oldOutputs(c *Cell, i int) {
	list := r.member(i, "outputs")
	if !r.is(list, array) {
		return
	}
	for o := range r.kids(list) {
		if r.is(o, object) && r.is(r.member(o, "output_type"), text) {
			c.Outputs = append(c.Outputs, r.oldOutput(o))
		}
	}
}

// media are the media types of what format 3 has by short names.
var media = map[string]string{
	"text": "text/plain", "html": "text/html", "svg": "image/svg+xml", "png": "image/png", "jpeg": "image/jpeg",
	"latex": "text/latex", "json": "application/json", "javascript": "application/javascript", "pdf": "application/pdf",
}

func (r *reader) oldOutput(i int) map[string]any {
	kind := r.str(r.member(i, "output_type"))
	switch kind {
	case "stream":
		name := "stdout"
		if v := r.member(i, "stream"); r.is(v, text) {
			name = r.str(v)
		}
		s, _ := r.lines(r.member(i, "text"))
		return map[string]any{"output_type": "stream", "name": name, "text": s}
	case "pyerr", "error":
		out := map[string]any{"output_type": "error"}
		for k, v := range r.members(i) {
			if k == "ename" || k == "evalue" || k == "traceback" {
				out[k] = r.decode(v)
			}
		}
		r.traceback(out)
		return out
	}
	return r.oldData(i, kind)
}

func (r *reader) oldData(i int, kind string) map[string]any {
	data := map[string]any{}
	out := map[string]any{"output_type": "display_data", "data": data, "metadata": map[string]any{}}
	if kind == "pyout" || kind == "execute_result" {
		out["output_type"], out["execution_count"] = "execute_result", nil
	}
	for k, v := range r.members(i) {
		name, short := media[k]
		switch {
		case k == "prompt_number" && r.is(v, number) && out["output_type"] == "execute_result":
			out["execution_count"] = r.decode(v)
		case k == "metadata" && r.is(v, object):
			out["metadata"] = r.object(v)
		case short:
			s, ok := r.lines(v)
			if data[name] = s; !ok {
				data[name] = r.decode(v)
			}
		}
	}
	return out
}
