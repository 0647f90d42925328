package ydoc

import (
	"bytes"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

// TestRefuse applies malformed updates: each is refused with kind Invalid and
// leaves the document as it was.
func TestRefuse(t *testing.T) {
	t.Parallel()
	root := []byte{1, 1, 't'} // parent: root "t"
	text := func(client, clock byte, item ...byte) []byte {
		return append(append([]byte{1, 1, client, clock}, item...), 0)
	}
	deep := bytes.Repeat([]byte{117, 1}, 2000)
	for _, c := range []struct {
		name   string
		update []byte
	}{
		{"nothing", nil},
		{"no deletions", []byte{0}},
		{"bytes behind the end", []byte{0, 0, 0}},
		{"more authors than bytes", []byte{200, 1, 0}},
		{"more structs than bytes", []byte{1, 100, 5, 0, 0, 0}},
		{"a number without end", []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}},
		{"a client above 2^53", []byte{1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 1, 0}},
		{"a clock of 2^32", []byte{1, 1, 5, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 1, 0}},
		{"a length that ends above 2^32", text(5, 9, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F)},
		{"a deletion that ends above 2^32", []byte{0, 1, 5, 1, 9, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}},
		{"an unknown kind", text(5, 0, append([]byte{11}, root...)...)},
		{"an unknown shared type", text(5, 0, append([]byte{7}, append(root, 7)...)...)},
		{"an unknown value", text(5, 0, append([]byte{8}, append(root, 1, 99)...)...)},
		{"a value that nests too deep", text(5, 0, append([]byte{8}, append(append(root, 1), deep...)...)...)},
		{"text that is not UTF-8", text(5, 0, append([]byte{4}, append(root, 1, 0xFF)...)...)},
		{"half of a surrogate pair", text(5, 0, append([]byte{4}, append(root, 3, 0xED, 0xA0, 0x80)...)...)},
		{"an embed that is not JSON", text(5, 0, append([]byte{5}, append(root, 1, '{')...)...)},
		{"subdocument options that are no object", text(5, 0, append([]byte{9}, append(root, 1, 'g', 126)...)...)},
		{"an origin that is the struct itself", text(5, 3, 0x84, 5, 3, 1, 'x')},
		{"a right origin that comes later", text(5, 3, 0x44, 5, 9, 1, 'x')},
		{"a parent that is the struct itself", text(5, 3, 4, 0, 5, 3, 1, 'x')},
	} {
		d := New(Config{Client: 1})
		d.Transact(func(tx *Tx) { must(t, d.Text("t").Insert(tx, 0, "hello")) })
		before := d.EncodeState(nil)
		effective, err := d.Apply(c.update)
		if !lyceum.IsKind(err, lyceum.Invalid) || effective != nil {
			t.Errorf("%s: effective %x, error %v, want one of kind invalid", c.name, effective, err)
		}
		if !bytes.Equal(d.EncodeState(nil), before) || d.check() != nil || len(d.authors) != 2 {
			t.Errorf("%s left a trace: %v", c.name, d.check())
		}
	}
}

// TestTooMuchWaits sends more structs than may wait for a missing one.
func TestTooMuchWaits(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 1})
	d.Transact(func(tx *Tx) { must(t, d.Text("t").Insert(tx, 0, "hello")) })
	before := d.EncodeState(nil)
	update := putUint([]byte{1}, maxBacklog+1)
	update = append(update, 5, 1) // client 5 from clock 1; 0 is missing
	update = append(update, bytes.Repeat([]byte{0, 1}, maxBacklog+1)...)
	if _, err := d.Apply(append(update, 0)); !lyceum.IsKind(err, lyceum.Exhausted) {
		t.Errorf("error is %v, want one of kind exhausted", err)
	}
	if !bytes.Equal(d.EncodeState(nil), before) || d.Pending() {
		t.Errorf("it left a trace; pending: %v", d.Pending())
	}
	must(t, d.check())
}

// TestTooManyConflicts sends structs that each conflict with all before: the
// update is taken back, with what it deleted.
func TestTooManyConflicts(t *testing.T) {
	t.Parallel()
	const n = 2300
	d := New(Config{Client: 1})
	d.Transact(func(tx *Tx) { must(t, d.Text("t").Insert(tx, 0, strings.Repeat("word ", n))) })
	before := d.EncodeState(nil)
	s := []byte{1}
	s = putUint(s, n)
	s = append(s, 5, 0)
	for k := range n { // no origin, but another right origin each
		s = append(putUint(append(s, hasRightOrigin|byte(kindString), 1), uint64(k+1)), 1, 'x')
	}
	hostile := append(s, 1, 1, 1, 0, 200, 1) // and deletes 200 units of author 1
	if _, err := d.Apply(hostile); !lyceum.IsKind(err, lyceum.Exhausted) {
		t.Errorf("error is %v, want one of kind exhausted", err)
	}
	must(t, d.check())
	if !bytes.Equal(d.EncodeState(nil), before) {
		t.Error("the state is another")
	}
	apply(t, d, []byte{0, 1, 1, 1, 0, 5}, true)
	if got, want := d.Text("t").Len(), 5*n-5; got != want {
		t.Errorf("the text has %d units after a good update, want %d", got, want)
	}
}
