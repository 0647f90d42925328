package ydoc

import (
	"bytes"
	"maps"
	"testing"
)

// typed returns a document of client 1 whose text "t" was typed in pieces, and
// the update of each piece.
func typed(t *testing.T, pieces ...string) (*Doc, [][]byte) {
	t.Helper()
	d := New(Config{Client: 1})
	var updates [][]byte
	for _, p := range pieces {
		updates = append(updates, d.Transact(func(tx *Tx) { must(t, d.Text("t").Insert(tx, d.Text("t").Len(), p)) }))
	}
	return d, updates
}

// TestOutOfOrder delivers three updates of one author backwards: what waits is
// not in the state, and comes out at once when the first is there.
func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	source, us := typed(t, "one ", "two ", "three")
	d := New(Config{})
	apply(t, d, us[2], false)
	apply(t, d, us[1], false)
	if !d.Pending() || d.Text("t").Len() != 0 || len(d.StateVector()) != 0 {
		t.Errorf("pending %v, text %q, state vector %v, want true, nothing", d.Pending(), d.Text("t"), d.StateVector())
	}
	if got, want := d.EncodeState(nil), []byte{0, 0}; !bytes.Equal(got, want) {
		t.Errorf("the state is %x while all waits, want %x", got, want)
	}
	effective, err := d.Apply(us[0])
	must(t, err)
	if got, want := effective, source.EncodeState(nil); !bytes.Equal(got, want) || d.Pending() {
		t.Errorf("effective update is %x, want %x; pending %v", got, want, d.Pending())
	}
}

// TestGap applies an update that begins with a gap, as other programs send it:
// the part behind the gap waits, and is never passed on with the gap.
func TestGap(t *testing.T) {
	t.Parallel()
	source, us := typed(t, "one ", "two")
	gapped := append([]byte{1, 2, 1, 0, byte(kindSkip), 4}, us[1][4:]...) // as us[1], but from clock 0
	d := New(Config{})
	apply(t, d, gapped, false)
	apply(t, d, us[0], true)
	if got, want := d.Text("t").String(), "one two"; got != want || d.Pending() {
		t.Errorf("text is %q, want %q; pending %v", got, want, d.Pending())
	}
	if got, want := d.EncodeState(nil), source.EncodeState(nil); !bytes.Equal(got, want) {
		t.Errorf("state is %x, want %x", got, want)
	}
}

// TestDeletionComesFirst delivers a deletion before the text, of which it
// deletes a part that comes in two updates.
func TestDeletionComesFirst(t *testing.T) {
	t.Parallel()
	source, us := typed(t, "abcd", "efgh")
	deletion := source.Transact(func(tx *Tx) { must(t, source.Text("t").Delete(tx, 2, 4)) })
	d := New(Config{})
	apply(t, d, deletion, false)
	apply(t, d, us[0], true)
	if got, want := d.Text("t").String(), "ab"; got != want || !d.Pending() {
		t.Errorf("text is %q, want %q; pending %v", got, want, d.Pending())
	}
	apply(t, d, us[1], true)
	if got, want := d.Text("t").String(), "abgh"; got != want || d.Pending() {
		t.Errorf("text is %q, want %q; pending %v", got, want, d.Pending())
	}
	apply(t, d, deletion, false)
}

// TestOverlap applies updates of which a part is known.
func TestOverlap(t *testing.T) {
	t.Parallel()
	source, us := typed(t, "one ", "tw😀 ", "three")
	d := New(Config{})
	apply(t, d, us[0], true)
	effective, err := d.Apply(source.EncodeState(nil))
	must(t, err)
	if got, want := effective, source.EncodeState(StateVector{1: 4}); !bytes.Equal(got, want) {
		t.Errorf("effective update is %x, want %x", got, want)
	}
	if got, want := d.Text("t").String(), source.Text("t").String(); got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
}

// TestStateSince asks for the end of a text from each clock, inside of a
// surrogate pair too, where Yjs sends U+FFFD for the half.
func TestStateSince(t *testing.T) {
	t.Parallel()
	source, _ := typed(t, "é👍z")
	for clock, want := range map[uint64]string{0: "é👍z", 1: "👍z", 2: "\uFFFDz", 3: "z", 4: "", 1 << 40: ""} {
		update := source.EncodeState(StateVector{1: clock})
		in, err := New(Config{}).decodeUpdate(update)
		must(t, err)
		got := ""
		if len(in.streams) > 0 {
			got = string(in.streams[0].structs[0].data)
		}
		if got != want {
			t.Errorf("since %d it sends %q, want %q", clock, got, want)
		}
	}
}

// TestEmptyStruct applies what Yjs sends when an empty text is inserted by its
// API for embeds: nothing of it stays.
func TestEmptyStruct(t *testing.T) {
	t.Parallel()
	d := New(Config{})
	apply(t, d, []byte{1, 2, 5, 0, 4, 1, 1, 't', 0, 4, 1, 1, 't', 2, 'o', 'k', 0}, true)
	if got, want := d.Text("t").String(), "ok"; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
	must(t, d.check())
}

