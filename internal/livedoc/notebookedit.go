package livedoc

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"

	"lyceum/internal/notebook"
	"lyceum/internal/ydoc"
)

// fillNotebook makes a new document of a notebook.
func fillNotebook(tx *ydoc.Tx, y *ydoc.Doc, n *notebook.Notebook) error {
	if err := editMeta(tx, y, n); err != nil {
		return err
	}
	cells := make([]any, len(n.Cells))
	for i := range n.Cells {
		cells[i] = newCell(&n.Cells[i])
	}
	return y.Array(cellsRoot).Push(tx, cells...)
}

// newCell returns the map of a cell; one without an id gets one.
func newCell(c *notebook.Cell) *ydoc.Map {
	id := c.ID
	if id == "" {
		var b [4]byte
		rand.Read(b[:]) // it never fails
		id = hex.EncodeToString(b[:])
	}
	m := map[string]any{}
	maps.Copy(m, c.Extra)
	m["id"], m["cell_type"] = id, c.Type
	m["source"] = ydoc.NewText(c.Source)
	m["metadata"] = ydoc.NewMap(c.Metadata)
	if c.Attachments != nil {
		m["attachments"] = c.Attachments
	}
	if c.Type == notebook.Code {
		m["execution_count"] = c.Count
		m["outputs"] = ydoc.NewArray(newOutputs(c.Outputs)...)
		m[executionState] = "idle"
	}
	return ydoc.NewMap(m)
}

func newOutputs(outputs []map[string]any) []any {
	all := make([]any, len(outputs))
	for i, o := range outputs {
		all[i] = newOutput(o)
	}
	return all
}

// newOutput returns the map of an output. The text of a stream is a shared one, so
// that it grows by what is added.
func newOutput(o map[string]any) *ydoc.Map {
	if s, ok := o["text"].(string); ok && o["output_type"] == "stream" {
		o = maps.Clone(o)
		o["text"] = ydoc.NewText(s)
	}
	return ydoc.NewMap(o)
}

// setValue sets a key unless it has that value.
func setValue(tx *ydoc.Tx, m *ydoc.Map, key string, v any) error {
	if old, ok := m.Get(key); ok && notebook.Same(plain(old), v) {
		return nil
	}
	return m.Set(tx, key, v)
}

