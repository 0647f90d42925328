package jupyterapi

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// protocolV1 is the sub-protocol whose messages are binary:
//
//	n(8) offset(8)…n-times channel header parent_header metadata content buffer…
//
// Numbers have their least significant byte first. An offset is where a part
// begins, from the beginning of the message; the last one is the message's end.
const protocolV1 = "v1.kernel.websocket.jupyter.org"

// Limits of messages from clients.
const (
	maxMessage = 64 << 20 // bytes
	maxBuffers = 1 << 12
)

var errFrame = lyceum.Errorf(lyceum.Invalid, "this is no message of the kernel's protocol")

// wire is the default protocol: JSON text, or, when there are buffers, binary:
//
//	n(4) offset(4)…n-times JSON buffer…
//
// Numbers have their most significant byte first.
type wire struct {
	Header   json.RawMessage `json:"header"`
	ID       string          `json:"msg_id,omitempty"`
	Type     string          `json:"msg_type,omitempty"`
	Parent   json.RawMessage `json:"parent_header"`
	Metadata json.RawMessage `json:"metadata"`
	Content  json.RawMessage `json:"content"`
	Buffers  []struct{}      `json:"buffers"`
	Channel  jupyter.Channel `json:"channel"`
}

// encode writes a message; binary says of which kind the WebSocket's message is.
func encode(m jupyter.Message, v1 bool) (msg []byte, isBinary bool, err error) {
	if v1 {
		return encodeV1(m), true, nil
	}
	text, err := json.Marshal(wire{m.Header, m.Head.ID, m.Head.Type, m.ParentHeader, m.Metadata, m.Content, []struct{}{}, m.Channel})
	if err != nil || len(m.Buffers) == 0 {
		return text, false, err
	}
	parts := append([][]byte{text}, m.Buffers...)
	at := 4 + 4*len(parts)
	msg = binary.BigEndian.AppendUint32(nil, uint32(len(parts)))
	for _, p := range parts {
		msg = binary.BigEndian.AppendUint32(msg, uint32(at))
		at += len(p)
	}
	for _, p := range parts {
		msg = append(msg, p...)
	}
	return msg, true, nil
}

func encodeV1(m jupyter.Message) []byte {
	parts := append([][]byte{[]byte(m.Channel), m.Header, m.ParentHeader, m.Metadata, m.Content}, m.Buffers...)
	at := 8 + 8*(len(parts)+1)
	size := at
	for _, p := range parts {
		size += len(p)
	}
	msg := binary.LittleEndian.AppendUint64(make([]byte, 0, size), uint64(len(parts)+1))
	for _, p := range parts {
		msg = binary.LittleEndian.AppendUint64(msg, uint64(at))
		at += len(p)
	}
	msg = binary.LittleEndian.AppendUint64(msg, uint64(at))
	for _, p := range parts {
		msg = append(msg, p...)
	}
	return msg
}

// decode reads a message of a client; its parts are parts of b. The error is of
// kind Invalid.
func decode(b []byte, v1 bool) (jupyter.Message, error) {
	switch {
	case v1:
		return decodeV1(b)
	case len(b) > 0 && b[0] == '{':
		return decodeText(b, nil)
	}
	if len(b) < 4 {
		return jupyter.Message{}, errFrame
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if n < 1 || n > maxBuffers || 4+4*n > uint64(len(b)) {
		return jupyter.Message{}, errFrame
	}
	offsets := make([]uint64, 0, n+1)
	for i := range n {
		offsets = append(offsets, uint64(binary.BigEndian.Uint32(b[4+4*i:])))
	}
	parts, err := slice(b, append(offsets, uint64(len(b))), 4+4*n)
	if err != nil {
		return jupyter.Message{}, err
	}
	return decodeText(parts[0], parts[1:])
}

func decodeText(text []byte, buffers [][]byte) (jupyter.Message, error) {
	var w struct {
		wire
		Buffers json.RawMessage `json:"buffers"`
	}
	if err := json.Unmarshal(text, &w); err != nil {
		return jupyter.Message{}, fmt.Errorf("%w: %w", errFrame, err)
	}
	parts := [][]byte{w.Header, w.Parent, w.Metadata, w.Content}
	for i, p := range parts {
		if string(p) == "null" {
			parts[i] = nil
		}
	}
	return parse(w.Channel, append(parts, buffers...))
}

func decodeV1(b []byte) (jupyter.Message, error) {
	if len(b) < 8 {
		return jupyter.Message{}, errFrame
	}
	n := binary.LittleEndian.Uint64(b)
	if n < 6 || n > maxBuffers || 8+8*n > uint64(len(b)) {
		return jupyter.Message{}, errFrame
	}
	offsets := make([]uint64, n)
	for i := range offsets {
		offsets[i] = binary.LittleEndian.Uint64(b[8+8*i:])
	}
	parts, err := slice(b, offsets, 8+8*n)
	if err != nil {
		return jupyter.Message{}, err
	}
	return parse(jupyter.Channel(parts[0]), parts[1:])
}

// slice cuts b at ascending offsets, the first of which is not below from.
func slice(b []byte, offsets []uint64, from uint64) ([][]byte, error) {
	parts := make([][]byte, 0, len(offsets)-1)
	for i, at := range offsets {
		if at < from || at > uint64(len(b)) {
			return nil, errFrame
		}
		if i > 0 {
			parts = append(parts, b[from:at:at])
		}
		from = at
	}
	return parts, nil
}

func parse(ch jupyter.Channel, parts [][]byte) (jupyter.Message, error) {
	switch ch {
	case jupyter.Shell, jupyter.Control, jupyter.Stdin, jupyter.IOPub:
	default:
		return jupyter.Message{}, errFrame
	}
	return jupyter.Parse(ch, parts)
}
