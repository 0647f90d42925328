package jupyter

import (
	"io"
	"sync"
)

// sender writes to a connection on a goroutine of its own, so that whoever sends
// never waits for a kernel that does not read.
type sender struct {
	w    io.Writer
	bell chan struct{} // capacity 1

	mu      sync.Mutex
	signer  signer
	waiting []byte
	stopped bool
}

func newSender(w io.Writer) *sender { return &sender{w: w, bell: make(chan struct{}, 1)} }

// sign gives the key for messages.
func (s *sender) sign(key signer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signer = key
}

// queue adds bytes; false means that too many wait already.
func (s *sender) queue(b []byte) bool {
	return s.add(len(b), func(all []byte) []byte { return append(all, b...) })
}

// message adds a message, signed.
func (s *sender) message(m Message) bool {
	return s.add(m.Size(), func(all []byte) []byte { return appendMessage(all, s.signer, m) })
}

func (s *sender) add(size int, to func([]byte) []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || len(s.waiting) > 0 && len(s.waiting)+size > maxUnsent {
		return false
	}
	s.waiting = to(s.waiting)
	s.ring()
	return true
}

func (s *sender) ring() {
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// keepUnsent is up to which size an emptied buffer is used again.
const keepUnsent = 16 << 10

// run writes until stop is called or the connection fails.
func (s *sender) run() error {
	var spare []byte
	for range s.bell {
		s.mu.Lock()
		b, stopped := s.waiting, s.stopped
		s.waiting = spare[:0]
		s.mu.Unlock()
		if _, err := s.w.Write(b); err != nil {
			return err
		}
		if stopped {
			return nil
		}
		if spare = b[:0]; cap(b) > keepUnsent {
			spare = nil
		}
	}
	return nil
}

// stop ends run after what waits was written, or when the connection is closed.
func (s *sender) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.ring()
}
