package notebook

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// cells writes the list of cells; at is the node of the old one.
func (w *writer) cells(at, depth int) {
	if len(w.n.Cells) == 0 {
		if at >= 0 && w.is(at, array) && len(slices.Collect(w.kids(at))) == 0 {
			w.keep(at)
			w.kept = true
			return
		}
		w.b = append(w.b, "[]"...)
		return
	}
	nodes := w.match(at)
	start := len(w.b)
	w.b = append(w.b, '[')
	same := at >= 0
	for i := range w.n.Cells {
		w.separate(i, depth+1)
		same = w.cell(&w.n.Cells[i], nodes[i], depth+1) && same
	}
	w.line(depth)
	w.b = append(w.b, ']')
	if same && inOrder(nodes) && len(nodes) == len(slices.Collect(w.kids(at))) {
		w.b = w.b[:start] // also what is between them stays
		w.keep(at)
		w.kept = true
	}
}

func inOrder(nodes []int) bool {
	return slices.IsSorted(nodes) && !slices.Contains(nodes, -1)
}

// match finds for each cell the node that it was, -1 for none.
func (w *writer) match(at int) []int {
	nodes := make([]int, len(w.n.Cells))
	for i := range nodes {
		nodes[i] = -1
	}
	if at < 0 || !w.is(at, array) {
		return nodes
	}
	r := reader{tree: w.tree, n: New(), seen: map[string]bool{}}
	old := slices.Collect(w.kids(at))
	read := make([]Cell, len(old))
	for i, node := range old {
		if w.is(node, object) {
			read[i] = r.outline(node)
		}
	}
	for i, j := range Match(read, w.n.Cells) {
		if j >= 0 {
			nodes[i] = old[j]
		}
	}
	return nodes
}

// cell writes a cell and reports whether it is what the node says.
func (w *writer) cell(c *Cell, at, depth int) bool {
	if at >= 0 && w.sameCell(c, at) {
		w.keep(at)
		return true
	}
	v := wanted{}
	maps.Copy(v, c.Extra)
	if c.ID != "" && w.withIDs() {
		v["id"] = c.ID
	}
	v["cell_type"] = c.Type
	v["metadata"] = c.Metadata
	v["source"] = lined(c.Source)
	if c.Attachments != nil {
		all := map[string]any{}
		for name, data := range c.Attachments {
			all[name] = bundle(data)
		}
		v["attachments"] = all
	}
	if c.Type == Code {
		v["execution_count"] = c.Count
		v["outputs"] = outputs(c.Outputs)
	}
	w.object(v, at, depth)
	return false
}

func (w *writer) withIDs() bool { return w.n.Format > 4 || w.n.Minor >= 5 }

// sameCell reports whether the node reads as the cell, whatever is broken in it. An
// id that the file lacks and must not have does not count.
func (w *writer) sameCell(c *Cell, at int) bool {
	if !w.is(at, object) {
		return false
	}
	if s, _ := w.lines(w.member(at, "source")); s != c.Source {
		return false // the usual difference is quickly found
	}
	r := reader{tree: w.tree, n: New(), seen: map[string]bool{}}
	was := r.one(at)
	if !w.withIDs() {
		was.ID = c.ID
	}
	return was.Equal(c)
}

// Equal reports whether two cells say the same. NaN is equal to itself.
func (c *Cell) Equal(o *Cell) bool {
	return c.ID == o.ID && c.Type == o.Type && c.Source == o.Source && Same(c.Count, o.Count) &&
		sameMap(c.Metadata, o.Metadata) && sameMap(c.Attachments, o.Attachments) && sameMap(c.Extra, o.Extra) &&
		slices.EqualFunc(c.Outputs, o.Outputs, sameMap)
}

func sameMap(a, b map[string]any) bool { return maps.EqualFunc(a, b, Same) }

// Same reports whether two values of JSON are equal. NaN is equal to itself.
func Same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && sameMap(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Same)
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || a != a && b != b)
	}
	return reflect.DeepEqual(a, b)
}

// outputs are the outputs as they are written: texts by lines.
func outputs(all []map[string]any) []any {
	list := make([]any, len(all))
	for i, o := range all {
		out := maps.Clone(o)
		if s, ok := out["text"].(string); ok && out["output_type"] == "stream" {
			out["text"] = lined(s)
		}
		if out["output_type"] == "display_data" || out["output_type"] == "execute_result" {
			out["data"] = bundle(out["data"])
		}
		list[i] = out
	}
	return list
}

// bundle are the data of some media types as they are written.
func bundle(v any) any {
	data, ok := v.(map[string]any)
	if !ok {
		return v
	}
	data = maps.Clone(data)
	for k, v := range data {
		if s, ok := v.(string); ok && (strings.HasPrefix(k, "text/") || k == "application/javascript" || k == "image/svg+xml") {
			data[k] = lined(s)
		} else if ok && !isJSON(k) {
			data[k] = loose(s)
		}
	}
	return data
}
