package livedoc

import (
	"context"
	"errors"
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

const (
	maxQueued      = 1 << 20 // bytes of updates that wait for one viewer
	maxQueuedCount = 512     // updates that wait for one viewer
	maxAcks        = 4096
)

// viewer is a Viewer that is connected. Its fields below wake are guarded by the
// document's lock.
//
// What is to be sent is a set of marks and one bounded queue of updates. When that
// is full it is emptied, and the viewer gets one update with all that it lacks as
// soon as it reads again. So a slow reader delays nobody; one who takes longer than
// slowAfter for one message is closed with CloseSlow.
type viewer struct {
	Viewer
	cancel context.CancelCauseFunc
	wake   chan struct{} // capacity 1

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

// ack says that the first n messages are safe when the log is up to sequence.
type ack struct{ n, sequence uint64 }

func (v *viewer) sameSession(o *viewer) bool {
	return v.Account == o.Account && v.Session == o.Session
}

func (v *viewer) wakeUp() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

var errSlow = &CloseError{CloseSlow, "the connection is too slow for this document"}

// serve drives one viewer until ctx ends, the connection fails or the document
// ends it.
func (d *document) serve(ctx context.Context, conn Conn, who Viewer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	v := &viewer{Viewer: who, cancel: cancel, wake: make(chan struct{}, 1)}
	if err := d.attach(v); err != nil {
		return err
	}
	defer d.detach(v)
	fed := make(chan struct{})
	go func() { // ends with ctx, which listen's return cancels
		defer close(fed)
		cancel(d.feed(ctx, conn, v))
	}()
	cancel(d.listen(ctx, conn, v))
	<-fed
	return context.Cause(ctx)
}

func (d *document) attach(v *viewer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return errStopping
	}
	if v.Epoch != "" && v.Epoch != string(d.epoch) {
		return errEpoch
	}
	// One who may not edit is not asked for what we lack.
	v.helloDue, v.fileDue, v.askDue = v.Extended, v.Extended, !v.ReadOnly
	if v.Extended {
		v.problem = d.announce
	}
	v.tell(d.presences.here())
	d.viewers = append(d.viewers, v)
	v.wakeUp()
	return nil
}

func (d *document) detach(v *viewer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, o := range d.viewers {
		if o == v {
			d.viewers = append(d.viewers[:i], d.viewers[i+1:]...)
			break
		}
	}
	d.tellLocked(d.presences.leave(v), v)
}

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

func (d *document) tellLocked(ids []uint64, except *viewer) {
	for _, v := range d.viewers {
		if v != except {
			v.tell(ids)
		}
	}
}

// listen takes the viewer's messages, one at a time.
func (d *document) listen(ctx context.Context, conn Conn, v *viewer) error {
	for {
		b, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		m, err := decodeMessage(b)
		if err == nil {
			err = d.take(v, m)
		}
		if err != nil {
			return err
		}
	}
}

// take acts on one message.
func (d *document) take(v *viewer, m message) error {
	edited, err := d.takeLocking(v, m)
	if edited && d.store.cfg.Edited != nil {
		d.store.cfg.Edited(v.Account)
	}
	return err
}

func (d *document) takeLocking(v *viewer, m message) (edited bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false, errStopping
	}
	switch m.kind {
	case msgAwareness:
		changed, err := d.presences.take(v, m.states)
		d.tellLocked(changed, v)
		return false, err
	case msgQuery:
		v.tell(d.presences.here())
		return false, nil
	}
	switch {
	case m.sync == syncStep1:
		if d.epoch.foreign(m.vector) {
			return false, errEpoch
		}
		v.has, v.ready, v.stepDue = m.vector, true, true
		v.wakeUp()
		return false, nil
	case v.ReadOnly && m.sync == syncUpdate:
		return false, closeErrorf(CloseForbidden, "you may read this document and not edit it")
	case v.ReadOnly:
		return false, nil
	case !v.ready:
		return false, protocolError("an edit came before the state vector")
	}
	v.count++
	if m.sync == syncStep2 {
		v.asked = false
	}
	return d.editLocked(v, m.update)
}

// feed sends the viewer what is due.
func (d *document) feed(ctx context.Context, conn Conn, v *viewer) error {
	for {
		for _, b := range d.due(v) {
			if err := d.write(ctx, conn, b); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-v.wake:
		}
	}
}

func (d *document) write(ctx context.Context, conn Conn, b []byte) error {
	wctx, cancel := context.WithTimeoutCause(ctx, d.store.cfg.slowAfter, errSlow)
	defer cancel()
	err := conn.Write(wctx, b)
	if err != nil && errors.Is(context.Cause(wctx), errSlow) {
		return errSlow
	}
	return err
}

// due returns the messages that v is to be sent now, and takes the marks away.
func (d *document) due(v *viewer) [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out [][]byte
	if v.helloDue {
		readOnly := v.ReadOnly
		out = append(out, notice{T: "hello", Doc: string(d.id), Epoch: string(d.epoch), ReadOnly: &readOnly, Path: d.path}.encode())
	}
	if v.movedDue && !v.helloDue {
		out = append(out, notice{T: "moved", Path: d.path}.encode())
	}
	v.helloDue, v.movedDue = false, false
	if v.fileDue {
		v.fileDue = false
		out = append(out, notice{T: "file", State: d.shown.state, Message: d.shown.message}.encode())
	}
	if v.problem != nil {
		out = append(out, v.problem.encode())
		v.problem = nil
	}
	if v.askDue {
		v.askDue, v.asked = false, true
		out = append(out, encodeSync(syncStep1, d.y.StateVector().Encode()))
	}
	switch {
	case v.stepDue:
		out = append(out, encodeSync(syncStep2, d.y.EncodeState(v.has)))
		v.stepDue, v.lacking, v.queue, v.queued = false, false, nil, 0
	case v.lacking:
		out = append(out, encodeSync(syncUpdate, d.y.EncodeState(d.marks.before(v.from, v.has))))
		v.lacking = false
	default:
		out = append(out, v.queue...)
		v.queue, v.queued = nil, 0
	}
	if states := d.presences.states(v.told); len(states) > 0 {
		out = append(out, encodeAwareness(states))
	}
	clear(v.told)
	if v.Extended && v.saved > v.savedSent {
		n := v.saved
		v.savedSent = n
		out = append(out, notice{T: "saved", N: &n}.encode())
	}
	return out
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

// safe tells v which of its messages are safe now.
func (v *viewer) safe(sequence uint64) {
	i := 0
	for ; i < len(v.acks) && v.acks[i].sequence <= sequence; i++ {
		v.saved = v.acks[i].n
	}
	if i > 0 {
		v.acks = append(v.acks[:0], v.acks[i:]...)
		v.wakeUp()
	}
}

// marks remembers state vectors, so that a viewer who lost its queue can be sent
// little more than what it lacks.
type marks []mark

type mark struct {
	number uint64 // of the first update that the vector lacks
	vector ydoc.StateVector
}

const (
	markEvery = 32
	maxMarks  = 256
)

func (m *marks) note(number uint64, y *ydoc.Doc) {
	if number%markEvery != 0 {
		return
	}
	if len(*m) >= maxMarks {
		*m = append((*m)[:0], (*m)[maxMarks/2:]...)
	}
	*m = append(*m, mark{number, y.StateVector()})
}

// before returns the newest vector from before update number, or else other.
func (m marks) before(number uint64, other ydoc.StateVector) ydoc.StateVector {
	for i := len(m) - 1; i >= 0; i-- {
		if m[i].number <= number {
			return m[i].vector
		}
	}
	return other
}

const defaultSlow = 30 * time.Second
