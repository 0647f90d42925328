package ydoc

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"lyceum/internal/lyceum"
)

// TestValues puts each kind of value into an array and a map, and reads it again.
func TestValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ give, want any }{
		{nil, nil},
		{true, true},
		{false, false},
		{"é\xff", "é\uFFFD"},
		{7, 7.0},
		{int64(-1 << 40), -float64(1 << 40)},
		{uint8(200), 200.0},
		{float32(0.5), 0.5},
		{math.Inf(1), math.Inf(1)},
		{1.1, 1.1},
		{BigInt(-5), BigInt(-5)},
		{Undefined{}, Undefined{}},
		{[]byte{1, 2}, []byte{1, 2}},
		{[]any{1, "a", nil}, []any{1.0, "a", nil}},
		{map[string]any{"b": []any{}, "a": 1}, map[string]any{"a": 1.0, "b": []any{}}},
		{&Subdocument{GUID: "g", Options: map[string]any{"gc": false}}, &Subdocument{GUID: "g", Options: map[string]any{"gc": false}}},
	} {
		d := New(Config{Client: 1})
		d.Transact(func(tx *Tx) {
			must(t, d.Array("a").Insert(tx, 0, "before", c.give, "after"))
			must(t, d.Map("m").Set(tx, "k", c.give))
		})
		f := fork(d, 2)
		got, ok := f.Map("m").Get("k")
		if !ok || !reflect.DeepEqual(got, c.want) || !reflect.DeepEqual(f.Array("a").Get(1), c.want) {
			t.Errorf("%#v is read as %#v and %#v, want %#v", c.give, got, f.Array("a").Get(1), c.want)
		}
	}
}

// TestRefused gives what cannot be held; the document stays as it was.
func TestRefused(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 1})
	a, m, x := d.Array("a"), d.Map("m"), d.Text("t")
	gone := NewMap(nil)
	placed := NewText("x")
	d.Transact(func(tx *Tx) {
		must(t, a.Push(tx, gone, placed))
		must(t, a.Delete(tx, 0, 1))
		must(t, x.Insert(tx, 0, "text"))
	})
	before := d.EncodeState(nil)
	twice := NewArray()
	deep := any(1)
	for range 2 * maxDepth {
		deep = []any{deep}
	}
	d.Transact(func(tx *Tx) {
		for name, c := range map[string]struct {
			err  error
			kind lyceum.Kind
		}{
			"channel":           {a.Push(tx, 1, make(chan int)), lyceum.Invalid},
			"large integer":     {m.Set(tx, "k", uint64(math.MaxUint64)), lyceum.Invalid},
			"deep":              {m.Set(tx, "k", deep), lyceum.Invalid},
			"twice":             {a.Push(tx, twice, twice), lyceum.Invalid},
			"inner twice":       {m.Set(tx, "k", NewArray(twice, NewMap(map[string]any{"k": twice}))), lyceum.Invalid},
			"placed":            {a.Push(tx, placed), lyceum.Invalid},
			"root":              {a.Push(tx, m), lyceum.Invalid},
			"inner":             {m.Set(tx, "k", NewArray(NewArray(struct{}{}))), lyceum.Invalid},
			"array position":    {a.Insert(tx, 2, 1), lyceum.Invalid},
			"array range":       {a.Delete(tx, 0, 2), lyceum.Invalid},
			"gone":              {gone.Set(tx, "k", 1), lyceum.NotFound},
			"not placed":        {twice.Push(tx, 1), lyceum.Invalid},
			"bytes in a format": {x.Format(tx, 0, 1, map[string]any{"b": []byte{}}), lyceum.Invalid},
			"undefined embed":   {x.InsertEmbed(tx, 0, Undefined{}, nil), lyceum.Invalid},
			"string embed":      {x.InsertEmbed(tx, 0, "x", nil), lyceum.Invalid},
			"format range":      {x.Format(tx, 3, 2, map[string]any{"b": true}), lyceum.Invalid},
			"delta":             {x.ApplyDelta(tx, Delta{{Insert: "x"}, {Retain: 5}}), lyceum.Invalid},
			"negative delta":    {x.ApplyDelta(tx, Delta{{Retain: -1}}), lyceum.Invalid},
			"new with retain":   {a.Push(tx, NewRichText(Delta{{Retain: 1}})), lyceum.Invalid},
		} {
			if lyceum.KindOf(c.err) != c.kind || c.err == nil {
				t.Errorf("%s: error %v of kind %v, want %v", name, c.err, lyceum.KindOf(c.err), c.kind)
			}
		}
	})
	if after := d.EncodeState(nil); !slices.Equal(before, after) {
		t.Errorf("the state changed from %x to %x", before, after)
	}
	other := New(Config{Client: 2})
	other.Transact(func(tx *Tx) {
		if err := m.Set(tx, "k", 1); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("an edit in another document's transaction: %v", err)
		}
		must(t, other.Array("a").Push(tx, twice)) // it was placed nowhere
	})
}

