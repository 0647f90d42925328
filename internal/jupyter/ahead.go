package jupyter

import (
	"io"
	"net"
	"sync"
	"time"
)

// Bounds of what is read ahead.
const (
	aheadRead = 32 << 10 // bytes in one read
	aheadMost = 16 << 20 // bytes that wait to be made sense of; then the kernel waits
)

// ahead takes from a connection what comes, before anybody makes sense of it. A kernel
// publishes to a socket that throws away what 1,000 messages are waiting before
// (ZMQ_SNDHWM), so whoever reads no faster than it parses loses outputs when the
// machine is busy.
type ahead struct {
	mu     sync.Mutex
	more   sync.Cond // signalled when waits grows, on the end, and on close
	room   sync.Cond // signalled when waits is taken, and on close
	waits  []byte
	err    error // of the connection, for when everything was read
	closed bool
	hungry time.Time // since when Read waits; zero while it does not

	now []byte // what Read hands out; only Read touches it
}

// newAhead begins to read c, which must be closed for it to end, as must the result.
func newAhead(c net.Conn) *ahead {
	a := &ahead{}
	a.more.L, a.room.L = &a.mu, &a.mu
	go a.run(c)
	return a
}

func (a *ahead) run(c net.Conn) {
	b := make([]byte, aheadRead)
	for {
		n, err := c.Read(b)
		a.mu.Lock()
		for len(a.waits) > aheadMost-aheadRead && !a.closed {
			a.room.Wait()
		}
		a.waits, a.err = append(a.waits, b[:n]...), err
		end := err != nil || a.closed
		a.more.Signal()
		a.mu.Unlock()
		if end {
			return
		}
	}
}

// Read waits for bytes and returns them in the order they came. The error is the
// connection's, after its last byte, or net.ErrClosed.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.now) == 0 {
		if err := a.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.now)
	a.now = a.now[n:]
	return n, nil
}

// next takes all that waits.
func (a *ahead) next() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hungry = time.Now()
	for len(a.waits) == 0 && a.err == nil && !a.closed {
		a.more.Wait()
	}
	a.hungry = time.Time{}
	switch {
	case a.closed:
		return net.ErrClosed
	case len(a.waits) == 0:
		return a.err
	}
	a.now, a.waits = a.waits, nil
	a.room.Signal()
	return nil
}

// starves is for how long Read has been waiting for a byte, 0 when it is not.
func (a *ahead) starves() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.hungry.IsZero() || len(a.waits) > 0 {
		return 0
	}
	return time.Since(a.hungry)
}

// close forgets what waits and lets a Read return.
func (a *ahead) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed, a.waits = true, nil
	a.more.Signal()
	a.room.Signal()
}

var _ io.Reader = (*ahead)(nil)
