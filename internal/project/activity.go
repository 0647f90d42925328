package project

import (
	"sync"
	"time"
)

// activity is when people last did something, and a bell for who tells of it. The
// zero value is ready. It is safe for concurrent use.
type activity struct {
	mu      sync.Mutex
	editAt  time.Time
	waiting map[chan struct{}]struct{}
}

// editPause is how long somebody must have changed nothing for the next edit to be told
// at once. While people type, the record of each tick tells of it: one each second took a
// tenth of the processor time that their edits did.
const editPause = 10 * time.Second

// edit notes that a person changes a file or a document now.
func (a *activity) edit() {
	now := time.Now()
	a.mu.Lock()
	first := now.Sub(a.editAt) > editPause
	a.editAt = now
	a.mu.Unlock()
	if first {
		a.changed()
	}
}

// edited is when edit was last called; zero when never.
func (a *activity) edited() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.editAt
}

// changed rings: something that a control record tells is another now.
func (a *activity) changed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for bell := range a.waiting {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
}

// bell returns a channel that holds a token when there is something new. The
// caller calls done.
func (a *activity) bell() (bell <-chan struct{}, done func()) {
	c := make(chan struct{}, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting == nil {
		a.waiting = map[chan struct{}]struct{}{}
	}
	a.waiting[c] = struct{}{}
	return c, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.waiting, c)
	}
}
