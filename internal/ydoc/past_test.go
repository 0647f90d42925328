package ydoc

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestRelative compares relative positions, their bytes and JSON, and where they
// are after edits by all and undo.
func TestRelative(t *testing.T) {
	t.Parallel()
	soak(t, 40, func(seed uint64) {
		s := newStory(t, 23, seed)
		s.plain = s.rnd.IntN(2) == 0
		s.open(1+s.rnd.IntN(3), s.rnd.IntN(3) > 0)
		now := int64(1000)
		for _, p := range s.people {
			s.manage(p, &now)
		}
		var places []RelativePosition
		for range 10 {
			s.round()
			for _, p := range s.people {
				places = append(places, s.relative(p))
				s.absolute(p, places[s.rnd.IntN(len(places))])
				s.undo(p)
				s.absolute(p, places[s.rnd.IntN(len(places))])
			}
		}
		s.finish()
		for _, p := range s.people {
			for _, x := range places {
				s.absolute(p, x)
			}
		}
	})
}

func (s *story) relative(p *author2) RelativePosition {
	s.t.Helper()
	all := p.types()
	x := all[s.rnd.IntN(len(all))]
	if _, ok := x.(*Map); ok {
		x = p.doc.Text("text")
	}
	index, assoc := s.rnd.IntN(x.base().branch.seq.length+1), s.rnd.IntN(3)-1
	place, err := Relative(x, index, assoc)
	must(s.t, err)
	s.script.add(doRelative, p.n)
	s.addTarget(p, x)
	s.script.add(index, assoc+1)
	s.note = "relative position"
	d := s.run()
	if theirs := d.bytes(); !bytes.Equal(theirs, place.Encode()) {
		s.fail("%+v is %x, in yjs %x", place, place.Encode(), theirs)
	}
	s.same("writes", []byte(marshal(s.t, place)), d.bytes())
	again, err := DecodeRelativePosition(place.Encode())
	must(s.t, err)
	if !bytes.Equal(again.Encode(), place.Encode()) {
		s.fail("%+v is read as %+v", place, again)
	}
	var back RelativePosition
	must(s.t, json.Unmarshal([]byte(marshal(s.t, place)), &back))
	if marshal(s.t, back) != marshal(s.t, place) {
		s.fail("the JSON of %+v is read as %+v", place, back)
	}
	return place
}

func (s *story) absolute(p *author2, place RelativePosition) {
	s.t.Helper()
	x, index, ok := p.doc.Absolute(place)
	var got any
	if ok {
		m := map[string]any{"index": index}
		if b := x.base().branch; b.item == nil {
			m["type"] = b.name
		} else {
			id := p.doc.id(b.item.id)
			m["type"] = []any{id.Client, id.Clock}
		}
		got = m
	}
	s.script.add(doAbsolute, p.n, place.Encode())
	s.same("finds", []byte(marshal(s.t, got)), s.run().bytes())
}

// TestSnapshots takes snapshots along a story and goes back to them.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	soak(t, 40, func(seed uint64) {
		s := newStory(t, 24, seed)
		s.plain = s.rnd.IntN(2) == 0
		s.open(1+s.rnd.IntN(3), false)
		shots := make([][]*Snapshot, len(s.people))
		for range 8 {
			s.round()
			for i, p := range s.people {
				shots[i] = append(shots[i], s.snapshot(p))
			}
		}
		s.finish()
		for i, p := range s.people {
			for j, x := range shots[i] {
				s.past(p, x)
				s.differences(p, x, shots[i][s.rnd.IntN(j+1)])
			}
		}
	})
}

func (s *story) snapshot(p *author2) *Snapshot {
	s.t.Helper()
	x := p.doc.Snapshot()
	s.script.add(doSnapshot, p.n)
	s.note = "snapshot"
	d := s.run()
	if v1, v2 := d.bytes(), d.bytes(); !bytes.Equal(v1, x.Encode()) || !bytes.Equal(v2, x.EncodeV2()) {
		s.fail("it is\n %x and %x, in yjs\n %x and %x", x.Encode(), x.EncodeV2(), v1, v2)
	}
	one, err := DecodeSnapshot(x.Encode())
	must(s.t, err)
	two, err := DecodeSnapshotV2(x.EncodeV2())
	must(s.t, err)
	if !one.Equal(x) || !two.Equal(x) || !one.Contains(two) {
		s.fail("%+v is read as %+v and %+v", x, one, two)
	}
	return one
}

func (s *story) past(p *author2, x *Snapshot) {
	s.t.Helper()
	s.script.add(doPast, p.n, x.Encode())
	s.note = "past"
	d := s.run()
	state, content := d.bytes(), d.bytes()
	old, err := p.doc.At(x, 0)
	must(s.t, err)
	if got := old.EncodeState(nil); !bytes.Equal(got, state) {
		s.fail("the state was\n %x, in yjs\n %x", got, state)
	}
	s.same("held", []byte(marshal(s.t, []any{show(old.Text("text")), show(old.Text("rich")), show(old.Array("array")), show(old.Map("map"))})), content)
	if !p.doc.Snapshot().Contains(x) || !old.Snapshot().Equal(x) {
		s.fail("the document of the snapshot has another")
	}
	must(s.t, p.doc.check())
	must(s.t, old.check())
}

func (s *story) differences(p *author2, now, before *Snapshot) {
	s.t.Helper()
	name := []string{"text", "rich"}[s.rnd.IntN(2)]
	s.script.add(doCompare, p.n, name, now.Encode(), before.Encode())
	s.note = "differences"
	theirs := s.run().bytes()
	d, err := p.doc.Text(name).DeltaBetween(before, now, func(added bool, _ ID) any {
		if added {
			return map[string]any{"type": "added"}
		}
		return map[string]any{"type": "removed"}
	})
	must(s.t, err)
	s.same("are", []byte(marshal(s.t, showDelta(d))), theirs)
	must(s.t, p.doc.check())
}
