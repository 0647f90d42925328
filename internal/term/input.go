package term

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"
)

// maxClients is how many client ids a session remembers. One that is connected
// is never forgotten.
const maxClients = 256

// writeSlice is how long one write into the pseudo-terminal waits before it
// looks whether its viewer is still there. It also covers the kernel's wake-ups
// of writers, which can come before there is room.
const writeSlice = 100 * time.Millisecond

// client is what is remembered of one client id over its connections.
type client struct {
	key  string
	lock chan struct{} // capacity 1: held while input is taken and while a connection takes over

	// Guarded by lock.
	seq     uint64    // last input that was written completely
	partial int       // bytes of input seq+1 that were written before its connection ended
	owner   *attached // the connection that may send; nil when none
}

// clients is a list of at most maxClients, least recently attached first.
type clients []*client

// get returns the client with key, made if it is not there, as the most recent
// one. busy tells which clients must not be forgotten. Called with the session
// locked.
func (c *clients) get(key string, busy func(*client) bool) *client {
	if i := slices.IndexFunc(*c, func(x *client) bool { return x.key == key }); i >= 0 {
		found := (*c)[i]
		*c = append(slices.Delete(*c, i, i+1), found)
		return found
	}
	if len(*c) >= maxClients {
		if i := slices.IndexFunc(*c, func(x *client) bool { return !busy(x) }); i >= 0 {
			*c = slices.Delete(*c, i, i+1)
		}
	}
	fresh := &client{key: key, lock: make(chan struct{}, 1)}
	*c = append(*c, fresh)
	return fresh
}

// acquire takes a lock that is a channel of capacity 1, unless ctx ends first.
func acquire(ctx context.Context, lock chan struct{}) error {
	select {
	case lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// takeInput writes one input frame into the pseudo-terminal, unless it was
// written before, and leaves the acknowledgement for the viewer's writer. It
// blocks while the program does not read: the viewer's socket is not read
// meanwhile, and so the sender is slowed down.
func (s *Session) takeInput(ctx context.Context, a *attached, f Frame) error {
	c := a.client
	if err := acquire(ctx, c.lock); err != nil {
		return err
	}
	defer func() { <-c.lock }()
	switch {
	case c.owner != a:
		return errReplaced
	case f.Number == 0 || f.Number > c.seq+1:
		return &CloseError{CloseProtocol, "there is a gap in the numbers of input"}
	case f.Number == c.seq+1:
		rest := f.Data[min(c.partial, len(f.Data)):]
		n, err := s.write(ctx, rest)
		c.partial += n
		if err != nil {
			return err
		}
		c.seq, c.partial = f.Number, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastInput = time.Now()
	a.ack, a.ackDue = c.seq, true
	a.wakeUp()
	return nil
}

// write writes p into the pseudo-terminal and returns how many bytes the kernel
// took; fewer than all only with an error, which is ctx's. What is typed after
// the program exited has no reader and is dropped.
func (s *Session) write(ctx context.Context, p []byte) (int, error) {
	if err := acquire(ctx, s.writing); err != nil {
		return 0, err
	}
	defer func() { <-s.writing }()
	s.mu.Lock()
	master := s.proc.master
	s.mu.Unlock()
	done := 0
	for done < len(p) {
		if err := master.SetWriteDeadline(time.Now().Add(writeSlice)); err != nil {
			return len(p), nil // closed: the program is gone
		}
		n, err := master.Write(p[done:])
		done += n
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return len(p), nil // EIO or closed: the program is gone
		case ctx.Err() != nil:
			return done, context.Cause(ctx)
		}
	}
	return done, nil
}
