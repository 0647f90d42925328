package jupyter

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
)

// delimiter stands between the identities and the signature of a message:
//
//	identity… "<IDS|MSG>" signature header parent metadata content buffer…
const delimiter = "<IDS|MSG>"

// The four parts that are signed.
const (
	partHeader = iota
	partParent
	partMetadata
	partContent
	signedParts
)

var (
	errSignature = errors.New("a message with a wrong signature")
	errMalformed = errors.New("a message that is none")
)

// signer signs with a key and checks; without a key it does neither (Jupyter calls
// that insecure, and a kernel may be started so). Not safe for concurrent use.
type signer struct {
	mac hash.Hash // nil without a key
}

func newSigner(key string) signer {
	if key == "" {
		return signer{}
	}
	return signer{hmac.New(sha256.New, []byte(key))}
}

func (s signer) begin() {
	if s.mac != nil {
		s.mac.Reset()
	}
}

func (s signer) add(b []byte) {
	if s.mac != nil {
		s.mac.Write(b)
	}
}

// sum is the signature of what was added, in hexadecimal.
func (s signer) sum() []byte {
	if s.mac == nil {
		return nil
	}
	return hex.AppendEncode(nil, s.mac.Sum(nil))
}

// appendMessage appends the frames of a message for a DEALER.
func appendMessage(b []byte, s signer, m Message) []byte {
	parts := m.parts()
	s.begin()
	for _, p := range parts[:signedParts] {
		s.add(p)
	}
	b = appendFrame(b, flagMore, []byte(delimiter))
	b = appendFrame(b, flagMore, s.sum())
	for i, p := range parts {
		more := flagMore
		if i == len(parts)-1 {
			more = 0
		}
		b = appendFrame(b, more, p)
	}
	return b
}

// receiver reads the messages of one channel of a kernel.
type receiver struct {
	frames *frameReader
	signer signer
	ch     Channel
	pong   func(context []byte)
}

// tooLarge is a message of which nothing can be kept but who it belongs to.
type tooLarge struct {
	parent string
	bytes  int64
}

// Error says what was refused.
func (e *tooLarge) Error() string { return fmt.Sprintf("a message of %d bytes", e.bytes) }

// receive reads the next message. After errSignature, errMalformed and *tooLarge
// the next one can be read; any other error is the end of the connection.
func (r *receiver) receive() (Message, error) {
	w := incoming{receiver: r}
	for more := true; more; {
		var size uint64
		var err error
		if more, size, err = r.frames.message(r.pong); err != nil {
			return Message{}, w.within(err)
		}
		if w.count++; w.count > maxParts {
			return Message{}, fmt.Errorf("%w: more than %d parts", errFrame, maxParts)
		}
		if err := w.part(size); err != nil {
			return Message{}, w.within(err)
		}
	}
	return w.finish()
}

// incoming is a message that is being read.
type incoming struct {
	*receiver
	count  int
	begun  bool // the delimiter was read
	signed bool // and the signature
	sign   []byte
	parts  [][]byte
	held   int   // bytes of the parts
	lost   int64 // bytes of buffers that had no room
	bad    bool  // what is left is read over
}

// within tells the end between two messages from one inside.
func (w *incoming) within(err error) error {
	if w.count > 0 {
		return whole(err)
	}
	return err
}

func (w *incoming) part(size uint64) error {
	switch {
	case w.bad:
		return w.frames.pour(size, func([]byte) {})
	case !w.begun:
		b, err := w.frames.body(size, maxSmall)
		w.begun = string(b) == delimiter
		return err
	case !w.signed:
		if w.signed = true; size > 256 {
			w.bad = true
			return w.part(size)
		}
		w.signer.begin()
		var err error
		w.sign, err = w.frames.body(size, 256)
		return err
	case len(w.parts) < partContent:
		return w.small(size)
	case len(w.parts) == partContent:
		return w.content(size)
	}
	return w.buffer(size)
}

func (w *incoming) small(size uint64) error {
	if size > maxSmall {
		w.bad = true
		return w.part(size)
	}
	b, err := w.frames.body(size, maxSmall)
	w.signer.add(b)
	w.parts = append(w.parts, b)
	return err
}

func (w *incoming) content(size uint64) error {
	if size <= maxWhole {
		b, err := w.frames.take(int(size))
		w.signer.add(b)
		w.parts, w.held = append(w.parts, b), len(b)
		return err
	}
	var f folder
	err := w.frames.pour(size, func(piece []byte) {
		w.signer.add(piece)
		f.write(piece)
	})
	var h Header
	_ = json.Unmarshal(w.parts[partHeader], &h) // looked at when the message is parsed
	content := f.result(h.Type, size)
	w.parts, w.held = append(w.parts, content), len(content)
	return err
}

func (w *incoming) buffer(size uint64) error {
	if uint64(w.held)+size > 2*maxWhole {
		w.lost += int64(size)
		return w.frames.pour(size, func([]byte) {})
	}
	b, err := w.frames.take(int(size))
	w.parts, w.held = append(w.parts, b), w.held+len(b)
	return err
}

// finish checks the message that was read.
func (w *incoming) finish() (Message, error) {
	if w.bad || len(w.parts) < signedParts {
		return Message{}, errMalformed
	}
	if want := w.signer.sum(); want != nil && !hmac.Equal(w.sign, want) {
		return Message{}, errSignature
	}
	m, err := Parse(w.ch, w.parts)
	if err != nil {
		return Message{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if w.lost > 0 {
		return Message{}, &tooLarge{m.Parent.ID, w.lost + int64(w.held)}
	}
	return m, nil
}
