package ydoc

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The commands of types.mjs.
const (
	doTypes = 64 + iota
	doChange
	doReceive
	doShow
	doManage
	doUndo
	doClock
	doRelative
	doAbsolute
	doSnapshot
	doPast
	doCompare
)

// The edits of doChange.
const (
	editInsert = iota
	editInsertWith
	editEmbed
	editFormat
	editDelete
	editDelta
	editArray
	editPush
	editSet
	editUnset
	editClear
	editAttribute
	editType
	editUnattribute
)

// story is a random story of people who edit all types at the same time, told
// here and to npm yjs step by step: both must write the same.
type story struct {
	t      *testing.T
	y      *yjs
	world  int
	seed   uint64
	rnd    *rand.Rand
	people []*author2
	script script // of the step at hand
	note   string
	plain  bool // no formats
	watch  bool // events are compared
}

// author2 is a person with a document here and one of the same number in yjs.
type author2 struct {
	n      int
	doc    *Doc
	inbox  [][]byte
	events []any
	undo   *UndoManager
}

func newStory(t *testing.T, world int, seed uint64) *story {
	s := &story{t: t, y: reference(t), world: world, seed: seed, rnd: rand.New(rand.NewPCG(seed, uint64(world)))}
	s.begin()
	s.script = script{}
	s.script.add(cmdWorld, world, true)
	return s
}

func (s *story) begin() {
	s.script, s.note = script{}, ""
	s.script.add(cmdWorld, s.world, false)
}

// open adds people.
func (s *story) open(people int, gc bool) {
	for i := range people {
		client := 1<<32 + s.rnd.Uint64N(1<<52)
		if s.rnd.IntN(2) == 0 {
			client = uint64(10 * (i + 1))
		}
		p := &author2{n: i, doc: New(Config{Client: client, KeepDeleted: !gc})}
		s.people = append(s.people, p)
		s.script.add(cmdOpen, i, client, gc, doTypes, i, s.watch)
		p.roots(s.watch)
	}
	s.run()
}

func (p *author2) roots(watch bool) {
	for _, r := range []Shared{p.doc.Text("text"), p.doc.Text("rich"), p.doc.Array("array"), p.doc.Map("map")} {
		if watch {
			name := r.base().branch.name
			r.ObserveDeep(func(es []*Event) {
				for _, e := range es {
					p.events = append(p.events, showEvent(name, e))
				}
			})
		}
	}
}

// run sends the step to yjs and returns its answer.
func (s *story) run() *decoder {
	s.t.Helper()
	d, err := s.y.run(s.script)
	if err != nil {
		s.fail("%v", err)
	}
	s.begin()
	return d
}

func (s *story) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("seed %d: %s\n%s", s.seed, s.note, fmt.Sprintf(format, args...))
}

// types lists all types of the document in which one can edit.
func (p *author2) types() []Shared {
	all := []Shared{p.doc.Text("text"), p.doc.Text("rich"), p.doc.Array("array"), p.doc.Map("map")}
	for i := 0; i < len(all); i++ {
		b := all[i].base().branch
		for it := b.seq.first; it != nil; it = it.right {
			if !it.deleted && it.kind == kindType {
				all = append(all, it.branch.shared())
			}
		}
		for _, l := range b.keys {
			if it := l.last; it != nil && !it.deleted && it.kind == kindType {
				all = append(all, it.branch.shared())
			}
		}
	}
	return all
}

func (s *story) addTarget(p *author2, x Shared) {
	b := x.base().branch
	if b.item == nil {
		s.script.add(0, b.name)
		return
	}
	id := p.doc.id(b.item.id)
	s.script.add(1, id.Client, id.Clock)
}

var keyList = []string{"a", "b", "key", "длина", "", "__proto", "2", "11"}
var formatList = []map[string]any{
	{"b": true}, {"b": nil}, {"i": true}, {"i": nil}, {"b": true, "i": true}, {"b": nil, "i": true},
	{"color": "red"}, {"color": "blue"}, {"color": nil}, {"size": 12}, {},
}

func (s *story) pick(words []string) string { return words[s.rnd.IntN(len(words))] }

func (s *story) any(depth int) any {
	switch s.rnd.IntN(14 - 4*min(1, depth/3)) {
	case 0:
		return nil
	case 1:
		return true
	case 2:
		return false
	case 3:
		return float64(s.rnd.IntN(1000))
	case 4:
		return -float64(s.rnd.IntN(1 << 31))
	case 5:
		return float64(s.rnd.Uint64N(1 << 50))
	case 6:
		return float64(s.rnd.IntN(1000)) / 8
	case 7:
		return s.rnd.NormFloat64() * 1e-9
	case 8:
		return math.NaN()
	case 9:
		return s.pick(wordList)
	case 10:
		return []byte(s.pick(wordList))
	case 11, 12:
		list := []any{}
		for range s.rnd.IntN(4) {
			list = append(list, s.any(depth+1))
		}
		return list
	}
	m := map[string]any{}
	for range s.rnd.IntN(4) {
		m[s.pick(keyList[:7])] = s.any(depth + 1)
	}
	if s.rnd.IntN(3) == 0 {
		m["big"] = BigInt(-1 << 60)
		m["none"] = Undefined{}
	}
	return m
}

