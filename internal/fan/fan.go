// Package fan holds the frames by which a project server writes to many sockets of
// one hub at once. Each socket has a connection of its own between the two, on which
// its client is heard. What goes to the clients comes together on one more, the fan:
// an edit of a document is written there once, with the numbers of the sockets that
// are to have it, and the hub gives it to each. What the bytes mean is between
// project server and client; the hub does not look into them.
//
// The hub opens the fan (GET /fan/<id>, Upgrade: lyceum-fan) and names it, and a
// number of its choice, in the header of each socket that it offers it to. A project
// server that takes the offer answers with the header too. From then on nothing but
// its end is sent on that socket's own connection.
//
// Numbers are unsigned and big-endian; sizes in bytes:
//
//	to the hub      1 data   count 2, length 4, count times a socket 4, so many bytes
//	                2 end    socket 4      nothing more comes for it
//	to the project  3 stop   socket 4      its client is slow: send no more for now
//	                4 go     socket 4      it has taken everything
//
// What is on its way when a stop is sent still arrives, and so does what has
// MaxUrgent bytes at most; the hub ends a socket for which MaxHeld bytes wait.
package fan

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The names in the handshakes.
const (
	Header   = "Lyceum-Fan" // "<id> <number>" from the hub, "1" from the project server
	Protocol = "lyceum-fan" // in Upgrade
)

// Limits of one frame, and of one socket.
const (
	MaxData    = 64 << 10 // bytes in a data frame
	MaxSockets = 4096     // sockets that a data frame is for
	MaxUrgent  = 160      // bytes that go on after a stop: a control frame of a WebSocket
	MaxHeld    = 4 << 20  // bytes that the hub holds for one socket
)

// Kind says what a frame is.
type Kind byte

// The kinds of frame.
const (
	Data Kind = 1
	End  Kind = 2
	Stop Kind = 3
	Go   Kind = 4
)

// Frame is a decoded frame.
type Frame struct {
	Kind Kind
	To   []uint32 // the sockets; one but in Data
	Data []byte   // of Data
}

// AppendData adds a frame of the data, of at most MaxData bytes, for at most
// MaxSockets sockets.
func AppendData(b []byte, to []uint32, data []byte) []byte {
	b = append(b, byte(Data))
	b = binary.BigEndian.AppendUint16(b, uint16(len(to)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	for _, n := range to {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, data...)
}

// AppendSignal adds a frame of another kind than Data.
func AppendSignal(b []byte, k Kind, socket uint32) []byte {
	return binary.BigEndian.AppendUint32(append(b, byte(k)), socket)
}

// errFrame is a frame that none of ours sends.
var errFrame = errors.New("a malformed frame of a fan")

// Reader reads frames.
type Reader struct {
	r    *bufio.Reader
	from Kind // the first kind that is allowed
	to   Kind // and the last
	f    Frame
	raw  []byte
}

// NewReader reads what a project server sends, or with fromHub what a hub does.
func NewReader(r *bufio.Reader, fromHub bool) *Reader {
	if fromHub {
		return &Reader{r: r, from: Stop, to: Go}
	}
	return &Reader{r: r, from: Data, to: End}
}

// Next returns the next frame; its slices are valid until the next call. At the end
// between two frames the error is io.EOF.
func (r *Reader) Next() (Frame, error) {
	k, err := r.r.ReadByte()
	if err != nil {
		return Frame{}, err
	}
	r.f = Frame{Kind: Kind(k), To: r.f.To[:0]}
	switch {
	case r.f.Kind < r.from || r.f.Kind > r.to:
		return Frame{}, fmt.Errorf("%w: kind %d", errFrame, k)
	case r.f.Kind == Data:
		err = r.data()
	default:
		err = r.sockets(1)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return r.f, err
}

func (r *Reader) data() error {
	b, err := r.take(6)
	if err != nil {
		return err
	}
	count, length := int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint32(b[2:]))
	if count < 1 || count > MaxSockets || length < 1 || length > MaxData {
		return fmt.Errorf("%w: %d bytes for %d sockets", errFrame, length, count)
	}
	if err := r.sockets(count); err != nil {
		return err
	}
	r.f.Data, err = r.take(length)
	return err
}

func (r *Reader) sockets(n int) error {
	b, err := r.take(4 * n)
	if err != nil {
		return err
	}
	for i := range n {
		r.f.To = append(r.f.To, binary.BigEndian.Uint32(b[4*i:]))
	}
	return nil
}

// take returns the next n bytes, valid until the next call.
func (r *Reader) take(n int) ([]byte, error) {
	if cap(r.raw) < n {
		r.raw = make([]byte, n)
	}
	r.raw = r.raw[:n]
	_, err := io.ReadFull(r.r, r.raw)
	return r.raw, err
}

// Offer is the value of Header by which the hub offers socket number n on the fan.
func Offer(id string, n uint32) string { return id + " " + strconv.FormatUint(uint64(n), 10) }

// ParseOffer reads the value of Header that Offer made.
func ParseOffer(s string) (id string, n uint32, ok bool) {
	id, number, ok := strings.Cut(s, " ")
	if !ok || !ValidID(id) {
		return "", 0, false
	}
	parsed, err := strconv.ParseUint(number, 10, 32)
	return id, uint32(parsed), err == nil
}

// ValidID reports whether s can name a fan: 32 hexadecimal digits in lower case.
func ValidID(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }
