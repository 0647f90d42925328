package project

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// An upload has one writer at a time. A request that finds another at work is told
// so (423), unless nothing came from that one for a while: then it hangs on a
// connection whose other end is gone, and is cut off.
const (
	staleAfter = 5 * time.Second
	letGoTime  = 3 * time.Second // to let go after having been cut off
)

// uploadLocks are the locks of the uploads of one project. The zero value is ready.
type uploadLocks struct {
	mu   sync.Mutex
	held map[string]*lockHolder
}

// lockHolder is a request that writes to an upload.
type lockHolder struct {
	last    atomic.Int64 // when a byte came, in ns since 1970
	cut     func()       // ends its reading
	gone    chan struct{}
	release func()
}

// take locks an upload. cut must make the caller's reading of its body fail.
func (l *uploadLocks) take(ctx context.Context, id string, cut func()) (*lockHolder, error) {
	h := &lockHolder{cut: cut, gone: make(chan struct{})}
	h.last.Store(time.Now().UnixNano())
	for {
		other := l.try(id, h)
		if other == nil {
			return h, nil
		}
		if time.Since(time.Unix(0, other.last.Load())) < staleAfter {
			return nil, errLocked(ctx)
		}
		if err := other.end(ctx); err != nil {
			return nil, err
		}
	}
}

// seize locks an upload for one who may end whatever goes on.
func (l *uploadLocks) seize(ctx context.Context, id string) (*lockHolder, error) {
	h := &lockHolder{cut: func() {}, gone: make(chan struct{})}
	for {
		other := l.try(id, h)
		if other == nil {
			return h, nil
		}
		if err := other.end(ctx); err != nil {
			return nil, err
		}
	}
}

// try locks for h, or returns who has the lock.
func (l *uploadLocks) try(id string, h *lockHolder) *lockHolder {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other := l.held[id]; other != nil {
		return other
	}
	if l.held == nil {
		l.held = map[string]*lockHolder{}
	}
	l.held[id] = h
	h.release = sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.held, id)
		close(h.gone)
	})
	return nil
}

// busy reports whether somebody writes to the upload.
func (l *uploadLocks) busy(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[id] != nil
}

// end cuts off a holder and waits until it has let go.
func (h *lockHolder) end(ctx context.Context) error {
	h.cut()
	timer := time.NewTimer(letGoTime)
	defer timer.Stop()
	select {
	case <-h.gone:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return errLocked(ctx)
}

func errLocked(ctx context.Context) error {
	return &rest.Problem{
		Title: http.StatusText(http.StatusLocked), Status: http.StatusLocked, Code: lyceum.Conflict.String(), Request: rest.RequestID(ctx),
		Detail: "another request sends bytes of this upload now, perhaps from another tab; try again when it is over",
	}
}
