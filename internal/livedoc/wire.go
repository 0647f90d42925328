package livedoc

import (
	"encoding/binary"
	"encoding/json"
	"unicode/utf8"

	"lyceum/internal/ydoc"
)

// The kinds of message, as y-protocols and y-websocket number them, and ours.
const (
	msgSync      = 0
	msgAwareness = 1
	msgAuth      = 2 // not used by us; a client has no reason to send it
	msgQuery     = 3
	msgLyceum    = 100
)

// The kinds of sync message.
const (
	syncStep1  = 0 // a state vector: send me what I lack
	syncStep2  = 1 // the answer: an update
	syncUpdate = 2 // an update
)

const (
	maxMessage   = 64 << 20 // bytes in one message from a client
	maxAwareness = 1 << 20  // bytes in one awareness message: a client may echo everybody's state
	maxState     = 16 << 10 // bytes in the state of one client
)

// message is one decoded message. Its slices are parts of the message's bytes.
type message struct {
	kind   uint64
	sync   uint64           // of msgSync: which
	vector ydoc.StateVector // of syncStep1
	update []byte           // of syncStep2 and syncUpdate
	states []clientState    // of msgAwareness
}

// clientState is one entry of an awareness message.
type clientState struct {
	client uint64
	clock  uint64
	state  []byte // JSON; "null" when the client is gone
}

func (c clientState) gone() bool { return string(c.state) == "null" }

// decodeMessage reads one message of a client. The error is a *CloseError with
// CloseProtocol.
func decodeMessage(b []byte) (message, error) {
	if len(b) > maxMessage {
		return message{}, protocolError("a message is larger than 64 MB")
	}
	r := reader{b: b}
	m := message{kind: r.uint()}
	switch m.kind {
	case msgSync:
		m.sync = r.uint()
		body := r.bytes()
		switch {
		case r.failed || len(r.b) != 0:
		case m.sync == syncStep1:
			sv, err := ydoc.DecodeStateVector(body)
			if err != nil {
				return message{}, protocolError("a state vector cannot be read")
			}
			m.vector = sv
		case m.sync == syncStep2, m.sync == syncUpdate:
			m.update = body
		default:
			return message{}, protocolError("an unknown kind of sync message")
		}
	case msgAwareness:
		body := r.bytes()
		states, err := decodeAwareness(body)
		if err != nil {
			return message{}, err
		}
		m.states = states
	case msgQuery:
	default:
		if !r.failed {
			return message{}, protocolError("an unknown kind of message")
		}
	}
	if r.failed || len(r.b) != 0 {
		return message{}, protocolError("a message is cut short or too long")
	}
	return m, nil
}

// decodeAwareness reads the body of an awareness message.
func decodeAwareness(b []byte) ([]clientState, error) {
	if len(b) > maxAwareness {
		return nil, protocolError("an awareness message is larger than 1 MB")
	}
	r := reader{b: b}
	n := r.uint()
	if n > uint64(len(b)/3) { // an entry has three bytes at least
		return nil, protocolError("an awareness message is cut short")
	}
	states := make([]clientState, 0, n)
	for range n {
		c := clientState{client: r.uint(), clock: r.uint(), state: r.bytes()}
		if r.failed {
			return nil, protocolError("an awareness message is cut short")
		}
		if !utf8.Valid(c.state) || !json.Valid(c.state) {
			return nil, protocolError("an awareness state is not JSON")
		}
		states = append(states, c)
	}
	if len(r.b) != 0 {
		return nil, protocolError("an awareness message is too long")
	}
	return states, nil
}

// reader reads the encoding of lib0: variable-length unsigned numbers of at most
// 53 bits, and byte strings behind their length. After an error failed is set and
// it returns zero values.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n >= 1<<53 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) fail() { r.failed, r.b = true, nil }

func appendBytes(b, data []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(data)))
	return append(b, data...)
}

// encodeSync makes a sync message; data is a state vector or an update.
func encodeSync(kind uint64, data []byte) []byte {
	b := make([]byte, 0, len(data)+8)
	b = append(b, msgSync, byte(kind))
	return appendBytes(b, data)
}

// encodeAwareness makes an awareness message.
func encodeAwareness(states []clientState) []byte {
	var body []byte
	body = binary.AppendUvarint(body, uint64(len(states)))
	for _, c := range states {
		body = binary.AppendUvarint(body, c.client)
		body = binary.AppendUvarint(body, c.clock)
		body = appendBytes(body, c.state)
	}
	return appendBytes([]byte{msgAwareness}, body)
}

// notice is the JSON of a message of type 100. See the package comment.
type notice struct {
	T        string  `json:"t"`
	Doc      string  `json:"doc,omitempty"`
	Epoch    string  `json:"epoch,omitempty"`
	ReadOnly *bool   `json:"readOnly,omitempty"`
	Path     string  `json:"path,omitempty"`
	Model    string  `json:"model,omitempty"` // of hello: "notebook"; absent for text
	N        *uint64 `json:"n,omitempty"`
	State    string  `json:"state,omitempty"`
	Code     string  `json:"code,omitempty"`
	Message  string  `json:"message,omitempty"`

	Encoding    string `json:"encoding,omitempty"`
	Unencodable string `json:"unencodable,omitempty"`
}

func (n notice) encode() []byte {
	b, err := json.Marshal(n)
	if err != nil {
		return nil // strings and numbers only: it cannot fail
	}
	return appendBytes([]byte{msgLyceum}, b)
}