// TestHandles gets the same types by the same pointers.
func TestHandles(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 1})
	inner := NewMap(map[string]any{"text": NewText("x")})
	if inner.Len() != 0 || NewText("x").Len() != 0 || NewArray(1).Len() != 0 || NewText("x").String() != "" {
		t.Error("a type that is not placed is not empty")
	}
	d.Transact(func(tx *Tx) { must(t, d.Array("a").Push(tx, inner)) })
	text, _ := inner.Get("text")
	again, _ := d.Array("a").Get(0).(*Map).Get("text")
	if one, two := d.Array("a"), d.Array("a"); one != two || one.Get(0) != any(inner) || text != again {
		t.Error("a type has two pointers")
	}
	d.Transact(func(tx *Tx) { must(t, d.Array("a").Delete(tx, 0, 1)) })
	if inner.Len() != 0 || text.(*Text).String() != "" {
		t.Error("a deleted type has content")
	}
	must(t, d.check())
}

// TestObserversEdit lets observers edit: each hears of all in order.
func TestObserversEdit(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 1})
	m := d.Map("m")
	var heard []string
	stop := m.Observe(func(e *Event) {
		for k, c := range e.Keys {
			heard = append(heard, fmt.Sprint("one ", k, " ", c.Action, " ", e.Origin))
		}
		if _, ok := m.Get("b"); !ok {
			d.TransactFrom("observer", func(tx *Tx) { must(t, m.Set(tx, "b", 2)) })
		}
	})
	m.ObserveDeep(func(es []*Event) { heard = append(heard, fmt.Sprint("two ", len(es), " ", es[0].Origin)) })
	var updates int
	stopUpdates := d.OnUpdate(func(u []byte, origin any) {
		updates++
		heard = append(heard, fmt.Sprint("update ", origin))
	})
	d.TransactFrom("me", func(tx *Tx) { must(t, m.Set(tx, "a", 1)) })
	want := []string{"update me", "one a add me", "update observer", "two 1 me", "one b add observer", "two 1 observer"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard\n %q, want\n %q", heard, want)
	}
	stop()
	stopUpdates()
	heard = nil
	d.Transact(func(tx *Tx) { must(t, m.Delete(tx, "a")) })
	if want := []string{"two 1 <nil>"}; !slices.Equal(heard, want) || updates != 2 {
		t.Errorf("after stop, heard %q, want %q; %d updates", heard, want, updates)
	}
}

// TestObserveBeforePlaced observes a type that is placed later.
func TestObserveBeforePlaced(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 1})
	text := NewText("a")
	var heard []Delta
	stop := text.Observe(func(e *Event) { heard = append(heard, e.Delta) })
	d.Transact(func(tx *Tx) { must(t, d.Array("a").Push(tx, text)) })
	d.Transact(func(tx *Tx) { must(t, text.Insert(tx, 1, "b")) })
	stop()
	d.Transact(func(tx *Tx) { must(t, text.Insert(tx, 2, "c")) })
	if want := []Delta{{{Retain: 1}, {Insert: "b"}}}; !reflect.DeepEqual(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if d.watching != 0 {
		t.Errorf("%d observers are left", d.watching)
	}
}

// TestUndoConfig uses what the random stories do not.
func TestUndoConfig(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 1})
	text := d.Text("t")
	now := time.Unix(1, 0)
	var added, popped int
	u := d.NewUndoManager(UndoConfig{
		Now:    func() time.Time { return now },
		Added:  func(e *UndoEntry) { added++; e.Meta["cursor"] = text.Len() },
		Popped: func(*UndoEntry) { popped++ },
	}, text)
	insert := func(s string) { d.Transact(func(tx *Tx) { must(t, text.Insert(tx, text.Len(), s)) }) }
	insert("a")
	insert("b") // joins
	now = now.Add(time.Second)
	insert("c")
	d.Transact(func(*Tx) {}) // no entry
	e, update := u.Undo()
	if e == nil || e.Meta["cursor"] != 3 || update == nil || text.String() != "ab" || added != 4 || popped != 1 {
		t.Errorf("undone: %+v, %x, text %q; %d added, %d popped", e, update, text, added, popped)
	}
	d.Transact(func(tx *Tx) {
		if e, _ := u.Undo(); e != nil {
			t.Error("Undo works within a transaction")
		}
	})
	u.Undo()
	if text.String() != "" || u.CanUndo() || !u.CanRedo() {
		t.Errorf("text %q, can undo %v, redo %v", text, u.CanUndo(), u.CanRedo())
	}
	if e, update := u.Undo(); e != nil || update != nil {
		t.Errorf("nothing is undone as %+v, %x", e, update)
	}
	u.Redo()
	u.Redo()
	if text.String() != "abc" || u.CanRedo() {
		t.Errorf("text %q after redo", text)
	}
	u.Close()
	insert("d")
	if u.CanUndo() || len(d.undoers) != 0 {
		t.Error("it goes on after Close")
	}
	must(t, d.check())
}

// TestLongFormatted edits far inside of a text with many formats: the work must
// not grow with its length.
func TestLongFormatted(t *testing.T) {
	t.Parallel()
	d := New(Config{Client: 1})
	text := d.Text("t")
	d.Transact(func(tx *Tx) {
		for range 2000 {
			must(t, text.InsertWith(tx, text.Len(), "bold", map[string]any{"b": true, "n": text.Len() % 7}))
			must(t, text.InsertWith(tx, text.Len(), "plain", nil))
		}
	})
	for i := range 500 {
		d.Transact(func(tx *Tx) { must(t, text.Insert(tx, (i*7919)%text.Len(), "x")) })
	}
	must(t, d.check())
	if got, want := fork(d, 2).Text("t").ToDelta(), text.ToDelta(); !reflect.DeepEqual(got, want) {
		t.Error("a fork has other formats")
	}
}
