package livedoc

import (
	"encoding/binary"
	"encoding/json"

	"lyceum/internal/ydoc"
)

// msgLyceum is the kind of our own messages, beside those of y-protocols (package
// ydoc).
const msgLyceum = 100

const (
	maxMessage   = 64 << 20 // bytes in one message from a client
	maxAwareness = 1 << 20  // bytes in one awareness message: a client may echo everybody's state
	maxState     = 16 << 10 // bytes in the state of one client
)

// decodeMessage reads one message of a client. The error is a *CloseError with
// CloseProtocol.
func decodeMessage(b []byte) (ydoc.Message, error) {
	if len(b) > maxMessage {
		return ydoc.Message{}, protocolError("a message is larger than 64 MB")
	}
	if kind, _ := binary.Uvarint(b); kind == uint64(ydoc.MessageAwareness) && len(b) > maxAwareness {
		return ydoc.Message{}, protocolError("an awareness message is larger than 1 MB")
	}
	m, err := ydoc.DecodeMessage(b)
	if err != nil {
		return ydoc.Message{}, protocolError("a message cannot be read")
	}
	if m.Kind == ydoc.MessageAuth {
		return ydoc.Message{}, protocolError("a client has nothing to say about rights")
	}
	return m, nil
}

// encodeStep1 makes the message that asks for what a document at sv lacks,
// encodeStep2 the answer, and encodeUpdate that of an update made just now.
func encodeStep1(sv ydoc.StateVector) []byte { return ydoc.AppendSyncStep1(nil, sv) }

func encodeStep2(update []byte) []byte {
	return ydoc.AppendSyncStep2(make([]byte, 0, len(update)+8), update)
}

func encodeUpdate(update []byte) []byte {
	return ydoc.AppendSyncUpdate(make([]byte, 0, len(update)+8), update)
}

func encodeAwareness(states []ydoc.AwarenessState) []byte {
	return ydoc.AppendAwareness(nil, ydoc.EncodeAwareness(states))
}

func appendBytes(b, data []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(data)))
	return append(b, data...)
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
