package notebook

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
)

// lined is a string that is written as a list of its lines.
type lined string

// loose is a string that is written as one, and that a file may have as lines.
type loose string

// Write returns the text of the notebook's file, which now has the text base; ""
// when there is none. Cells without an id are written without one: give them ids
// before, if the format wants them.
func (n *Notebook) Write(base string) string {
	w := writer{style: usual}
	root := -1
	if strings.TrimSpace(base) != "" {
		t, broken := parse(base)
		w.tree = t
		if w.style = styleOf(t); broken == nil && len(t.nodes) > 0 && t.nodes[0].kind == object {
			root = 0
		}
	}
	if root == 0 {
		w.b = append(w.b, base[:w.nodes[0].start]...)
	}
	w.n = n
	w.root(root)
	if root == 0 && w.kept && w.sameRoot() {
		return base
	}
	return string(append(w.b, w.end...))
}

type writer struct {
	*tree // of the text that the file has
	style
	n    *Notebook
	b    []byte
	kept bool // the cells are what the file has
}

// wanted is what an object is to hold; values may be lined, or a func that writes.
type wanted = map[string]any

type write func(at, depth int)

func (w *writer) root(at int) {
	v := wanted{}
	maps.Copy(v, w.n.Extra)
	v["nbformat"] = float64(w.n.Format)
	v["nbformat_minor"] = float64(w.n.Minor)
	v["metadata"] = w.n.Metadata
	v["cells"] = write(w.cells)
	w.object(v, at, 0)
}

// sameRoot reports whether beside the cells the file says what the notebook does.
func (w *writer) sameRoot() bool {
	n := 2 + len(w.n.Extra)
	for k, v := range w.n.Extra {
		if i := w.member(0, k); i < 0 || !w.same(v, i) {
			return false
		}
	}
	for k := range w.members(0) {
		n--
		if k == "cells" || k == "metadata" {
			n++
		}
	}
	format, minor, meta := w.member(0, "nbformat"), w.member(0, "nbformat_minor"), w.member(0, "metadata")
	return n == 0 && w.is(format, number) && w.is(minor, number) && meta >= 0 && w.same(w.n.Metadata, meta) &&
		w.same(float64(w.n.Format), format) && w.same(float64(w.n.Minor), minor)
}

// line begins a line, or continues it where all is on one.
func (w *writer) line(depth int) {
	if w.indent == "" {
		return
	}
	w.b = append(w.b, '\n')
	for range depth {
		w.b = append(w.b, w.indent...)
	}
}

// separate writes what stands before the n-th value of a container.
func (w *writer) separate(n, depth int) {
	switch {
	case n == 0:
	case w.indent != "":
		w.b = append(w.b, ',')
	default:
		w.b = append(w.b, w.comma...)
	}
	w.line(depth)
}

// keep writes a node as it stands in the file.
func (w *writer) keep(at int) { w.b = append(w.b, w.raw(at)...) }

// value writes v. at is the node that stands in its place, or -1.
func (w *writer) value(v any, at, depth int) {
	if f, ok := v.(write); ok {
		f(at, depth)
		return
	}
	if at >= 0 && w.same(v, at) {
		w.keep(at)
		return
	}
	switch v := v.(type) {
	case string:
		w.b = w.appendString(w.b, v)
	case lined:
		w.lined(string(v), at, depth)
	case loose:
		if at >= 0 && w.is(at, array) {
			w.lined(string(v), at, depth)
			return
		}
		w.b = w.appendString(w.b, string(v))
	case []any:
		w.list(v, at, depth)
	case map[string]any:
		w.object(v, at, depth)
	default:
		w.b = append(w.b, scalar(v)...)
	}
}

// scalar writes what is neither text nor a container. What JSON does not know is
// written as Python's json does, or else as null.
func scalar(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "true"
		}
		return "false"
	case float64:
		switch {
		case math.IsNaN(v):
			return "NaN"
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		}
		if b, err := json.Marshal(v); err == nil {
			return string(b)
		}
	}
	return "null"
}

// object writes v with the keys in the order of the node at.
func (w *writer) object(v wanted, at, depth int) {
	keys, nodes := w.order(v, at)
	if len(keys) == 0 {
		w.b = append(w.b, "{}"...)
		return
	}
	w.b = append(w.b, '{')
	for i, k := range keys {
		w.separate(i, depth+1)
		node, ok := nodes[k]
		if !ok {
			w.b = w.appendString(w.b, k)
			node = -1
		} else {
			w.keep(node - 1)
		}
		w.b = append(w.b, w.colon...)
		w.value(v[k], node, depth+1)
	}
	w.line(depth)
	w.b = append(w.b, '}')
}

