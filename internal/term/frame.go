package term

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Subprotocol is the WebSocket subprotocol that speaks these frames, each in
// one binary message. Numbers are big-endian.
//
//	client                                   project
//	  │  GET /term/{id}/socket?client=…&offset=…
//	  │ ◄──────────────────── hello {head, seq} │
//	  │ ◄──────────── reset offset (if it must) │
//	  │ ◄────────────────────────── size, state │
//	  │ ◄──────────────── output offset, bytes  │  replay up to head, then live
//	  │ resize, input 1, input 2 ─────────────► │
//	  │ ◄──────────────────────────────── ack 2 │  and so also 1
//
// A client keeps each input until it is acknowledged. After a reconnect it
// drops those up to hello.seq and sends the rest again, with the same numbers
// and the same bytes in each frame; so nothing is lost or doubled. A client
// whose number the server no longer knows (hello.seq below what was
// acknowledged, or close code 4400) begins again at 1 with a new client id.
//
// Output bytes below hello.head are a replay: their queries (such as "where is
// the cursor") were answered long ago and must not be answered again. Of live
// queries, only the viewer whose state says answers does answer.
const Subprotocol = "lyceum.term.v1"

// The frames that a server sends.
const (
	FrameOutput byte = 0x01 // u64 offset of the first byte, bytes (at most MaxOutput)
	FrameAck    byte = 0x02 // u64 seq: all input up to it is in the pseudo-terminal
	FrameSize   byte = 0x03 // u16 columns, u16 rows: the smallest of the visible viewers'
	FrameState  byte = 0x04 // JSON State
	FrameReset  byte = 0x05 // u64 offset: what was asked for is gone; clear, and go on from there
	FrameHello  byte = 0x06 // JSON Hello, the first frame
)

// The frames that a client sends.
const (
	FrameInput   byte = 0x81 // u64 seq (1, 2, … for each client id), bytes (at most MaxInput)
	FrameResize  byte = 0x82 // u16 columns, u16 rows; 0 0: hidden, does not count
	FrameRestart byte = 0x83 // run the program again, when it has exited
)

// Limits of frames, in bytes.
const (
	MaxInput  = 64 << 10         // of typed or pasted bytes in one input frame
	MaxOutput = 32 << 10         // of output in one output frame
	MaxFrame  = 1 + 8 + MaxInput // of any frame from a client
)

// Close codes of the WebSocket, where the session ends it.
const (
	CloseProtocol = 4400 // a frame that is not one, or a gap in the numbers of input
	CloseGone     = 4404 // the terminal was ended
	CloseReplaced = 4409 // the same client id connected again
)

// CloseError is why a session ends a connection. Code is the WebSocket's close
// code; Reason is for people, at most 120 bytes.
type CloseError struct {
	Code   int
	Reason string
}

// Error is the reason with its code.
func (e *CloseError) Error() string { return fmt.Sprintf("closed with %d: %s", e.Code, e.Reason) }

// Hello is the body of the first frame from a server: {"head":1024,"seq":7}.
type Hello struct {
	Head uint64 `json:"head"` // offset of the end of the output when the viewer came
	Seq  uint64 `json:"seq"`  // last input accepted from this client id, 0 for none
}

// State is the body of a state frame, sent first and after each change.
type State struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Viewers []Person `json:"viewers"` // each account once, in the order they came
	Exited  *Exit    `json:"exited"`  // null while the program runs
	Answers bool     `json:"answers"` // this viewer answers the terminal's queries
}

// Person is someone who looks at the terminal.
type Person struct {
	Account string `json:"account"`
	Name    string `json:"name"`
	Colour  int    `json:"colour"`
}

// Frame is any frame, decoded. Only the fields of its kind are set. Data is a
// part of the message that was decoded, not a copy.
type Frame struct {
	Kind       byte
	Number     uint64 // offset or seq
	Cols, Rows uint16
	Data       []byte // bytes or JSON
}

// Append writes the frame after dst, in the layout given at its kind, and
// returns the extended slice.
func (f Frame) Append(dst []byte) []byte {
	dst = append(dst, f.Kind)
	switch f.Kind {
	case FrameOutput, FrameAck, FrameReset, FrameInput:
		dst = binary.BigEndian.AppendUint64(dst, f.Number)
	case FrameSize, FrameResize:
		dst = binary.BigEndian.AppendUint16(dst, f.Cols)
		dst = binary.BigEndian.AppendUint16(dst, f.Rows)
	}
	return append(dst, f.Data...)
}

// Decode reads one message from either side. An unknown kind, a wrong length
// or a body over its limit is a *CloseError with CloseProtocol.
func Decode(msg []byte) (Frame, error) {
	if len(msg) == 0 {
		return Frame{}, &CloseError{CloseProtocol, "an empty message is no frame"}
	}
	f, body := Frame{Kind: msg[0]}, msg[1:]
	limit, number, exact := 0, false, true
	switch f.Kind {
	case FrameOutput:
		limit, number, exact = MaxOutput, true, false
	case FrameInput:
		limit, number, exact = MaxInput, true, false
	case FrameAck, FrameReset:
		number = true
	case FrameSize, FrameResize:
		if len(body) != 4 {
			return Frame{}, &CloseError{CloseProtocol, "a size has four bytes"}
		}
		f.Cols, f.Rows = binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
		return f, nil
	case FrameState, FrameHello:
		limit, exact = MaxFrame, false
	case FrameRestart:
	default:
		return Frame{}, &CloseError{CloseProtocol, fmt.Sprintf("there is no frame 0x%02x", f.Kind)}
	}
	if number {
		if len(body) < 8 {
			return Frame{}, &CloseError{CloseProtocol, "the frame is too short"}
		}
		f.Number, body = binary.BigEndian.Uint64(body), body[8:]
	}
	if len(body) > limit {
		return Frame{}, &CloseError{CloseProtocol, "the frame is too long"}
	}
	if !exact {
		f.Data = body
	}
	return f, nil
}

// jsonFrame returns a frame with v as its body; v must be a Hello or a State,
// which always encode.
func jsonFrame(kind byte, v any) Frame {
	b, _ := json.Marshal(v)
	return Frame{Kind: kind, Data: b}
}
