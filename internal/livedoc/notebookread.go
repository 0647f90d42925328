package livedoc

import (
	"encoding/base64"
	"fmt"
	"maps"

	"lyceum/internal/notebook"
	"lyceum/internal/ydoc"
)

// The roots of a notebook's document and the keys of a cell.
const (
	metaRoot  = "meta"
	cellsRoot = "cells"

	executionState = "execution_state" // of a cell: idle, queued or running; not in the file
)

func isNotebook(y *ydoc.Doc) bool {
	_, ok := y.Map(metaRoot).Get("nbformat")
	return ok
}

// readNotebook returns what a document says, whatever browsers have put into it.
func readNotebook(y *ydoc.Doc) *notebook.Notebook {
	n := notebook.New()
	for k, v := range y.Map(metaRoot).All() {
		switch k {
		case "nbformat":
		case "nbformat_minor":
			if f, ok := v.(float64); ok && f >= 0 && f < 1000 {
				n.Minor = int(f)
			}
		case "metadata":
			n.Metadata = object(v)
		default:
			if n.Extra == nil {
				n.Extra = map[string]any{}
			}
			n.Extra[k] = plain(v)
		}
	}
	for _, v := range y.Array(cellsRoot).All() {
		if c, ok := v.(*ydoc.Map); ok {
			n.Cells = append(n.Cells, readCell(c))
		}
	}
	return n
}

func readCell(m *ydoc.Map) notebook.Cell {
	c := notebook.Cell{Type: notebook.Raw, Metadata: map[string]any{}}
	var outputs []map[string]any
	var count any
	for k, v := range m.All() {
		switch k {
		case "id":
			c.ID, _ = v.(string)
		case "cell_type":
			if s, _ := v.(string); s == notebook.Code || s == notebook.Markdown {
				c.Type = s
			}
		case "source":
			c.Source = str(v)
		case "metadata":
			c.Metadata = object(v)
		case "attachments":
			if c.Attachments = object(v); len(c.Attachments) == 0 && v == nil {
				c.Attachments = nil
			}
		case "outputs":
			outputs = readOutputs(v)
		case "execution_count":
			if f, ok := v.(float64); ok {
				count = f
			}
		case executionState:
		default:
			if c.Extra == nil {
				c.Extra = map[string]any{}
			}
			c.Extra[k] = plain(v)
		}
	}
	if c.Type == notebook.Code {
		if c.Outputs, c.Count = outputs, count; outputs == nil {
			c.Outputs = []map[string]any{}
		}
	}
	return c
}

func readOutputs(v any) []map[string]any {
	all := []map[string]any{}
	list, _ := v.(*ydoc.Array)
	if list == nil {
		return all
	}
	for _, v := range list.All() {
		if o := object(v); o["output_type"] != nil {
			delete(o, "transient") // where updates go; not in the file
			all = append(all, o)
		}
	}
	return all
}

// str returns the text of a value that should be one.
func str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case *ydoc.Text:
		return v.String()
	}
	return ""
}

// object returns the value of what should be an object, not nil.
func object(v any) map[string]any {
	if m, ok := plain(v).(map[string]any); ok && m != nil {
		return m
	}
	return map[string]any{}
}

// plain turns a value of a document into one of JSON.
func plain(v any) any {
	switch v := v.(type) {
	case *ydoc.Text:
		return v.String()
	case *ydoc.Map:
		m := map[string]any{}
		for k, e := range v.All() {
			m[k] = plain(e)
		}
		return m
	case *ydoc.Array:
		list := []any{}
		for _, e := range v.All() {
			list = append(list, plain(e))
		}
		return list
	case map[string]any:
		m := maps.Clone(v)
		for k, e := range m {
			m[k] = plain(e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	case ydoc.BigInt:
		return float64(v)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	case bool, float64, string:
		return v
	}
	return nil
}

// withIDs gives ids to cells that have none, or one that another cell has: two people
// may have moved the same cell at once.
func withIDs(n *notebook.Notebook) *notebook.Notebook {
	seen := make(map[string]bool, len(n.Cells))
	for i := range n.Cells {
		seen[n.Cells[i].ID] = true
	}
	twice, next := make(map[string]bool, len(n.Cells)), 1
	for i := range n.Cells {
		c := &n.Cells[i]
		for c.ID == "" || twice[c.ID] {
			if id := fmt.Sprintf("cell-%d", next); !seen[id] {
				c.ID = id
			}
			next++
		}
		twice[c.ID] = true
	}
	return n
}

// saysNotebook reports whether have is what a file says. An id that the file lacks
// does not count: the document gave one.
func saysNotebook(have, file *notebook.Notebook) bool {
	if have.Minor != file.Minor || !notebook.Same(have.Metadata, file.Metadata) || len(have.Cells) != len(file.Cells) {
		return false
	}
	if len(have.Extra)+len(file.Extra) > 0 && !notebook.Same(have.Extra, file.Extra) {
		return false
	}
	for i := range file.Cells {
		c := file.Cells[i]
		if c.ID == "" {
			c.ID = have.Cells[i].ID
		}
		if !c.Equal(&have.Cells[i]) {
			return false
		}
	}
	return true
}
