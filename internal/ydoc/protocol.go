package ydoc

import "lyceum/internal/lyceum"

// Messages of y-protocols 1.0, in the frames of y-websocket. All numbers are
// varUint; bytes and texts stand behind their length:
//
//	0 sync       0 bytes  state vector: send me what I lack
//	             1 bytes  the answer: an update (V1)
//	             2 bytes  an update (V1)
//	1 awareness  bytes    see awareness.go
//	2 auth       0 text   permission denied, and why
//	3 query               send me all awareness states
//
// Each side begins with a state vector and answers the other's; from then on each
// sends its updates. A message ends with its frame.

// MessageKind is what a message is about.
type MessageKind uint8

// The kinds of message.
const (
	MessageSync      MessageKind = 0
	MessageAwareness MessageKind = 1
	MessageAuth      MessageKind = 2
	MessageQuery     MessageKind = 3
)

// SyncKind is which part of a synchronization a message is.
type SyncKind uint8

// The kinds of sync message.
const (
	SyncStep1  SyncKind = 0 // a state vector
	SyncStep2  SyncKind = 1 // an update: what a document at that vector lacks
	SyncUpdate SyncKind = 2 // an update that was made just now
)

// Message is a decoded message. Its slices are parts of the message's bytes.
type Message struct {
	Kind   MessageKind
	Sync   SyncKind         // of MessageSync
	Vector StateVector      // of SyncStep1
	Update []byte           // of SyncStep2 and SyncUpdate; not checked, Apply does
	States []AwarenessState // of MessageAwareness
	Reason string           // of MessageAuth: why permission is denied
}

// DecodeMessage reads a message of exactly b. The error is of kind Invalid, for an
// unknown kind too.
func DecodeMessage(b []byte) (Message, error) {
	d := decoder{b: b}
	m := Message{}
	switch kind := d.uint(); kind {
	case uint64(MessageSync):
		m.Kind = MessageSync
		d.sync(&m)
	case uint64(MessageAwareness):
		m.Kind = MessageAwareness
		inside := decoder{b: d.bytes(), whole: &d}
		m.States = inside.states()
	case uint64(MessageAuth):
		m.Kind = MessageAuth
		if d.uint() != 0 {
			d.fail("an unknown kind of auth message")
		}
		m.Reason = string(d.text())
	case uint64(MessageQuery):
		m.Kind = MessageQuery
	default:
		d.fail("an unknown kind of message")
	}
	if d.err == nil && d.pos != len(b) {
		d.fail("bytes follow its end")
	}
	if d.err != nil {
		return Message{}, lyceum.Wrap(lyceum.Invalid, d.err, "malformed message")
	}
	return m, nil
}

func (d *decoder) sync(m *Message) {
	kind := d.uint()
	body := d.bytes()
	if d.err != nil {
		return
	}
	switch m.Sync = SyncKind(kind); {
	case kind > uint64(SyncUpdate):
		d.fail("an unknown kind of sync message")
	case m.Sync == SyncStep1:
		sv, err := DecodeStateVector(body)
		if err != nil {
			d.fail("a state vector cannot be read")
		}
		m.Vector = sv
	default:
		m.Update = body
	}
}

// AppendSyncStep1 appends the message that asks for what a document at sv lacks.
func AppendSyncStep1(b []byte, sv StateVector) []byte {
	return appendSync(b, SyncStep1, sv.Encode())
}

// AppendSyncStep2 appends the answer to a SyncStep1: an update (V1).
func AppendSyncStep2(b, update []byte) []byte { return appendSync(b, SyncStep2, update) }

// AppendSyncUpdate appends the message of an update (V1).
func AppendSyncUpdate(b, update []byte) []byte { return appendSync(b, SyncUpdate, update) }

func appendSync(b []byte, kind SyncKind, body []byte) []byte {
	return putText(append(b, byte(MessageSync), byte(kind)), body)
}

// AppendAwareness appends the message of an awareness update, as
// EncodeAwareness makes it.
func AppendAwareness(b, update []byte) []byte {
	return putText(append(b, byte(MessageAwareness)), update)
}

// AppendDenied appends the message that permission is denied, and why.
func AppendDenied(b []byte, reason string) []byte {
	return putText(append(b, byte(MessageAuth), 0), []byte(reason))
}

// AppendQuery appends the message that asks for all awareness states.
func AppendQuery(b []byte) []byte { return append(b, byte(MessageQuery)) }

// Sync takes a message of kind MessageSync. For a SyncStep1 reply is the message
// with what the sender lacks; for the others effective is what Apply returns, as
// is the error.
func (d *Doc) Sync(m Message) (reply, effective []byte, err error) {
	switch {
	case m.Kind != MessageSync:
		return nil, nil, lyceum.Errorf(lyceum.Invalid, "the message is not one of synchronization")
	case m.Sync == SyncStep1:
		return AppendSyncStep2(nil, d.EncodeState(m.Vector)), nil, nil
	}
	effective, err = d.Apply(m.Update)
	return nil, effective, err
}