// order returns the keys of v: those of the node at in its order, new ones where
// they belong if that was the order of their letters, and else behind.
func (w *writer) order(v wanted, at int) (keys []string, nodes map[string]int) {
	nodes = map[string]int{}
	if at >= 0 {
		for k, i := range w.members(at) {
			if _, wants := v[k]; !wants {
				continue
			}
			if _, twice := nodes[k]; !twice {
				keys = append(keys, k)
			}
			nodes[k] = i // of equal keys the last one counts
		}
	}
	sorted := slices.IsSorted(keys)
	for _, k := range slices.Sorted(maps.Keys(v)) {
		if _, ok := nodes[k]; !ok {
			keys = append(keys, k)
		}
	}
	if sorted {
		slices.Sort(keys)
	}
	return keys, nodes
}

// list writes v: what begins and ends like the node at is kept, and what is between
// is compared place by place.
func (w *writer) list(v []any, at, depth int) {
	if len(v) == 0 {
		w.b = append(w.b, "[]"...)
		return
	}
	old := []int{}
	if at >= 0 && w.nodes[at].kind == array {
		old = slices.Collect(w.kids(at))
	}
	head := 0
	for head < min(len(v), len(old)) && w.same(v[head], old[head]) {
		head++
	}
	tail := 0
	for tail < min(len(v), len(old))-head && w.same(v[len(v)-1-tail], old[len(old)-1-tail]) {
		tail++
	}
	w.b = append(w.b, '[')
	for i := range v {
		w.separate(i, depth+1)
		node := -1
		switch {
		case i >= len(v)-tail:
			node = old[len(old)-(len(v)-i)]
		case i < len(old)-tail:
			node = old[i]
		}
		w.value(v[i], node, depth+1)
	}
	w.line(depth)
	w.b = append(w.b, ']')
}

// lined writes a text as the list of its lines, or as one string where the file has
// it so.
func (w *writer) lined(s string, at, depth int) {
	if at >= 0 && w.nodes[at].kind == text {
		w.b = w.appendString(w.b, s)
		return
	}
	all := []any{}
	for _, l := range splitLines(s) {
		all = append(all, l)
	}
	w.list(all, at, depth)
}

// splitLines cuts a text behind its line ends, as Python's splitlines(True) does.
func splitLines(s string) []string {
	var all []string
	start := 0
	for i, r := range s {
		switch r {
		case '\r':
			if strings.HasPrefix(s[i+1:], "\n") {
				continue
			}
			all, start = append(all, s[start:i+1]), i+1
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e:
			all, start = append(all, s[start:i+1]), i+1
		case 0x85:
			all, start = append(all, s[start:i+2]), i+2
		case 0x2028, 0x2029:
			all, start = append(all, s[start:i+3]), i+3
		}
	}
	if start < len(s) {
		all = append(all, s[start:])
	}
	return all
}

// same reports whether the node says v.
func (w *writer) same(v any, at int) bool {
	switch v := v.(type) {
	case lined:
		s, ok := w.lines(at)
		return ok && s == string(v)
	case loose:
		s, ok := w.lines(at)
		return ok && s == string(v)
	case string:
		return w.is(at, text) && w.str(at) == v
	case []any:
		return w.is(at, array) && w.sameList(v, at)
	case map[string]any:
		return w.is(at, object) && w.sameObject(v, at)
	case float64:
		f, ok := parseNumber(w.raw(at))
		return w.is(at, number) && ok && (f == v || f != f && v != v)
	case bool:
		return w.is(at, boolean) && w.raw(at) == scalar(v)
	case nil:
		return w.is(at, null)
	}
	return false
}

func (w *writer) sameList(v []any, at int) bool {
	i := 0
	for k := range w.kids(at) {
		if i >= len(v) || !w.same(v[i], k) {
			return false
		}
		i++
	}
	return i == len(v)
}

func (w *writer) sameObject(v map[string]any, at int) bool {
	n, last := 0, map[string]int{}
	for k, i := range w.members(at) {
		if _, ok := v[k]; !ok {
			return false
		}
		last[k] = i
	}
	for k, i := range last {
		if !w.same(v[k], i) {
			return false
		}
		n++
	}
	return n == len(v)
}
