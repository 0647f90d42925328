package ydoc

import (
	"maps"
	"slices"
	"testing"
)

// The tests of this file are situations in which other engines for Yjs documents
// went wrong, by what their users reported. All are written anew.

// people returns documents that know nothing of each other.
func people(n int) []*Doc {
	var ds []*Doc
	for i := range n {
		ds = append(ds, New(Config{Client: uint64(i + 1)}))
	}
	return ds
}

func insert(t *testing.T, d *Doc, at int, s string) []byte {
	t.Helper()
	return d.Transact(func(tx *Tx) { must(t, d.Text("t").Insert(tx, at, s)) })
}

func give(t *testing.T, to *Doc, updates ...[]byte) {
	t.Helper()
	for _, u := range updates {
		if _, err := to.Apply(u); err != nil {
			t.Fatal(err)
		}
	}
	must(t, to.check())
}

// tell gives to what from has.
func tell(t *testing.T, from, to *Doc) {
	t.Helper()
	give(t, to, from.EncodeState(to.StateVector()))
}

func hold(t *testing.T, want string, ds ...*Doc) {
	t.Helper()
	for i, d := range ds {
		if got := d.Text("t").String(); got != want || d.Pending() {
			t.Errorf("document %d has %q, want %q; pending %v", i, got, want, d.Pending())
		}
	}
}

// TestInsertInsideAnItem inserts where the right neighbour is inside of an item
// (reearth/ygo 65).
func TestInsertInsideAnItem(t *testing.T) {
	t.Parallel()
	p := people(3)
	first := insert(t, p[0], 0, "ab")
	give(t, p[1], first)
	second := insert(t, p[1], 1, "X")
	give(t, p[2], first, second)
	hold(t, "aXb", p[1], p[2])
}

// TestRightNeighbourComesLater delivers what was inserted before the text that it
// stands in front of (reearth/ygo 111).
func TestRightNeighbourComesLater(t *testing.T) {
	t.Parallel()
	p := people(5)
	a := insert(t, p[0], 0, "12")
	give(t, p[1], a)
	b := insert(t, p[1], 1, "b")
	give(t, p[2], a, b)
	c := insert(t, p[2], 1, "c")
	give(t, p[3], a, b, c)
	give(t, p[4], a, c)
	if got := p[4].Text("t").String(); got != "12" {
		t.Errorf("the text is %q before its neighbour is there", got)
	}
	give(t, p[4], b)
	hold(t, "1cb2", p[3], p[4])
}

// TestKeysAtOnce has several people set the same key with another key between:
// the winner does not depend on the order of arrival (reearth/ygo 110).
func TestKeysAtOnce(t *testing.T) {
	t.Parallel()
	set := func(d *Doc, k, v string) []byte {
		return d.Transact(func(tx *Tx) { must(t, d.Map("m").Set(tx, k, v)) })
	}
	p := people(3)
	updates := [][]byte{
		set(p[0], "k", "one"), set(p[0], "other", "x"), set(p[0], "k", "two"),
		set(p[1], "k", "three"), set(p[1], "other", "y"),
		set(p[2], "other", "z"), set(p[2], "k", "four"),
	}
	var want map[string]any
	for i := range 50 {
		d := New(Config{})
		for k := range updates {
			give(t, d, updates[(k*(1+i%6)+i)%7])
		}
		give(t, d, updates...)
		got := d.Map("m").ToJSON()
		if want == nil {
			want = got
		}
		if !maps.Equal(got, want) || len(got) != 2 {
			t.Fatalf("in order %d the map is %v, before it was %v", i, got, want)
		}
	}
}

