package ydoc

import (
	"testing"
)

// TestMerge edits one text in two documents at once and exchanges the updates
// in different orders, one of them twice.
func TestMerge(t *testing.T) {
	t.Parallel()
	a, b := New(Config{Client: 1}), New(Config{Client: 2})
	ta, tb := a.Text("text"), b.Text("text")
	first := a.Transact(func(tx *Tx) { must(t, ta.Insert(tx, 0, "hello 😀 world")) })
	apply(t, b, first, true)
	fromB := b.Transact(func(tx *Tx) {
		must(t, tb.Insert(tx, 6, "X"))
		must(t, tb.Delete(tx, 0, 2))
	})
	fromA := a.Transact(func(tx *Tx) {
		must(t, ta.Insert(tx, 6, "Y"))
		must(t, ta.Delete(tx, 1, 7))
	})
	apply(t, a, fromB, true)
	apply(t, b, fromA, true)
	apply(t, b, fromA, false)
	if got, want := tb.String(), ta.String(); got != want {
		t.Errorf("text is %q in b, %q in a", got, want)
	}
	if got, want := string(b.EncodeState(nil)), string(a.EncodeState(nil)); got != want {
		t.Errorf("states differ:\n%x\n%x", got, want)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// apply applies an update and checks whether it brought anything new.
func apply(t *testing.T, d *Doc, update []byte, news bool) {
	t.Helper()
	effective, err := d.Apply(update)
	if err != nil {
		t.Fatal(err)
	}
	if got := effective != nil; got != news {
		t.Fatalf("update brought news: %v, want %v", got, news)
	}
}
