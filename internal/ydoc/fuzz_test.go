package ydoc

import (
	"bytes"
	"maps"
	"testing"
)

// FuzzApply applies two updates in a row. Whatever they are, the document stays
// whole; a refused update leaves no trace; what is in the document can be
// written and read again.
func FuzzApply(f *testing.F) {
	f.Add([]byte{}, []byte{0, 0})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := New(Config{Client: 1, KeepDeleted: len(first)%2 == 1})
		text := d.Text("text")
		d.Transact(func(tx *Tx) { must(t, text.Insert(tx, 0, "a 😀 text")) })
		mirrored := fork(d, 2)
		for _, u := range [][]byte{first, second} {
			tryUpdate(t, d, mirrored, u)
		}
		d.Transact(func(tx *Tx) {
			must(t, text.Insert(tx, text.Len()/2, "x"))
			must(t, text.Delete(tx, 0, min(2, text.Len())))
		})
		must(t, d.check())
		again := fork(d, 3)
		must(t, again.check())
		if again.Pending() || !maps.Equal(again.StateVector(), d.StateVector()) {
			t.Fatalf("the state %x is read as %v, want %v", d.EncodeState(nil), again.StateVector(), d.StateVector())
		}
	})
}

// tryUpdate applies u to d and what was new to mirrored.
func tryUpdate(t *testing.T, d, mirrored *Doc, u []byte) {
	t.Helper()
	before, authors, waits := d.EncodeState(nil), len(d.authors), d.backlog+len(d.later)
	given := bytes.Clone(u)
	effective, err := d.Apply(given)
	clear(given) // the caller may use it again
	must(t, d.check())
	if err != nil || effective == nil {
		if after := d.EncodeState(nil); !bytes.Equal(before, after) {
			t.Fatalf("%v, but the state changed from %x to %x", err, before, after)
		}
		if err != nil && (len(d.authors) != authors || d.backlog+len(d.later) != waits) {
			t.Fatalf("%v, but authors are %d, were %d", err, len(d.authors), authors)
		}
		return
	}
	if e, err := mirrored.Apply(effective); err != nil || e == nil || mirrored.Pending() {
		t.Fatalf("effective update %x: %v", effective, err)
	}
	if !maps.Equal(mirrored.StateVector(), d.StateVector()) {
		t.Fatalf("effective update %x leads to %v, want %v", effective, mirrored.StateVector(), d.StateVector())
	}
	if e, err := d.Apply(u); err != nil || e != nil {
		t.Fatalf("the update again: %v, effective %x", err, e)
	}
}

func FuzzDecodeStateVector(f *testing.F) {
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		sv, err := DecodeStateVector(b)
		if err != nil {
			return
		}
		again, err := DecodeStateVector(sv.Encode())
		if err != nil || !maps.Equal(again, sv) {
			t.Fatalf("%v is read again as %v: %v", sv, again, err)
		}
		// Whatever a peer claims to have, an answer can be made.
		d := New(Config{Client: 1})
		d.Transact(func(tx *Tx) { must(t, d.Text("text").Insert(tx, 0, "a 😀 text")) })
		if _, err := New(Config{}).Apply(d.EncodeState(sv)); err != nil {
			t.Fatal(err)
		}
	})
}
