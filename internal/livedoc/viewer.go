package livedoc

import (
	"context"
	"time"

	"lyceum/internal/ydoc"
)

// Conn is one viewer's connection: whole binary messages, in order. Read and Write
// are called from one goroutine each; both return when ctx ends. What Read returns
// is the Conn's no more. The caller of Serve closes it.
type Conn interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, msg []byte) error
}

// caller is a Conn that calls f with each message on a goroutine of its own, in place of
// Read, until f or the connection fails or ctx ends.
type caller interface {
	Each(ctx context.Context, f func(msg []byte) error) error
}

// Viewer says who looks.
type Viewer struct {
	Account  string // the account's id
	Name     string
	Colour   int
	Session  string // what the account signed in with; the same over reconnects
	ReadOnly bool   // may not edit
	Extended bool   // understands our messages: ?v=lyceum1
	Epoch    string // the epoch whose state the client holds; "" when it holds none or does not say
}

// viewer is a Viewer that is connected. Its fields below wake are guarded by the
// document's lock.
//
// What is to be sent is a set of marks and one bounded queue of updates. When that
// is full it is emptied, and the viewer gets one update with all that it lacks as
// soon as it reads again. So a slow reader delays nobody; one who takes longer than
// slowAfter for one message is closed with CloseSlow.
type viewer struct {
	Viewer
	conn   Conn
	cancel context.CancelCauseFunc
	wake   chan struct{} // capacity 1

	busy     bool             // feed writes to it, or will: nothing may be cast to it
	meant    bool             // of castLocked: it is among those a message is for
	ready    bool             // has sent its state vector
	has      ydoc.StateVector // what it has at least
	queue    [][]byte         // sync messages with updates
	queued   int              // bytes in queue
	from     uint64           // number of the first update in queue, or of the first one it lacks
	lacking  bool             // queue was emptied
	owns     int              // clients whose awareness state is its own
	told     map[uint64]bool  // clients whose awareness state is to be sent
	helloDue bool
	askDue   bool // our state vector is to be sent: tell us what we lack
	asked    bool // and has been, without an answer yet
	stepDue  bool // an answer to its state vector is to be sent
	fileDue  bool
	movedDue bool
	problem  *notice

	count     uint64 // messages with an update that it has sent
	acks      []ack  // which of them are safe when
	saved     uint64
	savedSent uint64
}

const (
	defaultSlow    = 30 * time.Second
	maxQueued      = 1 << 20 // bytes of updates that wait for one viewer
	maxQueuedCount = 512     // updates that wait for one viewer
	maxAcks        = 4096    // messages of one viewer that are told to be safe one by one
)

// ack says that the first n messages are safe when the log is up to sequence.
type ack struct{ n, sequence uint64 }

func (v *viewer) sameSession(o *viewer) bool {
	return v.Account == o.Account && v.Session == o.Session
}

// wakeUp has feed look what is due.
func (v *viewer) wakeUp() {
	v.busy = true
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

var errSlow = &CloseError{CloseSlow, "the connection is too slow for this document"}

// tell marks clients whose awareness state v is to be sent.
func (v *viewer) tell(ids []uint64) {
	if len(ids) == 0 {
		return
	}
	if v.told == nil {
		v.told = map[uint64]bool{}
	}
	for _, id := range ids {
		v.told[id] = true
	}
	v.wakeUp()
}

// enqueue gives v the sync message msg with the update of that number.
func (v *viewer) enqueue(msg []byte, number uint64) {
	if !v.ready || v.stepDue || v.lacking {
		return // it gets all at once
	}
	if len(v.queue) == 0 {
		v.from = number
	}
	if len(v.queue) >= maxQueuedCount || v.queued+len(msg) > maxQueued && len(v.queue) > 0 {
		v.queue, v.queued, v.lacking = nil, 0, true
	} else {
		v.queue = append(v.queue, msg)
		v.queued += len(msg)
	}
	v.wakeUp()
}

// awaits notes that the messages so far are safe when the log is up to sequence.
func (v *viewer) awaits(sequence uint64) {
	if n := len(v.acks); n > 0 && (v.acks[n-1].sequence >= sequence || n >= maxAcks) {
		v.acks[n-1] = ack{v.count, max(v.acks[n-1].sequence, sequence)}
		return
	}
	v.acks = append(v.acks, ack{v.count, sequence})
}

// safe notes which of v's messages are safe now, and reports whether there is something
// to tell it.
func (v *viewer) safe(sequence uint64) (news bool) {
	i := 0
	for ; i < len(v.acks) && v.acks[i].sequence <= sequence; i++ {
		v.saved = v.acks[i].n
	}
	if i > 0 {
		v.acks = append(v.acks[:0], v.acks[i:]...)
	}
	return i > 0 && v.Extended
}
