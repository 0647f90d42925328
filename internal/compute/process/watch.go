package process

import (
	"context"
	"sync"

	"lyceum/internal/lyceum"
)

// watches are the streams that Watch gave out. A stream whose reader is slow
// loses hints; it re-reads on a clock anyway.
type watches struct {
	mu     sync.Mutex
	closed bool
	chans  map[chan lyceum.ProjectID]struct{}
}

// watchQueue is how many hints wait for a slow reader.
const watchQueue = 1024

// Watch yields the projects of which something changed.
func (b *Backend) Watch(ctx context.Context) (<-chan lyceum.ProjectID, error) {
	c := make(chan lyceum.ProjectID, watchQueue)
	w := &b.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, lyceum.Errorf(lyceum.Unavailable, "the server is stopping")
	}
	if w.chans == nil {
		w.chans = map[chan lyceum.ProjectID]struct{}{}
	}
	w.chans[c] = struct{}{}
	context.AfterFunc(ctx, func() { w.drop(c) })
	return c, nil
}

func (w *watches) drop(c chan lyceum.ProjectID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.chans[c]; ok {
		delete(w.chans, c)
		close(c)
	}
}

func (w *watches) tell(id lyceum.ProjectID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.chans {
		select {
		case c <- id:
		default:
		}
	}
}

func (w *watches) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for c := range w.chans {
		close(c)
	}
	w.chans = nil
}
