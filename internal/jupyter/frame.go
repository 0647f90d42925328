package jupyter

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds of what is read from a kernel, which may be anybody's program. A frame
// that is longer is a fault of the protocol and ends the connection, except where
// readers below can do without its middle.
const (
	maxCommand = 64 << 10 // a command of ZMTP
	maxSmall   = 4 << 20  // a header, metadata, an identity
	maxParts   = 4096     // frames of one message
)

// frameFlags are the first octet of a frame.
//
//	flags(1) size(1, or 8 when LONG) body(size)
type frameFlags byte

const (
	flagMore    frameFlags = 1 << iota // more frames of the same message follow
	flagLong                           // the size has eight octets, most significant first
	flagCommand                        // for the connection itself
)

var errFrame = errors.New("not a frame of ZMTP")

// frameReader reads frames. The zero value is not ready.
type frameReader struct {
	r *bufio.Reader
}

// next reads the head of a frame, whose body must be read before the next one.
func (f *frameReader) next() (flags frameFlags, size uint64, err error) {
	b, err := f.r.ReadByte()
	if err != nil {
		return 0, 0, err // io.EOF: between two frames
	}
	flags = frameFlags(b)
	if flags&^(flagMore|flagLong|flagCommand) != 0 || flags&flagCommand != 0 && flags&flagMore != 0 {
		return 0, 0, fmt.Errorf("%w: flags %#x", errFrame, b)
	}
	var head [8]byte
	if flags&flagLong == 0 {
		b, err := f.r.ReadByte()
		return flags, uint64(b), whole(err)
	}
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return 0, 0, whole(err)
	}
	size = binary.BigEndian.Uint64(head[:])
	if size > 1<<62 {
		return 0, 0, fmt.Errorf("%w: a size of %d", errFrame, size)
	}
	return flags, size, nil
}

// whole says that an end within something is none between two.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// body reads the whole body of a frame of at most limit bytes.
func (f *frameReader) body(size uint64, limit int) ([]byte, error) {
	if size > uint64(limit) {
		return nil, fmt.Errorf("%w: %d bytes, where at most %d are taken", errFrame, size, limit)
	}
	return f.take(int(size))
}

// take reads n bytes. It makes room as they come: who announces much and sends
// little costs little.
func (f *frameReader) take(n int) ([]byte, error) {
	const step = 1 << 20
	b := make([]byte, min(n, step))
	for have := 0; ; {
		if _, err := io.ReadFull(f.r, b[have:]); err != nil {
			return nil, whole(err)
		}
		if have = len(b); have == n {
			return b, nil
		}
		grown := make([]byte, min(n, 4*have))
		copy(grown, b)
		b = grown
	}
}

// pour reads n bytes in pieces, which f may not keep.
func (f *frameReader) pour(n uint64, to func(piece []byte)) error {
	for n > 0 {
		b, err := f.r.Peek(int(min(n, uint64(f.r.Size()))))
		if len(b) == 0 {
			return whole(err)
		}
		to(b)
		n -= uint64(len(b))
		if _, err := f.r.Discard(len(b)); err != nil {
			return whole(err)
		}
	}
	return nil
}

// message reads the head of the next frame of a message, over commands: PING is
// answered by pong, what else there is has no meaning after the handshake.
func (f *frameReader) message(pong func(context []byte)) (more bool, size uint64, err error) {
	for {
		flags, size, err := f.next()
		if err != nil {
			return false, 0, err
		}
		if flags&flagCommand == 0 {
			return flags&flagMore != 0, size, nil
		}
		body, err := f.body(size, maxCommand)
		if err != nil {
			return false, 0, err
		}
		if name, rest, ok := cutCommand(body); ok && name == "PING" && len(rest) >= 2 && len(rest) <= 18 {
			pong(rest[2:])
		}
	}
}

// appendFrame appends a frame with its body.
func appendFrame(b []byte, flags frameFlags, body []byte) []byte {
	if len(body) > 255 {
		b = append(b, byte(flags|flagLong))
		b = binary.BigEndian.AppendUint64(b, uint64(len(body)))
	} else {
		b = append(b, byte(flags), byte(len(body)))
	}
	return append(b, body...)
}

// cutCommand splits the body of a command: the length of its name, the name, and
// what belongs to it.
func cutCommand(b []byte) (name string, rest []byte, ok bool) {
	if len(b) == 0 || len(b) < 1+int(b[0]) || b[0] == 0 {
		return "", nil, false
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], true
}