func (s *story) json() any {
	return map[string]any{"embed": s.pick(wordList), "n": s.rnd.IntN(5), "list": []any{1.5, nil, true}}
}

// value makes a value and writes it for yjs.
func (s *story) value(depth int) any {
	if s.rnd.IntN(3) > 0 || depth > 2 {
		v := s.any(0)
		b, err := putAny(nil, v, 0)
		must(s.t, err)
		s.script.add(0)
		s.script = append(s.script, b...)
		return v
	}
	switch s.rnd.IntN(4) {
	case 0:
		w := s.pick(wordList)
		s.script.add(1, w)
		return NewText(w)
	case 1:
		s.script.add(2)
		return NewArray(s.valuesOf(depth + 1)...)
	case 2:
		n := s.rnd.IntN(4)
		keys := slices.Clone(keyList)
		s.rnd.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		keys = slices.Sorted(slices.Values(keys[:n]))
		s.script.add(3, n)
		m := map[string]any{}
		for _, k := range keys {
			s.script.add(k)
			m[k] = s.value(depth + 1)
		}
		return NewMap(m)
	}
	d := Delta{{Insert: s.pick(wordList)}, {Insert: s.pick(wordList), Attributes: s.formats()}, {Insert: "end"}}
	s.script.add(4, marshal(s.t, d))
	return NewRichText(d)
}

func (s *story) valuesOf(depth int) []any {
	n := s.rnd.IntN(4)
	s.script.add(n)
	list := []any{}
	for range n {
		list = append(list, s.value(depth))
	}
	return list
}

func (s *story) formats() map[string]any {
	if s.plain {
		return nil
	}
	return formatList[s.rnd.IntN(len(formatList))]
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}

// edit makes one random edit.
func (s *story) edit(p *author2, tx *Tx) {
	all := p.types()
	x := all[s.rnd.IntN(len(all))]
	if s.rnd.IntN(3) > 0 {
		x = all[s.rnd.IntN(4)]
	}
	s.addTarget(p, x)
	s.note += fmt.Sprintf(" %T", x)
	var err error
	switch x := x.(type) {
	case *Text:
		err = s.editText(tx, x)
	case *Array:
		err = s.editArray(tx, x)
	case *Map:
		err = s.editMap(tx, x)
	}
	must(s.t, err)
}

func (s *story) span(n int) (at, size int) {
	at = s.rnd.IntN(n + 1)
	return at, min(n-at, s.rnd.IntN(6))
}

func (s *story) editText(tx *Tx, x *Text) error {
	at, n := s.span(x.Len())
	word := s.pick(wordList)
	kind := s.rnd.IntN(14)
	if s.plain && kind < 6 {
		kind = 10
	}
	switch kind {
	case 0, 1:
		f := s.formats()
		s.script.add(editInsertWith, at, word, marshal(s.t, f))
		s.note += fmt.Sprintf("+%d%q%v", at, word, f)
		return x.InsertWith(tx, at, word, f)
	case 2, 3, 4:
		f := s.formats()
		at, n = wholeSpan(x, at, n)
		s.script.add(editFormat, at, n, marshal(s.t, f))
		s.note += fmt.Sprintf("*%d:%d%v", at, n, f)
		return x.Format(tx, at, n, f)
	case 5:
		d := s.delta(x)
		s.script.add(editDelta, marshal(s.t, d))
		s.note += marshal(s.t, d)
		return x.ApplyDelta(tx, d)
	case 6:
		v, f := s.json(), s.formats()
		if f == nil {
			f = map[string]any{}
		}
		s.script.add(editEmbed, at, marshal(s.t, v), marshal(s.t, f))
		s.note += fmt.Sprintf("+%d%v%v", at, v, f)
		return x.InsertEmbed(tx, at, v, f)
	case 7:
		name := s.pick(keyList)
		if s.rnd.IntN(3) == 0 {
			s.script.add(editUnattribute, name)
			return x.RemoveAttribute(tx, name)
		}
		s.script.add(editAttribute, name)
		return x.SetAttribute(tx, name, s.value(1))
	case 8, 9:
		s.script.add(editDelete, at, n)
		s.note += fmt.Sprintf("-%d:%d", at, n)
		return x.Delete(tx, at, n)
	}
	s.script.add(editInsert, at, word)
	s.note += fmt.Sprintf("+%d%q", at, word)
	return x.Insert(tx, at, word)
}

