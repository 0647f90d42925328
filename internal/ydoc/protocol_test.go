package ydoc

import (
	"bytes"
	"maps"
	"testing"

	"lyceum/internal/lyceum"
)

// TestSync lets two documents speak the protocol with each other.
func TestSync(t *testing.T) {
	t.Parallel()
	a, _ := typed(t, "from a ")
	b := New(Config{Client: 2})
	b.Transact(func(tx *Tx) { must(t, b.Text("t").Insert(tx, 0, "from b ")) })
	pass := func(to *Doc, message []byte) (reply, effective []byte) {
		t.Helper()
		m, err := DecodeMessage(message)
		must(t, err)
		reply, effective, err = to.Sync(m)
		must(t, err)
		return reply, effective
	}
	for _, dir := range []struct{ asks, answers *Doc }{{a, b}, {b, a}} {
		reply, _ := pass(dir.answers, AppendSyncStep1(nil, dir.asks.StateVector()))
		if _, effective := pass(dir.asks, reply); effective == nil {
			t.Error("the answer brought nothing")
		}
	}
	update := a.Transact(func(tx *Tx) { must(t, a.Text("t").Insert(tx, 0, "now ")) })
	pass(b, AppendSyncUpdate(nil, update))
	if got, want := b.Text("t").String(), a.Text("t").String(); got != want || len(got) != 18 {
		t.Errorf("text is %q in b, %q in a", got, want)
	}
}

// TestMessages reads each kind of message, as written and malformed.
func TestMessages(t *testing.T) {
	t.Parallel()
	states := EncodeAwareness([]AwarenessState{{7, 3, []byte(`{"x":1}`)}})
	for _, c := range []struct {
		name  string
		bytes []byte
		ok    func(Message) bool
	}{
		{"step 1", AppendSyncStep1(nil, StateVector{5: 9}), func(m Message) bool {
			return m.Kind == MessageSync && m.Sync == SyncStep1 && maps.Equal(m.Vector, StateVector{5: 9})
		}},
		{"step 2", AppendSyncStep2(nil, []byte{0, 0}), func(m Message) bool {
			return m.Kind == MessageSync && m.Sync == SyncStep2 && bytes.Equal(m.Update, []byte{0, 0})
		}},
		{"update", AppendSyncUpdate(nil, []byte{0, 0}), func(m Message) bool { return m.Sync == SyncUpdate }},
		{"awareness", AppendAwareness(nil, states), func(m Message) bool {
			return m.Kind == MessageAwareness && len(m.States) == 1 && m.States[0].Client == 7 && string(m.States[0].State) == `{"x":1}`
		}},
		{"denied", AppendDenied(nil, "no"), func(m Message) bool { return m.Kind == MessageAuth && m.Reason == "no" }},
		{"query", AppendQuery(nil), func(m Message) bool { return m.Kind == MessageQuery }},
	} {
		m, err := DecodeMessage(c.bytes)
		if err != nil || !c.ok(m) {
			t.Errorf("%s: read as %+v: %v", c.name, m, err)
		}
		for n := range c.bytes {
			if m, err := DecodeMessage(c.bytes[:n]); !lyceum.IsKind(err, lyceum.Invalid) {
				t.Errorf("%s, of which %d bytes came: read as %+v: %v", c.name, n, m, err)
			}
		}
		if _, err := DecodeMessage(append(bytes.Clone(c.bytes), 0)); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%s with a byte behind: %v", c.name, err)
		}
	}
	for name, b := range map[string][]byte{
		"an unknown kind":           {9},
		"a kind of 300":             {0xAC, 2},
		"an unknown kind of sync":   {0, 3, 0},
		"a kind of sync of 257":     {0, 0x81, 2, 0},
		"an unknown kind of auth":   {2, 1, 0},
		"a bad state vector":        {0, 0, 1, 9},
		"a state that is not JSON":  {1, 4, 1, 7, 1, 0},
		"a state that is undefined": append([]byte{1, 13, 1, 7, 1, 9}, "undefined"...),
		"more states than bytes":    {1, 1, 200},
	} {
		if m, err := DecodeMessage(b); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%s: read as %+v: %v", name, m, err)
		}
	}
	if _, _, err := New(Config{}).Sync(Message{Kind: MessageQuery}); !lyceum.IsKind(err, lyceum.Invalid) {
		t.Errorf("a query is taken for a sync message: %v", err)
	}
}
