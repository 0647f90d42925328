package kernels

import (
	"maps"
	"reflect"
	"strings"

	"lyceum/internal/ydoc"
)

// The roots and keys of a notebook's document are those of @jupyter/ydoc 4.2.
const (
	metaRoot  = "meta"
	cellsRoot = "cells"

	executionState = "execution_state"
)

// Bounds of the outputs of one cell.
const (
	maxStream  = 4 << 20   // UTF-16 units of one stream; from there on its middle is left out
	keepHead   = 256 << 10 // of which so much of the beginning stays
	keepTail   = 2 << 20   // and so much of the end
	maxOutputs = 25_000    // outputs; of more the oldest but for the first are dropped
	keepFirst  = 1_000
)

// sink is where the outputs of a cell go.
type sink struct {
	stream    *ydoc.Map // the last output, when it is a stream that grows
	name      string
	line      lineState
	cut       int64 // bytes that were left out of the stream
	marked    int   // length of the mark that says so, which stands at keepHead
	total     int   // bytes since the cell began to run
	clearNext bool  // clear_output(wait=True)
}

// cellInfo is what a run needs to know of a cell.
type cellInfo struct {
	id, source string
	code       bool
}

func (c cellInfo) runs() bool { return c.code && strings.TrimSpace(c.source) != "" }

func cellMaps(y *ydoc.Doc) func(yield func(*ydoc.Map) bool) {
	return func(yield func(*ydoc.Map) bool) {
		for _, v := range y.Array(cellsRoot).All() {
			if m, ok := v.(*ydoc.Map); ok && !yield(m) {
				return
			}
		}
	}
}

func idOf(m *ydoc.Map) string {
	v, _ := m.Get("id")
	id, _ := v.(string)
	return id
}

func infoOf(m *ydoc.Map) cellInfo {
	c := cellInfo{id: idOf(m)}
	v, _ := m.Get("cell_type")
	c.code = v == "code"
	switch s, _ := m.Get("source"); s := s.(type) {
	case *ydoc.Text:
		c.source = s.String()
	case string:
		c.source = s
	}
	return c
}

// cellsLocked returns the cells of the notebook.
func (b *book) cellsLocked() (all []cellInfo) {
	b.doc.View(func(y *ydoc.Doc) {
		for m := range cellMaps(y) {
			all = append(all, infoOf(m))
		}
	})
	return all
}

// cellLocked returns the cell of an id.
func (b *book) cellLocked(id string) (c cellInfo, ok bool) {
	b.doc.View(func(y *ydoc.Doc) {
		for m := range cellMaps(y) {
			if idOf(m) == id {
				c, ok = infoOf(m), true
				return
			}
		}
	})
	return c, ok
}

// docWriter writes ops into a document, within a transaction.
type docWriter struct {
	tx    *ydoc.Tx
	y     *ydoc.Doc
	book  *book
	cells map[string]*ydoc.Map
}

// cell returns the map of a cell, nil when it was deleted.
func (w *docWriter) cell(id string) *ydoc.Map {
	if w.cells == nil {
		w.cells = map[string]*ydoc.Map{}
		for m := range cellMaps(w.y) {
			if id := idOf(m); w.cells[id] == nil {
				w.cells[id] = m
			}
		}
	}
	return w.cells[id]
}

