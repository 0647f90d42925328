package ydoc

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// TestAwarenessMirror does the same random things to awareness here and to that of
// npm y-protocols, and exchanges updates late, twice and out of order.
func TestAwarenessMirror(t *testing.T) {
	t.Parallel()
	y := reference(t)
	soak(t, 60, func(seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		var s script
		var wants []string
		s.add(cmdWorld, 3, true)
		people := make([]*Awareness, 3)
		base := int(seed%1000)*10 + 1000
		note := func(i int, c AwarenessChange) {
			a := people[i]
			wants = append(wants, heard(c)+" "+string(a.Encode(a.known())))
		}
		for i := range people {
			people[i] = NewAwareness(uint64(base + i))
			s.add(cmdAwareness, base+i, 0)
			note(i, AwarenessChange{})
			people[i].SetState([]byte("{}"), noon) // which y-protocols does by itself
			wants[i] = " " + string(people[i].Encode(people[i].known()))
		}
		var sent [][]byte
		for range 60 {
			i := rnd.IntN(len(people))
			a := people[i]
			s.add(cmdAwareness, base+i)
			switch k := rnd.IntN(8); {
			case k < 3:
				state := []string{"", `{"a":1}`, `{"a":2}`, `"x"`}[rnd.IntN(4)]
				s.add(1, state)
				var b []byte
				if state != "" {
					b = []byte(state)
				}
				note(i, a.SetState(b, noon))
			case k == 3:
				who := rnd.IntN(len(people))
				s.add(3, 1, base+who)
				note(i, a.Remove([]uint64{uint64(base + who)}, noon))
			default:
				u := a.Encode(a.known())
				if len(sent) > 0 {
					u = sent[rnd.IntN(len(sent))]
				}
				s.add(2, u)
				c, err := a.Apply(u, noon)
				must(t, err)
				note(i, c)
			}
			sent = append(sent, a.Encode(a.known()))
		}
		d, err := y.run(s)
		must(t, err)
		for i, want := range wants {
			if got := string(d.text()) + string(append([]byte(" "), d.bytes()...)); strings.TrimLeft(got, " ") != strings.TrimLeft(want, " ") {
				t.Fatalf("seed %d, step %d: %q, in y-protocols %q", seed, i, want, got)
			}
		}
	})
}

// known returns the ids of all clients that were heard of, ascending.
func (a *Awareness) known() []uint64 {
	var ids []uint64
	for id := range a.clients {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// heard writes a change as the driver does.
func heard(c AwarenessChange) string {
	text := func(sort string, updated []uint64) string {
		var parts []string
		for _, ids := range [][]uint64{c.Added, updated, c.Removed} {
			parts = append(parts, strings.ReplaceAll(strings.Trim(fmt.Sprint(ids), "[]"), " ", ","))
		}
		return sort + strings.Join(parts, ";") + " "
	}
	out := ""
	if len(c.Added)+len(c.Updated)+len(c.Removed) > 0 {
		out += text("c", c.Updated)
	}
	if len(c.Added)+len(c.Renewed)+len(c.Removed) > 0 {
		out += text("u", c.Renewed)
	}
	return out
}

// TestAwarenessTimes lets time pass: the own state is said again after half of the
// timeout, others go after all of it.
func TestAwarenessTimes(t *testing.T) {
	t.Parallel()
	a, b := NewAwareness(1), NewAwareness(2)
	a.SetState([]byte(`{"name":"ada"}`), noon)
	a.SetState([]byte(`{"name":"ada"}`), noon) // clock 1: nobody hears of clock 0
	b.SetState([]byte(`{"name":"grace"}`), noon)
	if c, err := b.Apply(a.Encode(a.Clients()), noon); err != nil || !slices.Equal(c.Added, []uint64{1}) {
		t.Fatalf("change is %+v, %v, want client 1 added", c, err)
	}
	for _, step := range []struct {
		after            time.Duration
		renewed, removed []uint64
		here             []uint64
	}{
		{14 * time.Second, nil, nil, []uint64{1, 2}},
		{15 * time.Second, []uint64{2}, nil, []uint64{1, 2}},
		{29 * time.Second, nil, nil, []uint64{1, 2}},
		{30 * time.Second, []uint64{2}, []uint64{1}, []uint64{2}},
	} {
		c := b.Tick(noon.Add(step.after))
		if !slices.Equal(c.Renewed, step.renewed) || !slices.Equal(c.Removed, step.removed) || len(c.Updated) > 0 {
			t.Errorf("after %v the change is %+v, want renewed %v, removed %v", step.after, c, step.renewed, step.removed)
		}
		if got := b.Clients(); !slices.Equal(got, step.here) {
			t.Errorf("after %v %v are there, want %v", step.after, got, step.here)
		}
	}
	if c := b.Tick(noon.Add(time.Minute)); c.Removed != nil {
		t.Errorf("who is gone is removed again: %+v", c)
	}
}

// TestAwarenessOwnState lets somebody else say that we are gone: we are told to
// say that we are not.
func TestAwarenessOwnState(t *testing.T) {
	t.Parallel()
	a := NewAwareness(1)
	a.SetState([]byte(`{}`), noon)
	if _, err := a.Apply(EncodeAwareness([]AwarenessState{{1, 7, null}}), noon); err != nil {
		t.Fatal(err)
	}
	got, err := DecodeAwareness(a.Encode([]uint64{1}))
	if err != nil || len(got) != 1 || got[0].Clock != 8 || got[0].Gone() {
		t.Errorf("it says %+v (%v), want clock 8 and a state", got, err)
	}
}

// TestAwarenessForgets has more clients come and go than are remembered.
func TestAwarenessForgets(t *testing.T) {
	t.Parallel()
	a := NewAwareness(1)
	a.SetState([]byte(`{}`), noon)
	for id := uint64(2); id < 3*maxGone; id++ {
		for clock, state := range []string{1: `"here"`, 2: "null"} {
			if clock == 0 {
				continue
			}
			if _, err := a.Apply(EncodeAwareness([]AwarenessState{{id, uint64(clock), []byte(state)}}), noon); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(a.clients); n > maxGone+2 || !bytes.Equal(a.State(1), []byte(`{}`)) {
		t.Errorf("%d clients are remembered, the own state is %s", n, a.State(1))
	}
}