// wholeSpan widens a span so that it divides no pair of surrogates: where a format
// changes nothing, yjs would replace the halves here but tell nobody.
func wholeSpan(x *Text, at, n int) (int, int) {
	inside := func(pos int) bool {
		it, off := x.branch.seq.at().find(pos)
		if it == nil || it.kind != kindString || off == 0 {
			return false
		}
		_, in := offset16(it.data, it.length, uint32(off))
		return in
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

// delta makes a change from beginning to end.
func (s *story) delta(x *Text) Delta {
	d := Delta{}
	for at, left := 0, x.Len(); len(d) < 5; {
		n := min(left, 1+s.rnd.IntN(5))
		_, n = wholeSpan(x, at, n)
		switch s.rnd.IntN(4) {
		case 0:
			d = append(d, Op{Insert: s.pick(wordList), Attributes: s.formats()})
			continue
		case 1:
			if n > 0 {
				d = append(d, Op{Delete: n})
			}
		case 2:
			if n > 0 {
				d = append(d, Op{Retain: n, Attributes: s.formats()})
			}
		default:
			if n > 0 {
				d = append(d, Op{Retain: n})
			}
		}
		if at, left = at+n, left-n; left <= 0 {
			break
		}
	}
	return d
}

func (s *story) editArray(tx *Tx, x *Array) error {
	at, n := s.span(x.Len())
	switch s.rnd.IntN(6) {
	case 0, 1:
		s.script.add(editDelete, at, n)
		s.note += fmt.Sprintf("-%d:%d", at, n)
		return x.Delete(tx, at, n)
	case 2:
		s.script.add(editPush)
		return x.Push(tx, s.valuesOf(0)...)
	}
	s.script.add(editArray, at)
	s.note += fmt.Sprintf("+%d", at)
	return x.Insert(tx, at, s.valuesOf(0)...)
}

func (s *story) editMap(tx *Tx, x *Map) error {
	key := s.pick(keyList)
	switch s.rnd.IntN(10) {
	case 0:
		s.script.add(editClear)
		return x.Clear(tx)
	case 1, 2:
		s.script.add(editUnset, key)
		s.note += " -" + key
		return x.Delete(tx, key)
	}
	s.script.add(editSet, key)
	s.note += " " + key
	return x.Set(tx, key, s.value(0))
}

// show is what show of types.mjs writes, for any value.
func show(v any) any {
	switch v := v.(type) {
	case *Text:
		m := Map{handle: v.handle}
		return map[string]any{"text": showDelta(v.ToDelta()), "attributes": showEntries(maps2(m.All()))}
	case *Array:
		return map[string]any{"array": showList(v.Values())}
	case *Map:
		return map[string]any{"map": showEntries(maps2(v.All()))}
	case []byte:
		list := []any{}
		for _, b := range v {
			list = append(list, float64(b))
		}
		return map[string]any{"bytes": list}
	case BigInt:
		return map[string]any{"bigint": fmt.Sprint(int64(v))}
	case Undefined:
		return map[string]any{"undefined": true}
	case float64:
		if math.IsNaN(v) {
			return map[string]any{"nan": true}
		}
	case []any:
		return showList(v)
	case map[string]any:
		return map[string]any{"object": showEntries(v)}
	}
	return v
}

func maps2(seq func(func(string, any) bool)) map[string]any {
	m := map[string]any{}
	for k, v := range seq {
		m[k] = v
	}
	return m
}

func showList(list []any) []any {
	out := []any{}
	for _, v := range list {
		out = append(out, show(v))
	}
	return out
}

func showEntries(m map[string]any) []any {
	out := []any{}
	for _, k := range slices.Sorted(func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}) {
		out = append(out, []any{k, show(m[k])})
	}
	return out
}

func showDelta(d Delta) []any {
	out := []any{}
	for _, op := range d {
		if op.Insert != nil {
			op.Insert = show(op.Insert)
		}
		out = append(out, op)
	}
	return out
}

func showEvent(root string, e *Event) any {
	keys := []any{}
	for _, k := range slices.Sorted(func(yield func(string) bool) {
		for k := range e.Keys {
			if !yield(k) {
				return
			}
		}
	}) {
		keys = append(keys, []any{k, e.Keys[k].Action, show(e.Keys[k].Old)})
	}
	// An event holds values that can change until it is compared.
	b, err := json.Marshal(map[string]any{"root": root, "path": e.Path, "delta": showDelta(e.Delta), "keys": keys})
	if err != nil {
		panic(err)
	}
	return json.RawMessage(b)
}
