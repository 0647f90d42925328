package ydoc

import (
	"bytes"
	"testing"
)

func FuzzDecodeRelativePosition(f *testing.F) {
	f.Add([]byte{0, 1, 5, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodeRelativePosition(b)
		if err != nil {
			return
		}
		again, err := DecodeRelativePosition(p.Encode())
		if err != nil || !bytes.Equal(again.Encode(), p.Encode()) {
			t.Fatalf("%+v is read again as %+v: %v", p, again, err)
		}
		d := New(Config{Client: 1})
		d.Transact(func(tx *Tx) { must(t, d.Text("text").Insert(tx, 0, "a 😀 text")) })
		if s, index, ok := d.Absolute(p); ok && (s == nil || index < 0 || index > s.base().branch.seq.length) {
			t.Fatalf("%+v is at %d", p, index)
		}
	})
}

func FuzzDecodeSnapshot(f *testing.F) {
	f.Add([]byte{1, 1, 1, 0, 2, 1, 1, 9}, false)
	f.Fuzz(func(t *testing.T, b []byte, v2 bool) {
		s, err := decodeSnapshot(b, v2)
		if err != nil {
			return
		}
		again, err := DecodeSnapshotV2(s.EncodeV2())
		if err != nil || !again.Equal(s) || !s.Contains(again) {
			t.Fatalf("%+v is read again as %+v: %v", s, again, err)
		}
		d := New(Config{Client: 1, KeepDeleted: true})
		text := d.Text("text")
		d.Transact(func(tx *Tx) { must(t, text.Insert(tx, 0, "a 😀 text")) })
		d.Transact(func(tx *Tx) { must(t, text.Delete(tx, 1, 4)) })
		old, err := d.At(s, 0)
		delta, err2 := text.DeltaBetween(s, nil, func(bool, ID) any { return true })
		if (err == nil) != (err2 == nil) {
			t.Fatalf("at: %v, between: %v, %v", err, err2, delta)
		}
		must(t, d.check())
		if err == nil {
			must(t, old.check())
		}
	})
}

// FuzzObserve reads all that a document holds after any two updates, and undoes
// what can be undone.
func FuzzObserve(f *testing.F) {
	f.Add([]byte{}, []byte{0, 0})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := New(Config{Client: 1, KeepDeleted: len(second)%2 == 1})
		roots := []Shared{d.Text("text"), d.Array("array"), d.Map("map"), d.XMLFragment("xml")}
		for _, r := range roots {
			r.ObserveDeep(func(es []*Event) {
				for _, e := range es {
					read(t, e.Target)
				}
			})
		}
		undo := d.NewUndoManager(UndoConfig{Capture: -1, Origins: []any{nil, "fuzz"}})
		for _, u := range [][]byte{first, second} {
			if _, err := d.ApplyFrom("fuzz", u); err != nil {
				continue
			}
			for _, r := range roots {
				read(t, r)
			}
			undo.Undo()
			must(t, d.check())
		}
		d.Transact(func(tx *Tx) {
			must(t, d.Text("text").Format(tx, 0, d.Text("text").Len(), map[string]any{"b": true}))
			must(t, d.Array("array").Push(tx, 1, NewText("x")))
		})
		for undo.CanUndo() {
			undo.Undo()
		}
		for undo.CanRedo() {
			undo.Redo()
		}
		must(t, d.check())
		must(t, fork(d, 3).check())
	})
}

func read(t *testing.T, s Shared) {
	t.Helper()
	switch s := s.(type) {
	case *Text:
		s.ToDelta()
	case *Array:
		if n := len(s.ToJSON()); n != s.Len() {
			t.Fatalf("an array of %d has %d values", s.Len(), n)
		}
	case *Map:
		s.ToJSON()
	case *XML:
		s.Name()
		s.Attributes()
		for range s.Children() {
			continue
		}
	}
}