// setAll makes the keys of m those of v, but for those in keep.
func setAll(tx *ydoc.Tx, m *ydoc.Map, v map[string]any, keep ...string) error {
	for _, k := range m.Keys() {
		if _, ok := v[k]; !ok && !slices.Contains(keep, k) {
			if err := m.Delete(tx, k); err != nil {
				return err
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(v)) {
		if err := setValue(tx, m, k, v[k]); err != nil {
			return err
		}
	}
	return nil
}

// setMap makes the map under a key say v, by its keys where it is a map already.
func setMap(tx *ydoc.Tx, m *ydoc.Map, key string, v map[string]any) error {
	if old, ok := m.Get(key); ok {
		if inner, ok := old.(*ydoc.Map); ok {
			return setAll(tx, inner, v)
		}
	}
	return m.Set(tx, key, ydoc.NewMap(v))
}

func editMeta(tx *ydoc.Tx, y *ydoc.Doc, n *notebook.Notebook) error {
	m := y.Map(metaRoot)
	v := map[string]any{"nbformat": float64(n.Format), "nbformat_minor": float64(n.Minor)}
	maps.Copy(v, n.Extra)
	if err := setAll(tx, m, v, "metadata"); err != nil {
		return err
	}
	return setMap(tx, m, "metadata", n.Metadata)
}

// editNotebook makes a document say what a notebook says: cells are found again, and
// only what differs in them is edited.
func editNotebook(tx *ydoc.Tx, y *ydoc.Doc, n *notebook.Notebook) error {
	if err := editMeta(tx, y, n); err != nil {
		return err
	}
	list := y.Array(cellsRoot)
	var was []*ydoc.Map
	var old []notebook.Cell
	for _, v := range list.Values() {
		c, ok := v.(*ydoc.Map)
		if was = append(was, c); ok {
			old = append(old, readCell(c))
		} else {
			old = append(old, notebook.Cell{Type: "?"})
		}
	}
	found := notebook.Match(old, n.Cells)
	for i, j := range found {
		if j >= 0 && (was[j] == nil || old[j].Type != n.Cells[i].Type) {
			found[i] = -1 // a cell of another type is another map
		}
	}
	stays := ascending(found)
	for j := len(old) - 1; j >= 0; j-- {
		if !stays[j] {
			if err := list.Delete(tx, j, 1); err != nil {
				return err
			}
		}
	}
	for i, j := range found {
		var err error
		if j >= 0 && stays[j] {
			err = editCell(tx, was[j], &old[j], &n.Cells[i])
		} else {
			c := n.Cells[i]
			if c.ID == "" && j >= 0 {
				c.ID = old[j].ID // it was moved
			}
			err = list.Insert(tx, i, newCell(&c))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ascending returns which of the old places can stay where they are: a longest
// ascending subsequence. An array cannot move what is in it.
func ascending(found []int) map[int]bool {
	var tails []int // indexes into found: of the best end of a subsequence of each length
	before := make([]int, len(found))
	for i, j := range found {
		if j < 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(tails, j, func(k, j int) int { return found[k] - j })
		if before[i] = -1; at > 0 {
			before[i] = tails[at-1]
		}
		if at == len(tails) {
			tails = append(tails, i)
		} else {
			tails[at] = i
		}
	}
	stays := map[int]bool{}
	if len(tails) > 0 {
		for i := tails[len(tails)-1]; i >= 0; i = before[i] {
			stays[found[i]] = true
		}
	}
	return stays
}

// editCell makes the map m of a cell, which says old, say c.
func editCell(tx *ydoc.Tx, m *ydoc.Map, old, c *notebook.Cell) error {
	v := map[string]any{"id": old.ID, "cell_type": c.Type}
	if c.ID != "" {
		v["id"] = c.ID
	}
	maps.Copy(v, c.Extra)
	if c.Attachments != nil {
		v["attachments"] = c.Attachments
	}
	if c.Type == notebook.Code {
		v["execution_count"] = c.Count
	}
	if err := setAll(tx, m, v, "source", "metadata", "outputs", executionState); err != nil {
		return err
	}
	if err := setText(tx, m, "source", c.Source); err != nil {
		return err
	}
	if err := setMap(tx, m, "metadata", c.Metadata); err != nil || c.Type != notebook.Code {
		return err
	}
	if list, ok := m.Get("outputs"); ok {
		if list, ok := list.(*ydoc.Array); ok {
			return editOutputs(tx, list, old.Outputs, c.Outputs)
		}
	}
	return m.Set(tx, "outputs", ydoc.NewArray(newOutputs(c.Outputs)...))
}

// setText makes the shared text under a key say s.
func setText(tx *ydoc.Tx, m *ydoc.Map, key, s string) error {
	if v, ok := m.Get(key); ok {
		if shared, ok := v.(*ydoc.Text); ok {
			if shared.String() == s {
				return nil
			}
			return shared.ReplaceWith(tx, s)
		}
	}
	return m.Set(tx, key, ydoc.NewText(s))
}

// editOutputs makes a list of outputs, which says old, say now: what begins and ends
// it alike stays, and a stream in between that only became another text is edited.
func editOutputs(tx *ydoc.Tx, list *ydoc.Array, old, now []map[string]any) error {
	if list.Len() != len(old) { // it has what is no output
		if err := list.Delete(tx, 0, list.Len()); err != nil {
			return err
		}
		return list.Push(tx, newOutputs(now)...)
	}
	same := func(a, b map[string]any) bool { return notebook.Same(a, b) }
	head := 0
	for head < min(len(old), len(now)) && same(old[head], now[head]) {
		head++
	}
	tail := 0
	for tail < min(len(old), len(now))-head && same(old[len(old)-1-tail], now[len(now)-1-tail]) {
		tail++
	}
	a, b := old[head:len(old)-tail], now[head:len(now)-tail]
	for len(a) > 0 && len(b) > 0 && a[0]["output_type"] == "stream" && b[0]["output_type"] == "stream" && a[0]["name"] == b[0]["name"] {
		if m, ok := list.Get(head).(*ydoc.Map); ok {
			if err := setText(tx, m, "text", str(b[0]["text"])); err != nil {
				return err
			}
			if err := setAll(tx, m, without(b[0], "text"), "text"); err != nil {
				return err
			}
		}
		head, a, b = head+1, a[1:], b[1:]
	}
	if len(a) > 0 {
		if err := list.Delete(tx, head, len(a)); err != nil {
			return err
		}
	}
	if len(b) > 0 {
		return list.Insert(tx, head, newOutputs(b)...)
	}
	return nil
}

func without(m map[string]any, key string) map[string]any {
	m = maps.Clone(m)
	delete(m, key)
	return m
}
