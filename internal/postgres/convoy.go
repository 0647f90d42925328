package postgres

import (
	"context"
	"slices"
	"sync"
)

// convoy lets those who come while another is on its way travel together with the
// next one: many who want much the same cost little more than one, and nobody waits
// who comes alone.
//
//	a: ──────drive(a)──────
//	b:    waits            ┐ drive(b, c, d)
//	c:       waits         │
//	d:            waits    ┘
type convoy[T any] struct {
	// drive does what all on the list want, and leaves in each what came of it. It
	// must not depend on the context of one of them.
	drive func(list []T)
	most  int // how many travel together at most

	mu      sync.Mutex
	away    bool
	waiting []*traveller[T]
}

type traveller[T any] struct {
	what   T
	done   chan struct{} // closed when it has arrived
	turn   chan struct{} // closed when it is its turn to drive
	drives bool          // the same, guarded by the convoy's mu
}

func newTraveller[T any](what T) *traveller[T] {
	return &traveller[T]{what: what, done: make(chan struct{}), turn: make(chan struct{})}
}

// travel returns when what is done, by this goroutine or another's. When ctx ends
// before, it returns ctx's error, and what may be done all the same.
func (c *convoy[T]) travel(ctx context.Context, what T) error {
	t := newTraveller(what)
	c.mu.Lock()
	first := !c.away
	c.away = true
	c.waiting = append(c.waiting, t)
	c.mu.Unlock()
	if !first {
		select {
		case <-t.done:
			return nil
		case <-t.turn:
		case <-ctx.Done():
			if !c.stays(t) {
				return ctx.Err()
			}
		}
	}
	c.leave()
	return nil
}

// stays takes t out of those who wait, unless it is its turn to drive: then it must.
func (c *convoy[T]) stays(t *traveller[T]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.waiting, t); i >= 0 && !t.drives {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
	return t.drives
}

// take takes those who travel next.
func (c *convoy[T]) take() []*traveller[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), c.most)
	list := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	return list
}

// leave drives those who wait, and then calls the next driver.
func (c *convoy[T]) leave() {
	list := c.take()
	defer func() {
		for _, t := range list {
			close(t.done)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.away = len(c.waiting) > 0; c.away {
			c.waiting[0].drives = true
			close(c.waiting[0].turn)
		}
	}()
	all := make([]T, len(list))
	for i, t := range list {
		all[i] = t.what
	}
	c.drive(all)
}
