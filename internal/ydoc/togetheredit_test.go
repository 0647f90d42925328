package ydoc

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
)

// The edits of together.mjs, by their numbers there.
const (
	doInsert = iota
	doDelete
	doInsertWith
	doFormat
	doEmbed
	doEmbedType
	doDelta
	doSetAttribute
	doRemoveAttribute
	doInsertValues
	doPush
	doSet
	doDeleteKey
	doClear
)

// editor makes one random edit in both worlds.
type editor struct {
	*together
	tx   *Tx
	note *strings.Builder
}

func (e editor) once(d *Doc) {
	n := e.rnd.IntN(4)
	e.script.add(n)
	on := rootsOf(d)[n]
	var steps script
	count := 0
	for e.rnd.IntN(3) > 0 {
		next, step := e.inside(on)
		if next == nil {
			break
		}
		on = next
		steps = append(steps, step...)
		count++
	}
	e.script.add(count)
	e.script = append(e.script, steps...)
	fmt.Fprintf(e.note, " %T ", on)
	if err := e.edit(on); err != nil {
		panic(err)
	}
}

// inside returns a type inside of another, and the step to it.
func (e editor) inside(on Shared) (Shared, script) {
	var found []Shared
	var steps []script
	add := func(v any, step ...any) {
		if x, ok := v.(Shared); ok {
			s := script{}
			s.add(step...)
			found, steps = append(found, x), append(steps, s)
		}
	}
	switch on := on.(type) {
	case *Array:
		for i, v := range on.All() {
			add(v, 0, i)
		}
	case *Map:
		for _, k := range on.Keys() {
			v, _ := on.Get(k)
			add(v, 1, k)
		}
	case *Text:
		n := 0
		for _, op := range on.ToDelta() {
			if _, ok := op.Insert.(Shared); ok {
				add(op.Insert, 2, n)
				n++
			}
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	k := e.rnd.IntN(len(found))
	return found[k], steps[k]
}

func (e editor) edit(on Shared) error {
	switch on := on.(type) {
	case *Text:
		return e.text(on)
	case *Array:
		return e.array(on)
	case *Map:
		return e.keys(on)
	}
	panic(fmt.Sprintf("edit %T", on))
}

// did notes and tells yjs of an edit.
func (e editor) did(parts ...any) {
	fmt.Fprintf(e.note, "%.80v", parts)
	e.script.add(parts...)
}

func (e editor) text(t *Text) error {
	at := e.rnd.IntN(t.Len() + 1)
	n := min(t.Len()-at, e.rnd.IntN(6))
	switch e.rnd.IntN(12) {
	case 0, 1, 2, 3:
		s := e.word()
		e.did(doInsert, at, s)
		return t.Insert(e.tx, at, s)
	case 4, 5:
		e.did(doDelete, at, n)
		return t.Delete(e.tx, at, n)
	case 6:
		s, f := e.word(), e.formats()
		e.did(doInsertWith, at, s, f)
		return t.InsertWith(e.tx, at, s, f)
	case 7, 8:
		at, n = widened(t, at, n)
		f := e.formats()
		e.did(doFormat, at, n, f)
		return t.Format(e.tx, at, n, f)
	case 9:
		v, f := map[string]any{"image": e.word(), "n": e.rnd.IntN(9)}, e.formats()
		e.did(doEmbed, at, v, f)
		return t.InsertEmbed(e.tx, at, v, f)
	case 10:
		e.did(doEmbedType, at)
		v := e.newType(0)
		f := e.formats()
		e.did(f)
		return t.InsertEmbed(e.tx, at, v, f)
	}
	return e.attributeOrDelta(t)
}

func (e editor) attributeOrDelta(t *Text) error {
	name := []string{"a", "ü"}[e.rnd.IntN(2)]
	switch e.rnd.IntN(4) {
	case 0:
		e.did(doRemoveAttribute, name)
		return t.RemoveAttribute(e.tx, name)
	case 1:
		v := e.plain(0)
		e.did(doSetAttribute, name, value{v})
		return t.SetAttribute(e.tx, name, v)
	}
	d := e.delta(t)
	e.did(doDelta, value{deltaValue(d)})
	return t.ApplyDelta(e.tx, d)
}

// delta makes a random change that divides no pair of surrogates.
func (e editor) delta(t *Text) Delta {
	var d Delta
	left, pos := t.Len(), 0
	for range 1 + e.rnd.IntN(4) {
		_, n := widened(t, pos, min(left, e.rnd.IntN(5)))
		switch k := e.rnd.IntN(4); {
		case k == 0:
			d = append(d, Op{Insert: e.word(), Attributes: e.formats()})
			continue
		case n == 0:
			continue
		case k == 1:
			d = append(d, Op{Delete: n})
		case k == 2:
			d = append(d, Op{Retain: n, Attributes: e.formats()})
		default:
			d = append(d, Op{Retain: n})
		}
		left, pos = left-n, pos+n
	}
	return d
}

func deltaValue(d Delta) []any {
	ops := []any{}
	for _, op := range d {
		o := map[string]any{}
		if op.Insert != nil {
			o["insert"] = op.Insert
		}
		if op.Retain > 0 {
			o["retain"] = op.Retain
		}
		if op.Delete > 0 {
			o["delete"] = op.Delete
		}
		if op.Attributes != nil {
			o["attributes"] = op.Attributes
		}
		ops = append(ops, o)
	}
	return ops
}

// widened widens a part of a text so that it divides no pair of surrogates: where a
// format changes nothing, yjs would replace the halves here but tell nobody.
func widened(t *Text, at, n int) (int, int) {
	units := utf16.Encode([]rune(t.flat()))
	inside := func(i int) bool {
		return i > 0 && i < len(units) && utf16.IsSurrogate(rune(units[i])) && units[i] >= 0xDC00 && units[i-1] >= 0xD800 && units[i-1] < 0xDC00
	}
	end := at + n
	if inside(at) {
		at--
	}
	if inside(end) {
		end++
	}
	return at, end - at
}

func (e editor) formats() map[string]any {
	f := map[string]any{}
	for range e.rnd.IntN(3) {
		f[[]string{"b", "i", "link"}[e.rnd.IntN(3)]] = []any{true, nil, "x", 1.5, map[string]any{"n": 1}}[e.rnd.IntN(5)]
	}
	return f
}

func (e editor) array(a *Array) error {
	at := e.rnd.IntN(a.Len() + 1)
	switch e.rnd.IntN(4) {
	case 0:
		n := min(a.Len()-at, e.rnd.IntN(4))
		e.did(doDelete, at, n)
		return a.Delete(e.tx, at, n)
	case 1:
		e.did(doPush)
		return a.Push(e.tx, e.newValues(0)...)
	}
	e.did(doInsertValues, at)
	return a.Insert(e.tx, at, e.newValues(0)...)
}

func (e editor) keys(m *Map) error {
	key := []string{"k", "l", "1", "длина", ""}[e.rnd.IntN(5)]
	switch e.rnd.IntN(12) {
	case 0, 1:
		e.did(doDeleteKey, key)
		return m.Delete(e.tx, key)
	case 2:
		e.did(doClear)
		return m.Clear(e.tx)
	}
	e.did(doSet, key)
	return m.Set(e.tx, key, e.newValue(0))
}

func (e editor) newValues(depth int) []any {
	n := 1 + e.rnd.IntN(3)
	e.script.add(n)
	var all []any
	for range n {
		all = append(all, e.newValue(depth))
	}
	return all
}

// newValue makes a value and tells yjs how.
func (e editor) newValue(depth int) any {
	switch k := e.rnd.IntN(10); {
	case k == 0:
		b := []byte{byte(e.rnd.IntN(256)), 7}
		e.script.add(1, b)
		return b
	case k == 1:
		s := &Subdocument{GUID: fmt.Sprint("sub", e.rnd.IntN(9)), Options: map[string]any{}}
		if e.rnd.IntN(2) == 0 {
			s.Options["autoLoad"] = true
		}
		e.script.add(2, s.GUID, value{s.Options})
		return s
	case k < 5 && depth < 3:
		return e.newType(depth)
	}
	v := e.plain(0)
	e.script.add(0, value{v})
	return v
}

func (e editor) newType(depth int) Shared {
	switch e.rnd.IntN(3) {
	case 0:
		e.script.add(3)
		return NewArray(e.newValues(depth + 1)...)
	case 1:
		entries := map[string]any{}
		keys := []string{"a", "b", "c"}[:e.rnd.IntN(4)]
		e.script.add(4, len(keys))
		for _, k := range keys {
			e.script.add(k)
			entries[k] = e.newValue(depth + 1)
		}
		return NewMap(entries)
	}
	s := e.word()
	e.script.add(5, s)
	return NewText(s)
}

// plain makes a value without shared types, bytes or what yjs refuses alone.
func (e editor) plain(depth int) any {
	switch e.rnd.IntN(10) {
	case 0:
		return nil
	case 1:
		return e.rnd.IntN(2) == 0
	case 2:
		return float64(e.rnd.IntN(1 << 20))
	case 3:
		return -float64(e.rnd.Uint64N(1 << 52))
	case 4:
		return float64(e.rnd.IntN(1000)) / []float64{7, 8}[e.rnd.IntN(2)]
	case 5:
		return []float64{math.Inf(1), math.Copysign(0, -1), 1 << 31, -1 << 31, math.MaxFloat64, 5e-324}[e.rnd.IntN(6)]
	case 6:
		if depth > 2 {
			return "deep"
		}
		return []any{e.plain(depth + 1), Undefined{}, BigInt(-1 << 60)}
	case 7:
		if depth > 2 {
			return "deep"
		}
		return map[string]any{"10": e.plain(depth + 1), "9": nil, "x": e.plain(depth + 1)}
	}
	return e.word()
}

// value is a plain one in a script.
type value struct{ any }

func (v value) encode() []byte {
	b, err := putAny(nil, v.any, 0)
	if err != nil {
		panic(err)
	}
	return b
}

// content describes a document as together.mjs does.
func (s *together) content(d *Doc) []byte {
	var all []any
	for _, t := range rootsOf(d) {
		all = append(all, describe(t))
	}
	return value{all}.encode()
}

func describe(v any) any {
	switch v := v.(type) {
	case *Text:
		ops := []any{}
		for _, op := range v.ToDelta() {
			ops = append(ops, []any{describe(op.Insert), pairs(op.Attributes)})
		}
		attributes := Map{handle: v.handle}
		return []any{"text", v.Len(), ops, pairs(maps.Collect(attributes.All()))}
	case *Array:
		return []any{"array", v.Len(), each(v.Values())}
	case *Map:
		return []any{"map", pairs(maps.Collect(v.All()))}
	case *Subdocument:
		return []any{"doc", v.GUID}
	case []any:
		return []any{"list", each(v)}
	case map[string]any:
		return []any{"object", pairs(v)}
	}
	return v
}

func each(values []any) []any {
	all := []any{}
	for _, v := range values {
		all = append(all, describe(v))
	}
	return all
}

// pairs sorts as JavaScript compares strings.
func pairs(m map[string]any) []any {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return slices.CompareFunc(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)), cmp.Compare[uint16])
	})
	all := []any{}
	for _, k := range keys {
		all = append(all, []any{k, describe(m[k])})
	}
	return all
}