// TestParentOfAHigherClient loads a state in which what is inside a type belongs
// to lower clients than the type (reearth/ygo 112).
func TestParentOfAHigherClient(t *testing.T) {
	t.Parallel()
	low, high := New(Config{Client: 1}), New(Config{Client: 1 << 50})
	high.Transact(func(tx *Tx) { must(t, high.Array("a").Push(tx, NewMap(nil))) })
	tell(t, high, low)
	low.Transact(func(tx *Tx) {
		m, ok := low.Array("a").Get(0).(*Map)
		if !ok {
			t.Fatal("the map is not there")
		}
		must(t, m.Set(tx, "inner", NewText("hello")))
	})
	for _, state := range [][]byte{low.EncodeState(nil), must2(ConvertV2ToV1(must2(low.EncodeStateV2(nil))))} {
		d := New(Config{})
		give(t, d, state)
		m, ok := d.Array("a").Get(0).(*Map)
		if !ok || d.Pending() {
			t.Fatalf("pending %v, the map is there: %v", d.Pending(), ok)
		}
		if got := m.ToJSON(); got["inner"] != "hello" {
			t.Errorf("the map holds %v", got)
		}
	}
}

// fork copies a document of a test.
func fork(d *Doc, client uint64) *Doc {
	f, err := d.Fork(client)
	if err != nil {
		panic(err)
	}
	return f
}

func must2(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// TestGarbageInV2 loads a state with garbage between its structs in V2, whole and
// as a difference (reearth/ygo 231, y-crdt 614).
func TestGarbageInV2(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 7})
	m := d.Map("m")
	for i := range 30 {
		d.Transact(func(tx *Tx) {
			must(t, m.Set(tx, "gone", NewMap(map[string]any{"n": i, "text": NewText("inside")})))
			must(t, m.Set(tx, string(rune('a'+i%26)), i))
		})
	}
	d.Transact(func(tx *Tx) { must(t, m.Delete(tx, "gone")) })
	one, two, three := New(Config{}), New(Config{}), New(Config{})
	give(t, one, d.EncodeState(nil))
	if _, err := two.ApplyV2(must2(d.EncodeStateV2(nil))); err != nil {
		t.Fatal(err)
	}
	half, err := DiffUpdateV2(must2(d.EncodeStateV2(nil)), StateVector{7: 60})
	must(t, err)
	if _, err := three.ApplyV2(half); err != nil {
		t.Fatal(err)
	}
	if !three.Pending() {
		t.Error("half of it does not wait for the other half")
	}
	give(t, three, d.EncodeState(nil))
	for i, got := range []*Doc{one, two, three} {
		if !maps.Equal(got.Map("m").ToJSON(), m.ToJSON()) || got.Pending() || !maps.Equal(got.StateVector(), d.StateVector()) {
			t.Errorf("document %d holds %v, pending %v", i, got.Map("m").ToJSON(), got.Pending())
		}
		must(t, got.check())
	}
}

// TestInsertBesideTombstones inserts between a deleted item and what others put
// there (y-octo 53).
func TestInsertBesideTombstones(t *testing.T) {
	t.Parallel()
	p := people(3)
	insert(t, p[0], 0, "a")
	tell(t, p[0], p[1])
	insert(t, p[1], 1, "b")
	insert(t, p[0], 1, "c")
	p[0].Transact(func(tx *Tx) { must(t, p[0].Text("t").Delete(tx, 0, 1)) })
	tell(t, p[0], p[2])
	insert(t, p[2], 0, "d")
	tell(t, p[1], p[2])
	tell(t, p[2], p[1])
	tell(t, p[2], p[0])
	hold(t, p[0].Text("t").String(), p...)
	if got := p[0].Text("t").Len(); got != 3 {
		t.Errorf("the text has %d units, want 3", got)
	}
}

// TestDeletionOfAStranger keeps deletions of a client of whom nothing is known yet
// (yrs 583).
func TestDeletionOfAStranger(t *testing.T) {
	t.Parallel()
	p := people(2)
	text := insert(t, p[0], 0, "gone soon")
	deletion := p[0].Transact(func(tx *Tx) { must(t, p[0].Text("t").Delete(tx, 0, 5)) })
	merged, err := MergeUpdates([][]byte{deletion, deletion})
	must(t, err)
	give(t, p[1], merged)
	if !p[1].Pending() {
		t.Error("the deletion does not wait")
	}
	give(t, p[1], text)
	hold(t, "soon", p...)
}

