// Package jupyter speaks with Jupyter's kernels: messages of the protocol 5.x
// (jupyter-client.readthedocs.io, "Messaging in Jupyter"), signed and sent over
// ZeroMQ (ZMTP 3.0, rfc.zeromq.org/spec/23) by tcp or ipc; the files that tell a
// kernel where to listen; and the kernelspecs that say which kernels there are.
//
// It starts no processes and knows no notebooks. Client is the other side of one
// run of a kernel; Queue keeps its messages, in bounds, for readers that come and
// go.
package jupyter

import (
	"encoding/json"
	"fmt"
	"time"

	"lyceum/internal/lyceum"
)

// Channel is one of the sockets of a kernel, named as Jupyter's WebSocket does.
type Channel string

// The channels that carry messages.
const (
	Shell   Channel = "shell"   // requests and their replies, one after the other
	Control Channel = "control" // requests that do not wait for those on shell
	IOPub   Channel = "iopub"   // what a kernel tells everyone
	Stdin   Channel = "stdin"   // what a kernel asks a person, and the answers
)

// channels are all of them, in the order of their numbers in a record.
var channels = [...]Channel{Shell, Control, IOPub, Stdin}

// ProtocolVersion is the messaging protocol that our messages state.
const ProtocolVersion = "5.3"

// Header is what is common to all messages. Fields that are not known here are
// kept in the raw form beside it.
type Header struct {
	ID      string `json:"msg_id"`
	Session string `json:"session"`
	User    string `json:"username"`
	Date    string `json:"date"` // RFC 3339
	Type    string `json:"msg_type"`
	Version string `json:"version"`
}

// Message is one message, without its signature. The raw parts are JSON objects,
// as they came; who holds a message shares them and must not write to them.
type Message struct {
	Channel Channel
	Head    Header // Header, read
	Parent  Header // ParentHeader, read; its ID is "" where there is no parent

	Header       json.RawMessage
	ParentHeader json.RawMessage
	Metadata     json.RawMessage
	Content      json.RawMessage
	Buffers      [][]byte
}

var emptyObject = json.RawMessage("{}")

// New makes a message with an id of its own and no parent. content becomes JSON;
// nil is an empty object. The error is of kind Internal: content is no JSON.
func New(ch Channel, session, typ string, content any) (Message, error) {
	m := Message{Channel: ch, Metadata: emptyObject, ParentHeader: emptyObject, Content: emptyObject}
	m.Head = Header{
		ID: lyceum.NewID[string](), Session: session, User: "lyceum", Type: typ, Version: ProtocolVersion,
		Date: time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
	}
	var err error
	if m.Header, err = json.Marshal(m.Head); err != nil {
		return Message{}, err
	}
	if content != nil {
		if m.Content, err = json.Marshal(content); err != nil {
			return Message{}, fmt.Errorf("content of %s: %w", typ, err)
		}
	}
	return m, nil
}

// Parse makes a message of its raw parts, which it keeps: header, parent header,
// metadata and content, which must be JSON objects, and buffers. An empty part but
// the header stands for an empty object. The error is of kind Invalid.
func Parse(ch Channel, parts [][]byte) (Message, error) {
	m, err := assemble(ch, parts)
	if err != nil {
		return m, err
	}
	for _, part := range []json.RawMessage{m.ParentHeader, m.Metadata, m.Content} {
		if !json.Valid(part) || firstByte(part) != '{' {
			return Message{}, lyceum.Errorf(lyceum.Invalid, "a message of type %.40s with a part that is no JSON object", m.Head.Type)
		}
	}
	return m, nil
}

// assemble is Parse without a look into metadata and content.
func assemble(ch Channel, parts [][]byte) (Message, error) {
	if len(parts) < 4 {
		return Message{}, lyceum.Errorf(lyceum.Invalid, "a message of %d parts", len(parts))
	}
	m := Message{Channel: ch, Header: parts[0], ParentHeader: parts[1], Metadata: parts[2], Content: parts[3], Buffers: parts[4:]}
	if len(m.Buffers) == 0 {
		m.Buffers = nil
	}
	if err := json.Unmarshal(m.Header, &m.Head); err != nil || m.Head.Type == "" {
		return Message{}, lyceum.Wrap(lyceum.Invalid, err, "a message whose header is none")
	}
	for _, part := range []*json.RawMessage{&m.ParentHeader, &m.Metadata, &m.Content} {
		if len(*part) == 0 {
			*part = emptyObject
		}
	}
	if err := json.Unmarshal(m.ParentHeader, &m.Parent); err != nil {
		return Message{}, lyceum.Wrap(lyceum.Invalid, err, "a message of type %.40s whose parent is none", m.Head.Type)
	}
	return m, nil
}

func firstByte(b []byte) byte {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
}

// parts are the parts of a message as they are signed and sent.
func (m Message) parts() [][]byte {
	p := append(make([][]byte, 0, 4+len(m.Buffers)), m.Header, m.ParentHeader, m.Metadata, m.Content)
	for i := 1; i < 4; i++ {
		if len(p[i]) == 0 {
			p[i] = emptyObject
		}
	}
	return append(p, m.Buffers...)
}

// Size is about how many bytes the message takes.
func (m Message) Size() int {
	n := 400 + len(m.Header) + len(m.ParentHeader) + len(m.Metadata) + len(m.Content)
	for _, b := range m.Buffers {
		n += len(b) + 24
	}
	return n
}
