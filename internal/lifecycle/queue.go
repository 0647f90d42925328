package lifecycle

import (
	"context"
	"sync"
	"time"

	"lyceum/internal/lyceum"
)

// Delays before a project that could not be reconciled is tried again.
const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = 15 * time.Second
)

// queue holds projects to look at: each once, and none with two workers at a
// time. What is added while it is worked on is looked at again afterwards.
type queue struct {
	wake chan struct{} // has an element when something may be ready

	mu      sync.Mutex
	ready   []lyceum.ProjectID
	waiting map[lyceum.ProjectID]bool          // in ready
	working map[lyceum.ProjectID]bool          // with a worker; true: look again afterwards
	fails   map[lyceum.ProjectID]time.Duration // the last delay
	soon    map[lyceum.ProjectID]time.Duration // asked for by the one who works on it
	timers  map[lyceum.ProjectID]*time.Timer
	closed  bool
}

func newQueue() *queue {
	return &queue{
		wake: make(chan struct{}, 1), waiting: map[lyceum.ProjectID]bool{}, working: map[lyceum.ProjectID]bool{},
		fails: map[lyceum.ProjectID]time.Duration{}, soon: map[lyceum.ProjectID]time.Duration{}, timers: map[lyceum.ProjectID]*time.Timer{},
	}
}

// add puts id in the queue at once.
func (q *queue) add(id lyceum.ProjectID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addLocked(id)
}

func (q *queue) addLocked(id lyceum.ProjectID) {
	if q.closed || q.waiting[id] {
		return
	}
	if t := q.timers[id]; t != nil {
		t.Stop()
		delete(q.timers, id)
	}
	if _, busy := q.working[id]; busy {
		q.working[id] = true
		return
	}
	q.waiting[id] = true
	q.ready = append(q.ready, id)
	q.wakeLocked()
}

func (q *queue) wakeLocked() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take waits for a project. The caller calls done. ok is false when ctx ended.
func (q *queue) take(ctx context.Context) (id lyceum.ProjectID, ok bool) {
	for {
		q.mu.Lock()
		if len(q.ready) > 0 && ctx.Err() == nil {
			id = q.ready[0]
			q.ready = q.ready[1:]
			delete(q.waiting, id)
			q.working[id] = false
			if len(q.ready) > 0 {
				q.wakeLocked() // another worker
			}
			q.mu.Unlock()
			return id, true
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return "", false
		case <-q.wake:
		}
	}
}

// again asks, while a project is worked on, for another look after the delay.
func (q *queue) again(id lyceum.ProjectID, delay time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.soon[id] = delay
}

// done gives a project back; with a delay it is looked at again after it.
func (q *queue) done(id lyceum.ProjectID, delay time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	again := q.working[id]
	delete(q.working, id)
	if delay == 0 {
		delete(q.fails, id)
		delay = q.soon[id]
	}
	delete(q.soon, id)
	switch {
	case q.closed:
	case again:
		q.addLocked(id)
	case delay > 0:
		q.timers[id] = time.AfterFunc(delay, func() { q.add(id) })
	}
}

// backoff returns the delay before the next try, longer each time.
func (q *queue) backoff(id lyceum.ProjectID) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	d := min(max(2*q.fails[id], firstRetry), lastRetry)
	q.fails[id] = d
	return d
}

// close forgets everything.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, t := range q.timers {
		t.Stop()
	}
}
