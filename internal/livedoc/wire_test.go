package livedoc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/ydoc"
)

// The bytes are what y-protocols 1.0.7 and lib0 0.2.120 write for these messages.
func TestWireBytes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ got, want []byte }{
		"step 1 of an empty document": {encodeStep1(ydoc.StateVector{}), []byte{0, 0, 1, 0}},
		"an empty update":             {encodeUpdate([]byte{0, 0}), []byte{0, 2, 2, 0, 0}},
		"awareness": {encodeAwareness([]ydoc.AwarenessState{{Client: 300, Clock: 2, State: []byte(`{}`)}}),
			[]byte{1, 7, 1, 0xac, 2, 2, 2, '{', '}'}},
		"notice": {notice{T: "moved", Path: "b"}.encode(), append([]byte{100, 24}, `{"t":"moved","path":"b"}`...)},
	} {
		if !bytes.Equal(c.got, c.want) {
			t.Errorf("%s: got % x, want % x", name, c.got, c.want)
		}
	}
}

func TestDecodeMessage(t *testing.T) {
	t.Parallel()
	states := []ydoc.AwarenessState{{Client: 1, Clock: 2, State: []byte(`{"a":1}`)}, {Client: 1<<53 - 1, Clock: 0, State: []byte(`null`)}}
	for name, c := range map[string]struct {
		b    []byte
		want ydoc.Message
	}{
		"step 1":    {[]byte{0, 0, 3, 1, 9, 4}, ydoc.Message{Kind: ydoc.MessageSync, Sync: ydoc.SyncStep1, Vector: ydoc.StateVector{9: 4}}},
		"step 2":    {[]byte{0, 1, 2, 0, 0}, ydoc.Message{Kind: ydoc.MessageSync, Sync: ydoc.SyncStep2, Update: []byte{0, 0}}},
		"update":    {[]byte{0, 2, 2, 0, 0}, ydoc.Message{Kind: ydoc.MessageSync, Sync: ydoc.SyncUpdate, Update: []byte{0, 0}}},
		"awareness": {encodeAwareness(states), ydoc.Message{Kind: ydoc.MessageAwareness, States: states}},
		"query":     {[]byte{3}, ydoc.Message{Kind: ydoc.MessageQuery}},
	} {
		got, err := decodeMessage(c.b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s (-got +want): %s", name, diff)
		}
	}
	if _, err := decodeMessage(make([]byte, maxMessage+1)); err == nil {
		t.Error("a message over the limit is taken")
	}
	many := binary.AppendUvarint([]byte{1, 9}, 1<<52)
	if _, err := decodeMessage(append(many, 0)); err == nil {
		t.Error("a message with 2^52 states is taken")
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0})
	f.Add([]byte{0, 2, 2, 0, 0})
	f.Add([]byte{3})
	f.Add(encodeAwareness([]ydoc.AwarenessState{{Client: 300, Clock: 2, State: []byte(`{"user":{"name":"Ada"}}`)}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMessage(b)
		if err != nil {
			var c *CloseError
			if !errors.As(err, &c) || c.Code != CloseProtocol || len(c.Reason) > 120 {
				t.Fatalf("the error is %v, want a protocol error", err)
			}
			return
		}
		if m.Kind == ydoc.MessageAwareness {
			again, err := decodeMessage(encodeAwareness(m.States))
			if err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			if diff := cmp.Diff(again, m); diff != "" {
				t.Fatal(diff)
			}
		}
		epochOf("c0ffee00-0000-4000-8000-000000000000").foreignUpdate(m.Update)
	})
}

func epochOf(s string) EpochID { return EpochID(s) }

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcdef", 5, "ab…"}, {"ééé", 5, "é…"}, {"ééé", 6, "ééé"}} {
		if got := shorten(c.s, c.n); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.s, c.n, got, c.want)
		}
	}
}

func TestClientIDs(t *testing.T) {
	t.Parallel()
	a, b := newEpoch(), newEpoch()
	for a.tag() == b.tag() {
		b = newEpoch()
	}
	used := ydoc.StateVector{}
	for range 1000 {
		id := a.draw(used)
		if _, ok := used[id]; ok || id <= 1<<32 || id > ydoc.MaxClient {
			t.Fatalf("drew %d", id)
		}
		used[id] = 1
	}
	used[1<<32-1] = 5 // a browser
	if a.foreign(used) {
		t.Error("an epoch calls its own ids foreign")
	}
	if !b.foreign(used) {
		t.Error("an epoch does not notice the ids of another one")
	}
}
