package livedoc

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lyceum/internal/ydoc"
)

func TestPresences(t *testing.T) {
	t.Parallel()
	ada := &viewer{Viewer: Viewer{Account: "ada", Session: "1"}}
	adaAgain := &viewer{Viewer: Viewer{Account: "ada", Session: "1"}}
	grace := &viewer{Viewer: Viewer{Account: "grace", Session: "2"}}
	var p presences
	for i, c := range []struct {
		v     *viewer
		clock uint64
		state string
		fresh bool
		after string
	}{
		{grace, 1, "null", false, ""}, // nobody to remove
		{ada, 1, `"a1"`, true, `"a1"`},
		{ada, 1, `"a1"`, false, `"a1"`},   // once more
		{grace, 1, `"a1"`, false, `"a1"`}, // an echo
		{grace, 9, `"g"`, false, `"a1"`},  // a forgery
		{grace, 9, "null", false, `"a1"`}, // a time-out of somebody else
		{ada, 0, `"a0"`, false, `"a1"`},   // late
		{ada, 3, `"a3"`, true, `"a3"`},
		{adaAgain, 3, `"a3"`, false, `"a3"`}, // an echo in another tab
		{adaAgain, 4, `"a4"`, true, `"a4"`},  // the connection was lost and nobody has noticed yet
		{ada, 4, `"a4"`, false, `"a4"`},      // an echo in the old one
		{adaAgain, 4, "null", true, ""},      // goes
		{grace, 4, `"a4"`, false, ""},        // an echo from before
		{grace, 5, `"g"`, true, `"g"`},       // the id is free
	} {
		changed, err := p.take(c.v, []ydoc.AwarenessState{{Client: 7, Clock: c.clock, State: []byte(c.state)}})
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if got := slices.Contains(changed, 7); got != c.fresh {
			t.Errorf("step %d: changed is %v, want %v", i, got, c.fresh)
		}
		after := ""
		if cur := p.clients[7]; cur != nil {
			after = string(cur.state)
		}
		if after != c.after {
			t.Errorf("step %d: the state is %q, want %q", i, after, c.after)
		}
	}
	if got := p.leave(ada); len(got) != 0 {
		t.Errorf("with the old connection go %v", got)
	}
	if got := p.leave(grace); !slices.Equal(got, []uint64{7}) || len(p.here()) != 0 {
		t.Errorf("with the connection go %v, there are %v", got, p.here())
	}
	if got := p.states(map[uint64]bool{7: true, 8: true}); len(got) != 1 || !got[0].Gone() || got[0].Clock != 5 {
		t.Errorf("told of the one that went: %+v", got)
	}
}

func TestPresencesAreBounded(t *testing.T) {
	t.Parallel()
	var p presences
	v := &viewer{}
	for id := range uint64(maxOwned + 1) {
		_, err := p.take(v, []ydoc.AwarenessState{{Client: id, Clock: 1, State: []byte(`1`)}})
		if (err != nil) != (id == maxOwned) {
			t.Fatalf("client %d: %v", id, err)
		}
	}
	if _, err := p.take(v, []ydoc.AwarenessState{{Client: 1, Clock: 2, State: []byte(`"` + strings.Repeat("x", maxState) + `"`)}}); err == nil {
		t.Error("a state over the limit is taken")
	}
	for id := range uint64(maxGone + 500) {
		v := &viewer{}
		if _, err := p.take(v, []ydoc.AwarenessState{{Client: 1000 + id, Clock: 1, State: []byte(`1`)}}); err != nil {
			t.Fatal(err)
		}
		p.leave(v)
	}
	if n := len(p.clients); n > maxGone+maxOwned+1 {
		t.Errorf("%d clients are remembered", n)
	}
}

func TestAwarenessReachesOthers(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "")
	ada, grace := h.edit("a"), h.edit("a")
	for i := range 50 {
		ada.send(encodeAwareness([]ydoc.AwarenessState{{Client: 1, Clock: uint64(i), State: fmt.Appendf(nil, `{"cursor":%d}`, i)}}))
	}
	grace.wait(t, "the last cursor", func() bool { return grace.aware[1] == `{"cursor":49}` })
	late := h.edit("a")
	late.wait(t, "who is there", func() bool { return late.aware[1] == `{"cursor":49}` })
	late.note(func() { clear(late.aware) })
	late.send([]byte{byte(ydoc.MessageQuery)})
	late.wait(t, "the answer", func() bool { return late.aware[1] == `{"cursor":49}` })
	grace.send(encodeAwareness([]ydoc.AwarenessState{{Client: 1, Clock: 100, State: []byte(`null`)}}))
	grace.send(encodeAwareness([]ydoc.AwarenessState{{Client: 2, Clock: 1, State: []byte(`{}`)}}))
	late.wait(t, "Grace", func() bool { return late.aware[2] != "" })
	if late.aware[1] == "" {
		t.Error("Grace has removed Ada")
	}
	ada.stop()
	late.wait(t, "Ada to go", func() bool { return late.aware[1] == "" })
}
