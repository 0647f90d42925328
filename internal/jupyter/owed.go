package jupyter

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// A kernel publishes on iopub to a socket that drops what does not fit (ZMQ_SNDHWM),
// and what it drops may be the word that a cell has ended: whoever waits for it waits
// for ever. Replies on shell are not dropped, and tell that the word is owed.
const (
	owedQuiet = 2 * time.Second // iopub is quiet for so long, twice, with an answer on shell between
	owedAsk   = 10 * time.Second
	owedIdle  = 64 // ends that are remembered, should they come before their replies
)

// droppedText is what a cell says whose end was dropped.
const droppedText = "\n[The kernel has dropped outputs: it put them out faster than they could be taken.]\n"

// owed follows which requests have been replied to whose end was not told. It is safe
// for concurrent use.
type owed struct {
	quiet   time.Duration
	starves func() time.Duration // since when iopub has been read to its end

	mu    sync.Mutex
	ended []string // ids of requests whose end was told, the latest last
	waits map[string]*owedEnd
	done  bool
	looks sync.WaitGroup
}

// owedEnd is the end of one request that is waited for.
type owedEnd struct {
	timer *time.Timer
	asked time.Time // when the kernel answered since; zero when it did not yet
	ask   func(context.Context) error
	lost  func()
}

// hear takes a message of iopub.
func (o *owed) hear(m Message) {
	if m.Head.Type != "status" || m.Parent.ID == "" || !isIdle(m) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if e := o.waits[m.Parent.ID]; e != nil {
		e.timer.Stop()
		delete(o.waits, m.Parent.ID)
		return
	}
	if len(o.ended) == owedIdle {
		o.ended = o.ended[1:]
	}
	o.ended = append(o.ended, m.Parent.ID)
}

func isIdle(m Message) bool {
	var c struct {
		State string `json:"execution_state"`
	}
	return json.Unmarshal(m.Content, &c) == nil && c.State == "idle"
}

// replied takes the reply to a cell. ask asks the kernel for an answer on shell; lost
// is called when the end does not come.
func (o *owed) replied(id string, ask func(context.Context) error, lost func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done || id == "" || slices.Contains(o.ended, id) || o.waits[id] != nil {
		return
	}
	if o.waits == nil {
		o.waits = map[string]*owedEnd{}
	}
	e := &owedEnd{ask: ask, lost: lost}
	e.timer = time.AfterFunc(o.quiet, func() { o.look(id, e) })
	o.waits[id] = e
}

// look looks whether an end can still come.
func (o *owed) look(id string, e *owedEnd) {
	if !o.begin(id, e) {
		return
	}
	defer o.looks.Done()
	quiet := o.starves()
	if !e.asked.IsZero() {
		quiet = min(quiet, time.Since(e.asked))
	}
	switch {
	case quiet < o.quiet:
		o.again(id, e, o.quiet-quiet)
	case e.asked.IsZero():
		ctx, cancel := context.WithTimeout(context.Background(), owedAsk)
		defer cancel()
		if e.ask(ctx) == nil { // else it works on something, or is gone
			e.asked = time.Now()
		}
		o.again(id, e, o.quiet)
	case o.give(id, e):
		e.lost()
	}
}

// begin reports whether the end is still waited for; then looks.Done is to be called.
func (o *owed) begin(id string, e *owedEnd) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done || o.waits[id] != e {
		return false
	}
	o.looks.Add(1)
	return true
}

func (o *owed) again(id string, e *owedEnd, after time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.done && o.waits[id] == e {
		e.timer.Reset(after)
	}
}

// give gives an end up, unless it came.
func (o *owed) give(id string, e *owedEnd) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done || o.waits[id] != e {
		return false
	}
	delete(o.waits, id)
	return true
}

// end stops all that waits, and waits for what does not. Who is asked must have gone.
func (o *owed) end() {
	o.mu.Lock()
	o.done = true
	for _, e := range o.waits {
		e.timer.Stop()
	}
	o.mu.Unlock()
	o.looks.Wait()
}

// owes looks after the end of a cell that was replied to.
func (k *Client) owes(reply Message) {
	k.owed.replied(reply.Parent.ID, func(ctx context.Context) error {
		_, err := k.Request(ctx, Shell, "kernel_info_request", nil)
		return err
	}, func() { k.tellEnd(reply) })
}

// tellEnd says in the kernel's place that a cell has ended, and that something of it
// is missing.
func (k *Client) tellEnd(reply Message) {
	for _, said := range []struct {
		typ     string
		content any
	}{{"stream", stream{"stderr", droppedText}}, {"status", map[string]string{"execution_state": "idle"}}} {
		m, err := New(IOPub, reply.Head.Session, said.typ, said.content)
		if err != nil {
			return // strings and maps have no way to fail
		}
		m.Parent, m.ParentHeader = reply.Parent, reply.ParentHeader
		k.hand(m)
	}
}
