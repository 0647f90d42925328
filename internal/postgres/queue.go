package postgres

import (
	"context"
	"sync"
)

// queue holds notifications between the connection and the one who takes them,
// so that a slow taker never stops the connection. Full, it forgets all that
// waits and says Missed instead.
type queue struct {
	max  int
	wake chan struct{} // has one element when there is something to look at

	mu      sync.Mutex
	waiting []Notification
	missed  bool
	ended   bool
}

func (q *queue) add(n Notification) {
	q.mu.Lock()
	if len(q.waiting) >= q.max {
		q.dropLocked()
		n.round.answer(false)
		q.missed = true
	} else {
		q.waiting = append(q.waiting, n)
	}
	q.mu.Unlock()
	q.signal()
}

// miss says that notifications may have been lost; those that wait are covered
// by it.
func (q *queue) miss() {
	q.mu.Lock()
	q.dropLocked()
	q.missed = true
	q.mu.Unlock()
	q.signal()
}

// drop forgets all that waits.
func (q *queue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dropLocked()
}

func (q *queue) dropLocked() {
	for _, n := range q.waiting {
		n.round.answer(false)
	}
	q.waiting = nil
}

func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns all that waits, Missed first.
func (q *queue) take() (list []Notification, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.missed {
		list = append(list, Notification{What: Missed})
	}
	list = append(list, q.waiting...)
	q.waiting, q.missed = nil, false
	return list, q.ended
}

// drain delivers until ctx ends or the queue does.
func (q *queue) drain(ctx context.Context, deliver func(Notification)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		}
		list, ended := q.take()
		for _, n := range list {
			switch {
			case n.round != nil:
				n.round.answer(ctx.Err() == nil)
			case ctx.Err() == nil:
				deliver(n)
			}
		}
		if ended {
			return
		}
	}
}
