package ydoc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestTypes edits texts with formats, arrays, maps and what is nested in them,
// here and in npm yjs. Each update and each state must be the same bytes.
func TestTypes(t *testing.T) {
	t.Parallel()
	soak(t, 60, func(seed uint64) {
		s := newStory(t, 20, seed)
		s.plain = s.rnd.IntN(3) == 0
		s.open(1+s.rnd.IntN(3), s.rnd.IntN(4) > 0)
		for range 12 {
			s.round()
		}
		s.finish()
	})
}

// TestEvents compares what observers hear.
func TestEvents(t *testing.T) {
	t.Parallel()
	soak(t, 60, func(seed uint64) {
		s := newStory(t, 21, seed)
		s.plain, s.watch = s.rnd.IntN(2) == 0, true
		s.open(1+s.rnd.IntN(3), s.rnd.IntN(4) > 0)
		for range 12 {
			s.round()
		}
		s.finish()
	})
}

// TestUndo lets people undo and redo among edits of others.
func TestUndo(t *testing.T) {
	t.Parallel()
	soak(t, 60, func(seed uint64) {
		s := newStory(t, 22, seed)
		s.plain = s.rnd.IntN(3) == 0
		s.open(1+s.rnd.IntN(3), s.rnd.IntN(3) > 0)
		now := int64(1000)
		for _, p := range s.people {
			s.manage(p, &now)
		}
		for range 15 {
			s.round()
			now += int64(s.rnd.IntN(400))
			s.script.add(doClock, uint64(now))
			s.run()
			for range 3 {
				s.undo(s.people[s.rnd.IntN(len(s.people))])
			}
		}
		s.finish()
	})
}

func (s *story) round() {
	for _, p := range s.people {
		for range s.rnd.IntN(3) {
			s.change(p)
		}
		for len(p.inbox) > 0 && s.rnd.IntN(3) > 0 {
			u := p.inbox[0]
			p.inbox = p.inbox[1:]
			s.receive(p, u)
		}
	}
}

// change makes a transaction.
func (s *story) change(p *author2) {
	n, from := 1+s.rnd.IntN(3), s.rnd.IntN(3)
	s.script.add(doChange, p.n, from, n)
	s.note = "change:"
	update := p.doc.TransactFrom([]any{nil, "one", "two"}[from], func(tx *Tx) {
		for range n {
			s.edit(p, tx)
		}
	})
	s.report(p, update, true)
	s.send(p, update)
}

func (s *story) send(p *author2, update []byte) {
	for _, q := range s.people {
		if q != p && update != nil {
			q.inbox = append(q.inbox, update)
		}
	}
}

func (s *story) receive(p *author2, update []byte) {
	s.note = "receive:"
	s.script.add(doReceive, p.n, update)
	_, err := p.doc.Apply(update)
	must(s.t, err)
	s.report(p, nil, false)
}

// report compares what a step wrote, the state after it, and what was heard of it.
func (s *story) report(p *author2, update []byte, local bool) *decoder {
	s.t.Helper()
	note := s.note
	s.script.add(cmdState, p.n, doShow, p.n)
	all := s.run()
	s.note = note
	theirs, more, events := all.bytes(), all.bytes(), all.bytes()
	if local && !bytes.Equal(theirs, update) {
		s.fail("wrote\n %x, yjs\n %x", update, theirs)
	}
	if s.watch {
		got, err := json.Marshal(append([]any{}, p.events...))
		must(s.t, err)
		s.same("heard", got, events)
		p.events = nil
		if len(more) > 0 {
			defer s.again(p)
		}
	}
	all.bytes()
	state := all.bytes()
	all.bytes()
	if all.uint() != 0 {
		s.fail("yjs waits for more")
	}
	if got := p.doc.EncodeState(nil); !bytes.Equal(got, state) && (!s.watch || s.plain) {
		s.fail("has the state\n %x, yjs\n %x", got, state)
	}
	content, err := json.Marshal([]any{show(p.doc.Text("text")), show(p.doc.Text("rich")), show(p.doc.Array("array")), show(p.doc.Map("map"))})
	must(s.t, err)
	if theirs := all.bytes(); !s.watch || len(more) == 0 {
		s.same("holds", content, theirs)
	}
	if err := p.doc.check(); err != nil {
		s.fail("%v", err)
	}
	return all
}