// TestHoleInAClient gets later structs of a client that need nothing of what is
// missing: they wait all the same, as in Yjs (y-crdt 632).
func TestHoleInAClient(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 5})
	var us [][]byte
	for _, name := range []string{"a", "b", "c"} {
		us = append(us, d.Transact(func(tx *Tx) { must(t, d.Map(name).Set(tx, "k", name)) }))
	}
	got := New(Config{})
	give(t, got, us[0], us[2])
	if got.Map("c").Len() != 0 || !got.Pending() || got.StateVector()[5] != 1 {
		t.Errorf("c has %d keys, pending %v, vector %v", got.Map("c").Len(), got.Pending(), got.StateVector())
	}
	give(t, got, us[1])
	if got.Map("c").Len() != 1 || got.Pending() {
		t.Errorf("c has %d keys, pending %v", got.Map("c").Len(), got.Pending())
	}
}

// TestMergeLosesNothing merges updates of several clients in every order, whose
// sections stand in any order in them (y-crdt 268, 77; yjs 308).
func TestMergeLosesNothing(t *testing.T) {
	t.Parallel()
	p := people(3)
	var us [][]byte
	for i, d := range p {
		us = append(us, insert(t, d, 0, "aaa"), insert(t, d, i, "bb"), insert(t, d, 0, "c"))
	}
	all := New(Config{})
	give(t, all, us...)
	for range 20 {
		us = append(us[4:], us[:4]...)
		halves := [][]byte{must2(MergeUpdates(us[:5])), must2(MergeUpdates(us[3:]))}
		slices.Reverse(halves)
		d := New(Config{})
		give(t, d, must2(MergeUpdates(halves)))
		hold(t, all.Text("t").String(), d)
	}
	// Sections with lower clients first, as other programs write them.
	low := []byte{2, 1, 1, 0, 4, 1, 1, 't', 1, 'x', 1, 2, 0, 4, 1, 1, 't', 1, 'y', 0}
	d := New(Config{})
	give(t, d, must2(MergeUpdates([][]byte{low, low})))
	if got := d.Text("t").Len(); got != 2 {
		t.Errorf("%d units are left of 2", got)
	}
}

// TestLargeClients has ids of 53 bits in deletions too, in both versions
// (y-crdt 604).
func TestLargeClients(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: MaxClient})
	insert(t, d, 0, "hello")
	d.Transact(func(tx *Tx) { must(t, d.Text("t").Delete(tx, 1, 3)) })
	got := New(Config{})
	if _, err := got.ApplyV2(must2(MergeUpdatesV2([][]byte{must2(d.EncodeStateV2(nil)), must2(d.EncodeStateV2(nil))}))); err != nil {
		t.Fatal(err)
	}
	hold(t, "ho", got)
}

// TestFromTheMiddleOfAPair asks for what follows the first half of a pair of
// surrogates (reearth/ygo 4).
func TestFromTheMiddleOfAPair(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 1})
	insert(t, d, 0, "Hello👍World")
	for _, u := range [][]byte{d.EncodeState(StateVector{1: 6}), must2(DiffUpdate(d.EncodeState(nil), StateVector{1: 6}))} {
		sv := must3(StateVectorFromUpdate(u))
		if len(sv) != 0 {
			t.Errorf("state vector is %v, want none: the beginning is missing", sv)
		}
		got := New(Config{})
		give(t, got, insert(t, New(Config{Client: 1}), 0, "Hello!"), u)
		hold(t, "Hello!\uFFFDWorld", got)
	}
}

func must3(sv StateVector, err error) StateVector {
	if err != nil {
		panic(err)
	}
	return sv
}

// TestSameTextTwice puts the same text in at two places that do not know of each
// other, as a server does that builds a document anew from its file: it is there
// twice. Only an epoch in the name of the document helps (jupyter-collaboration
// 430, jupyterlab 14031; see livedoc).
func TestSameTextTwice(t *testing.T) {
	t.Parallel()
	p := people(2)
	insert(t, p[0], 0, "cell\n")
	insert(t, p[1], 0, "cell\n")
	tell(t, p[0], p[1])
	hold(t, "cell\ncell\n", p[1])
}
