package ydoc

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

// Updates that are restored together give the document that they give one by one,
// and what they are joined to gives it too.
func TestRestoreAll(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(4, 4))
	for round := range 50 {
		ada, grace := New(Config{Client: 7}), New(Config{Client: 9})
		var log [][]byte
		for range 60 {
			d, other := ada, grace
			if rnd.IntN(2) == 0 {
				d, other = grace, ada
			}
			text := d.Text("text")
			u := d.Transact(func(tx *Tx) {
				if n := text.Len(); n > 4 && rnd.IntN(3) == 0 {
					at := rnd.IntN(n - 2)
					if err := text.Delete(tx, at, 2); err != nil {
						t.Fatal(err)
					}
					return
				}
				if err := text.Insert(tx, rnd.IntN(text.Len()+1), "añ😀b"[:1+rnd.IntN(2)*2]); err != nil {
					t.Fatal(err)
				}
			})
			log = append(log, u)
			if rnd.IntN(2) == 0 {
				if _, err := other.Apply(u); err != nil {
					t.Fatal(err)
				}
			}
		}
		one, all, again := New(Config{Client: 1}), New(Config{Client: 1}), New(Config{Client: 1})
		rest := log
		for len(rest) > 0 {
			n := 1 + rnd.IntN(len(rest))
			joined, err := all.RestoreAll(rest[:n])
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range rest[:n] {
				if _, err := one.Restore(u); err != nil {
					t.Fatal(err)
				}
			}
			if joined != nil {
				if _, err := again.Restore(joined); err != nil {
					t.Fatal(err)
				}
			}
			rest = rest[n:]
		}
		want := one.EncodeState(nil)
		for name, d := range map[string]*Doc{"restored together": all, "restored from what was joined": again} {
			if got := d.EncodeState(nil); !bytes.Equal(got, want) {
				t.Fatalf("round %d: %s is % x, want % x", round, name, got, want)
			}
		}
	}
}

// One bad update among good ones leaves the document as it was.
func TestRestoreAllRefuses(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 7})
	text := d.Text("text")
	first := d.Transact(func(tx *Tx) { _ = text.Insert(tx, 0, "one") })
	second := d.Transact(func(tx *Tx) { _ = text.Insert(tx, 3, " two") })
	e := New(Config{Client: 8})
	if _, err := e.Restore(first); err != nil {
		t.Fatal(err)
	}
	before := e.EncodeState(nil)
	if _, err := e.RestoreAll([][]byte{second, {1, 2, 3}}); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("a bad update gives %v", err)
	}
	if !bytes.Equal(e.EncodeState(nil), before) {
		t.Error("the document has changed")
	}
	if _, err := e.RestoreAll([][]byte{second}); err != nil || e.Text("text").String() != "one two" {
		t.Errorf("then it is %q, %v", e.Text("text").String(), err)
	}
	// What has to wait waits, and comes out when it can.
	f := New(Config{Client: 9})
	if joined, err := f.RestoreAll([][]byte{second}); joined != nil || err != nil || !f.Pending() {
		t.Errorf("% x, %v, pending %v", joined, err, f.Pending())
	}
	if joined, err := f.RestoreAll([][]byte{first}); err != nil || f.Pending() || !slices.Equal(joined, d.EncodeState(nil)) {
		t.Errorf("% x, %v, pending %v", joined, err, f.Pending())
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 7})
	text := d.Text("text")
	edit := func(f func(tx *Tx)) []byte { return d.Transact(f) }
	for name, c := range map[string]struct {
		update            []byte
		inserted, deleted int
	}{
		"insert":  {edit(func(tx *Tx) { _ = text.Insert(tx, 0, "a😀b"+strings.Repeat("x", 300)) }), 304, 0},
		"delete":  {edit(func(tx *Tx) { _ = text.Delete(tx, 0, 3) }), 0, 3},
		"both":    {edit(func(tx *Tx) { _ = text.Insert(tx, 1, "yy"); _ = text.Delete(tx, 0, 1) }), 2, 1},
		"nothing": {[]byte{0, 0}, 0, 0},
	} {
		if i, n, err := Measure(c.update); err != nil || i != c.inserted || n != c.deleted {
			t.Errorf("%s: %d inserted, %d deleted, %v; want %d, %d", name, i, n, err, c.inserted, c.deleted)
		}
	}
	if _, _, err := Measure([]byte{9}); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("a bad update gives %v", err)
	}
}