// again makes the document here that of yjs: it changed formats when it told of them.
func (s *story) again(p *author2) {
	s.script.add(cmdState, p.n)
	d := s.run()
	d.bytes()
	p.doc = New(Config{Client: p.doc.client, KeepDeleted: p.doc.keep})
	_, err := p.doc.Restore(d.bytes())
	must(s.t, err)
	p.roots(true)
}

func (s *story) same(what string, got, want []byte) {
	s.t.Helper()
	var a, b any
	must(s.t, json.Unmarshal(got, &a))
	must(s.t, json.Unmarshal(want, &b))
	if what == "heard" {
		a, b = byRoot(a), byRoot(b)
	}
	if !reflect.DeepEqual(a, b) {
		s.fail("%s\n %s, yjs\n %s", what, got, want)
	}
}

// byRoot sorts events, for which of several observers hears first is open, and
// leaves out those that say nothing: yjs tells so of its cleaning up.
func byRoot(events any) any {
	list, _ := events.([]any)
	list = slices.DeleteFunc(list, func(e any) bool {
		m := e.(map[string]any)
		return len(m["delta"].([]any))+len(m["keys"].([]any)) == 0
	})
	slices.SortStableFunc(list, func(a, b any) int {
		return cmp.Compare(fmt.Sprint(a.(map[string]any)["root"], a.(map[string]any)["path"]), fmt.Sprint(b.(map[string]any)["root"], b.(map[string]any)["path"]))
	})
	return list
}

// finish gives everybody everything.
func (s *story) finish() {
	for _, p := range s.people {
		for _, u := range p.inbox {
			s.receive(p, u)
		}
		p.inbox = nil
		f := fork(p.doc, 0)
		if err := f.check(); err != nil || f.Pending() {
			s.fail("a fork: %v, waits: %v", err, f.Pending())
		}
	}
}

func (s *story) manage(p *author2, now *int64) {
	c := UndoConfig{Capture: time.Duration(s.rnd.IntN(3)) * 250 * time.Millisecond, Origins: []any{nil, "one"}, Now: func() time.Time { return time.UnixMilli(*now) }}
	if c.Capture == 0 {
		c.Capture = -1
	}
	var scope []Shared
	names := []string{"text", "rich", "array", "map"}
	for i, r := range []Shared{p.doc.Text("text"), p.doc.Text("rich"), p.doc.Array("array"), p.doc.Map("map")} {
		if s.rnd.IntN(2) == 0 {
			scope = append(scope, r)
		} else {
			names[i] = ""
		}
	}
	p.undo = p.doc.NewUndoManager(c, scope...)
	s.script.add(doClock, uint64(*now), doManage, p.n, int(max(0, c.Capture.Milliseconds())), len(scope))
	for _, n := range names {
		if n != "" {
			s.script.add(n)
		}
	}
	s.run()
}

func (s *story) undo(p *author2) {
	what := s.rnd.IntN(8)
	var update []byte
	switch {
	case what < 4:
		what = 0
		s.note = "undo"
		_, update = p.undo.Undo()
	case what < 6:
		what = 1
		s.note = "redo"
		_, update = p.undo.Redo()
	case what == 6 || s.rnd.IntN(4) > 0:
		what = 2
		s.note = "stop"
		p.undo.StopCapturing()
	default:
		what = 3
		s.note = "clear"
		p.undo.Clear()
	}
	s.script.add(doUndo, p.n, what)
	note := s.note
	d := s.run()
	theirs := d.bytes()
	s.note = note
	if !bytes.Equal(theirs, update) {
		s.fail("wrote\n %x, yjs\n %x", update, theirs)
	}
	d.bytes()
	d.bytes()
	if u, r := d.uint(), d.uint(); int(u) != len(p.undo.undo) || int(r) != len(p.undo.redo) {
		s.fail("has %d to undo and %d to redo, yjs %d and %d", len(p.undo.undo), len(p.undo.redo), u, r)
	}
	s.send(p, update)
}