// TestCutPair divides an emoji: both halves become U+FFFD, by insertion and by
// deletion, here and at whoever gets the update.
func TestCutPair(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(*Tx, *Text) error
		want string
	}{
		{"insert", func(tx *Tx, x *Text) error { return x.Insert(tx, 2, "-") }, "a\uFFFD-\uFFFDb"},
		{"delete the first half", func(tx *Tx, x *Text) error { return x.Delete(tx, 1, 1) }, "a\uFFFDb"},
		{"delete the second half", func(tx *Tx, x *Text) error { return x.Delete(tx, 2, 1) }, "a\uFFFDb"},
	} {
		source, us := typed(t, "a😀b")
		d := New(Config{})
		apply(t, d, us[0], true)
		apply(t, d, source.Transact(func(tx *Tx) { must(t, c.edit(tx, source.Text("t"))) }), true)
		for _, x := range []*Text{source.Text("t"), d.Text("t")} {
			if got := x.String(); got != c.want || x.Len() != len16(c.want) {
				t.Errorf("%s: text is %q of %d units, want %q", c.name, got, x.Len(), c.want)
			}
		}
	}
}

// TestRange asks for edits outside of the text.
func TestRange(t *testing.T) {
	t.Parallel()
	d, _ := typed(t, "a😀")
	x := d.Text("t")
	update := d.Transact(func(tx *Tx) {
		for _, err := range []error{x.Insert(tx, -1, "x"), x.Insert(tx, 4, "x"), x.Delete(tx, 2, 2), x.Delete(tx, 0, -1), x.Delete(tx, -1, 1)} {
			if err == nil {
				t.Error("an edit outside of the text has no error")
			}
		}
		must(t, x.Insert(tx, 3, ""))
		must(t, x.Delete(tx, 3, 0))
	})
	if update != nil || x.String() != "a😀" {
		t.Errorf("update is %x, text %q, want none", update, x)
	}
}

// TestTransact nests transactions: the outer one has all edits.
func TestTransact(t *testing.T) {
	t.Parallel()
	d := New(Config{})
	x := d.Text("t")
	update := d.Transact(func(tx *Tx) {
		must(t, x.Insert(tx, 0, "outer"))
		if inner := d.Transact(func(tx *Tx) { must(t, x.Insert(tx, 0, "inner ")) }); inner != nil {
			t.Errorf("the inner transaction returns %x", inner)
		}
		if _, err := d.Apply([]byte{0, 0}); err == nil {
			t.Error("an update can be applied within a transaction")
		}
	})
	other := New(Config{})
	apply(t, other, update, true)
	if got, want := other.Text("t").String(), "inner outer"; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
}

// TestFork edits a copy; the original must not notice.
func TestFork(t *testing.T) {
	t.Parallel()
	d, _ := typed(t, "text")
	f := fork(d, 7)
	update := f.Transact(func(tx *Tx) { must(t, f.Text("t").ReplaceWith(tx, "next")) })
	if got, want := d.Text("t").String(), "text"; got != want {
		t.Errorf("the original has %q, want %q", got, want)
	}
	apply(t, d, update, true)
	if got, want := d.Text("t").String(), "next"; got != want || f.Client() != 7 {
		t.Errorf("after the merge it has %q, want %q; client %d", got, want, f.Client())
	}
}

// TestStateVectorBytes writes vectors as Yjs does, higher clients first.
func TestStateVectorBytes(t *testing.T) {
	t.Parallel()
	sv := StateVector{1: 300, 1 << 32: 2, 77: 0}
	want := []byte{3, 0x80, 0x80, 0x80, 0x80, 0x10, 2, 77, 0, 1, 0xAC, 2}
	if got := sv.Encode(); !bytes.Equal(got, want) {
		t.Errorf("bytes are %x, want %x", got, want)
	}
	got, err := DecodeStateVector(want)
	if err != nil || !maps.Equal(got, sv) {
		t.Errorf("they are read as %v (%v), want %v", got, err, sv)
	}
	for _, bad := range [][]byte{nil, {1}, {1, 1}, {0, 0}, {200, 1, 1, 1}} {
		if sv, err := DecodeStateVector(bad); err == nil {
			t.Errorf("%x is read as %v", bad, sv)
		}
	}
}

// TestDraws checks that ids are drawn where none is given, above 2^32.
func TestDraws(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: MaxClient + 1})
	if c := d.Client(); c <= 1<<32-1 || c > MaxClient {
		t.Errorf("client is %d", c)
	}
	d.SetClient(9)
	if c := d.Client(); c != 9 {
		t.Errorf("client is %d, want 9", c)
	}
	if a, b := New(Config{}).Client(), New(Config{}).Client(); a == b {
		t.Errorf("two documents drew client %d", a)
	}
}