func (w *docWriter) all(ops []op) error {
	for i := range ops {
		if err := w.one(&ops[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *docWriter) one(o *op) error {
	switch o.kind {
	case opUpdate:
		return w.update(o)
	case opMeta:
		return w.widgets(o.out)
	}
	m := w.cell(o.cell)
	if m == nil {
		return nil
	}
	switch o.kind {
	case opState:
		return w.state(m, o.text)
	case opBegin:
		return w.begin(m, o)
	case opEnd:
		delete(w.book.sinks, o.cell)
		if err := w.timing(m, o.times); err != nil {
			return err
		}
		w.produced(o.cell, m)
		return w.state(m, stateIdle)
	case opCount:
		if err := w.timing(m, o.times); err != nil {
			return err
		}
		return m.Set(w.tx, "execution_count", o.count)
	}
	return w.output(m, o)
}

func (w *docWriter) state(m *ydoc.Map, s string) error {
	if old, ok := m.Get(executionState); ok && old == s || !ok && s == stateIdle {
		return nil
	}
	return m.Set(w.tx, executionState, s)
}

// begin makes a cell one that has just begun to run.
func (w *docWriter) begin(m *ydoc.Map, o *op) error {
	w.book.sinks[o.cell] = &sink{}
	if list := w.outputs(m); list != nil && list.Len() > 0 {
		if err := list.Delete(w.tx, 0, list.Len()); err != nil {
			return err
		}
	}
	if err := m.Set(w.tx, "execution_count", nil); err != nil {
		return err
	}
	if o.by.Account != "" {
		by := map[string]any{"id": o.by.Account, "name": o.by.Name}
		if err := w.cellMeta(m, "lyceum", map[string]any{"by": by}); err != nil {
			return err
		}
	}
	return w.state(m, stateRunning)
}

func (w *docWriter) timing(m *ydoc.Map, times map[string]any) error {
	if len(times) == 0 {
		return nil
	}
	return w.cellMeta(m, "execution", maps.Clone(times))
}

// cellMeta sets a key of a cell's metadata, unless it says so already.
func (w *docWriter) cellMeta(m *ydoc.Map, key string, v any) error {
	meta, _ := m.Get("metadata")
	inner, ok := meta.(*ydoc.Map)
	if !ok {
		return m.Set(w.tx, "metadata", ydoc.NewMap(map[string]any{key: v}))
	}
	if old, ok := inner.Get(key); ok && reflect.DeepEqual(old, v) {
		return nil
	}
	return inner.Set(w.tx, key, v)
}

// outputs is the list of a cell's outputs, nil when it is none.
func (w *docWriter) outputs(m *ydoc.Map) *ydoc.Array {
	v, _ := m.Get("outputs")
	list, _ := v.(*ydoc.Array)
	return list
}

// output adds an output, or text to one, or removes them.
func (w *docWriter) output(m *ydoc.Map, o *op) error {
	s := w.book.sinks[o.cell]
	if s == nil {
		s = &sink{} // after the end: something runs in the background
		w.book.sinks[o.cell] = s
	}
	list := w.outputs(m)
	if list == nil {
		list = ydoc.NewArray()
		if err := m.Set(w.tx, "outputs", list); err != nil {
			return err
		}
	}
	if o.kind == opClear && o.text == "wait" {
		s.clearNext = true
		return nil
	}
	if o.kind == opClear || s.clearNext {
		s.clearNext, s.stream = false, nil
		if err := list.Delete(w.tx, 0, list.Len()); err != nil || o.kind == opClear {
			return err
		}
	}
	if o.kind == opStream {
		return w.stream(list, s, o)
	}
	s.stream = nil
	s.total += 200
	if err := list.Push(w.tx, ydoc.NewMap(o.out)); err != nil {
		return err
	}
	if n := list.Len(); n > maxOutputs {
		return list.Delete(w.tx, keepFirst, n-maxOutputs)
	}
	return nil
}

// stream adds text to the stream at the end of the outputs, or begins one.
func (w *docWriter) stream(list *ydoc.Array, s *sink, o *op) error {
	s.total += len(o.text) + int(o.cut)
	last, _ := list.Get(list.Len() - 1).(*ydoc.Map)
	if list.Len() == 0 || last == nil || !isStream(last, o.name) {
		s.stream, s.name, s.line, s.cut, s.marked = nil, o.name, lineState{}, 0, 0
		_, add := s.line.write(o.text)
		shared := ydoc.NewText(add)
		s.stream = ydoc.NewMap(map[string]any{"output_type": "stream", "name": o.name, "text": shared})
		if err := list.Push(w.tx, s.stream); err != nil {
			return err
		}
		return w.bound(s)
	}
	v, _ := last.Get("text")
	shared, ok := v.(*ydoc.Text)
	if !ok {
		old, _ := v.(string)
		shared = ydoc.NewText(old)
		if err := last.Set(w.tx, "text", shared); err != nil {
			return err
		}
	}
	if s.stream != last {
		s.stream, s.name, s.cut, s.marked = last, o.name, 0, 0
		s.line = lineOf(shared.String())
	}
	drop, add := s.line.write(o.text)
	if drop > 0 {
		if err := shared.Delete(w.tx, shared.Len()-drop, drop); err != nil {
			return err
		}
	}
	if err := shared.Insert(w.tx, shared.Len(), add); err != nil {
		return err
	}
	return w.bound(s)
}

func isStream(m *ydoc.Map, name string) bool {
	kind, _ := m.Get("output_type")
	is, _ := m.Get("name")
	return kind == "stream" && is == name
}

// bound leaves the middle of a stream out that has become too long.
func (w *docWriter) bound(s *sink) error {
	v, _ := s.stream.Get("text")
	shared, ok := v.(*ydoc.Text)
	if !ok || shared.Len() <= maxStream {
		return nil
	}
	n := shared.Len() - keepTail - keepHead
	s.cut += int64(n - s.marked)
	if err := shared.Delete(w.tx, keepHead, n); err != nil {
		return err
	}
	mark := leftOutMark(s.cut)
	s.marked = unitsOf(mark)
	return shared.Insert(w.tx, keepHead, mark)
}

// update gives all outputs with a display id other data.
func (w *docWriter) update(o *op) error {
	if o.id == "" {
		return nil
	}
	for m := range cellMaps(w.y) {
		list := w.outputs(m)
		if list == nil {
			continue
		}
		for _, v := range list.Values() {
			out, ok := v.(*ydoc.Map)
			if !ok || displayID(out) != o.id {
				continue
			}
			for _, key := range []string{"data", "metadata"} {
				if err := out.Set(w.tx, key, o.out[key]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func displayID(out *ydoc.Map) string {
	v, _ := out.Get("transient")
	t, _ := v.(map[string]any)
	id, _ := t["display_id"].(string)
	return id
}

// clearOutputs removes the outputs of cells.
func clearOutputs(cells []string) func(tx *ydoc.Tx, y *ydoc.Doc) error {
	return func(tx *ydoc.Tx, y *ydoc.Doc) error {
		w := docWriter{tx: tx, y: y}
		for _, id := range cells {
			m := w.cell(id)
			if m == nil {
				continue
			}
			if list := w.outputs(m); list != nil && list.Len() > 0 {
				if err := list.Delete(tx, 0, list.Len()); err != nil {
					return err
				}
			}
			if v, ok := m.Get("execution_count"); ok && v != nil {
				if err := m.Set(tx, "execution_count", nil); err != nil {
					return err
				}
			}
			if meta, _ := m.Get("metadata"); meta != nil {
				if inner, ok := meta.(*ydoc.Map); ok {
					if err := inner.Delete(tx, "execution"); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
}

// setKernel writes kernelspec and language_info into the notebook's metadata: a
// kernel that nobody chose does not replace the one that is named there.
func setKernel(spec, language map[string]any, chosen bool) func(tx *ydoc.Tx, y *ydoc.Doc) error {
	return func(tx *ydoc.Tx, y *ydoc.Doc) error {
		meta := y.Map(metaRoot)
		v, _ := meta.Get("metadata")
		inner, ok := v.(*ydoc.Map)
		if !ok {
			return meta.Set(tx, "metadata", ydoc.NewMap(map[string]any{"kernelspec": spec, "language_info": language}))
		}
		_, named := inner.Get("kernelspec")
		if old, _ := inner.Get("kernelspec"); !named || chosen {
			if o, _ := old.(map[string]any); o["name"] != spec["name"] {
				if err := inner.Set(tx, "kernelspec", spec); err != nil {
					return err
				}
			}
		}
		old, _ := inner.Get("language_info")
		if was, _ := old.(map[string]any); language == nil || was["name"] == language["name"] && was["version"] == language["version"] {
			return nil
		}
		return inner.Set(tx, "language_info", language)
	}
}

// specLocked is the kernel that the notebook names, "" for none.
func (b *book) specLocked() (name string) {
	b.doc.View(func(y *ydoc.Doc) {
		v, _ := y.Map(metaRoot).Get("metadata")
		switch m := v.(type) {
		case *ydoc.Map:
			v, _ = m.Get("kernelspec")
		case map[string]any:
			v = m["kernelspec"]
		}
		spec, _ := v.(map[string]any)
		name, _ = spec["name"].(string)
	})
	return name
}
