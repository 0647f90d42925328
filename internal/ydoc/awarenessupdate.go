package ydoc

import (
	"bytes"

	"lyceum/internal/lyceum"
)

// An awareness update says of clients what they show of themselves: who they are,
// where their cursor is. It is not part of the document and not kept:
//
//	count { client clock text }…
//
// The text is JSON; null says that the client is gone. Of two states of a client
// the one with the higher clock holds.

// AwarenessState is one entry of an awareness update.
type AwarenessState struct {
	Client uint64
	Clock  uint64
	State  []byte // JSON; "null" when the client is gone
}

// Gone reports whether the entry says that the client is gone.
func (s AwarenessState) Gone() bool { return bytes.Equal(s.State, null) }

// DecodeAwareness reads an awareness update of exactly b; the states are parts of
// b. The error is of kind Invalid.
func DecodeAwareness(b []byte) ([]AwarenessState, error) {
	d := decoder{b: b}
	states := d.states()
	if d.err != nil {
		return nil, lyceum.Wrap(lyceum.Invalid, d.err, "malformed awareness update")
	}
	return states, nil
}

func (d *decoder) states() []AwarenessState {
	n := d.count(3)
	states := make([]AwarenessState, 0, n)
	for range n {
		s := AwarenessState{Client: d.uint(), Clock: d.uint()}
		from := d.pos
		d.json(false)
		if d.err != nil {
			return nil
		}
		in := decoder{b: d.b[:d.pos], pos: from}
		s.State = in.bytes()
		states = append(states, s)
	}
	if d.pos != len(d.b) {
		d.fail("bytes follow its end")
	}
	return states
}

// EncodeAwareness makes an awareness update.
func EncodeAwareness(states []AwarenessState) []byte {
	b := putUint(nil, uint64(len(states)))
	for _, s := range states {
		b = putText(putUint(putUint(b, s.Client), s.Clock), s.State)
	}
	return b
}
