package livedoc

import (
	"context"
	"time"

	"lyceum/internal/ydoc"
)

// serve drives one viewer until ctx ends, the connection fails or the document
// ends it.
func (d *document) serve(ctx context.Context, conn Conn, who Viewer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	v := &viewer{Viewer: who, conn: conn, cancel: cancel, wake: make(chan struct{}, 1)}
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

func (d *document) tellLocked(ids []uint64, except *viewer) {
	if len(ids) == 0 {
		return
	}
	msg := encodeAwareness(d.presences.states(setOf(ids)))
	d.castLocked(msg, func(v *viewer) bool { return v != except }, func(v *viewer) { v.tell(ids) })
}

func setOf(ids []uint64) map[uint64]bool {
	set := make(map[uint64]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// listen takes the viewer's messages, one at a time.
func (d *document) listen(ctx context.Context, conn Conn, v *viewer) error {
	take := func(b []byte) error {
		m, err := decodeMessage(b)
		if err != nil {
			return err
		}
		return d.take(v, m)
	}
	if c, ok := conn.(caller); ok {
		return c.Each(ctx, take)
	}
	for {
		b, err := conn.Read(ctx)
		if err == nil {
			err = take(b)
		}
		if err != nil {
			return err
		}
	}
}

// take acts on one message.
func (d *document) take(v *viewer, m ydoc.Message) error {
	edited, err := d.takeLocking(v, m)
	if edited && d.store.cfg.Edited != nil {
		d.store.cfg.Edited(v.Account)
	}
	return err
}

func (d *document) takeLocking(v *viewer, m ydoc.Message) (edited bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false, errStopping
	}
	switch m.Kind {
	case ydoc.MessageAwareness:
		changed, err := d.presences.take(v, m.States)
		d.tellLocked(changed, v)
		return false, err
	case ydoc.MessageQuery:
		v.tell(d.presences.here())
		return false, nil
	}
	switch {
	case m.Sync == ydoc.SyncStep1:
		if d.epoch.foreign(m.Vector) {
			return false, errEpoch
		}
		v.has, v.ready, v.stepDue = m.Vector, true, true
		v.wakeUp()
		return false, nil
	case v.ReadOnly && m.Sync == ydoc.SyncUpdate:
		return false, closeErrorf(CloseForbidden, "you may read this document and not edit it")
	case v.ReadOnly:
		return false, nil
	case !v.ready:
		return false, protocolError("an edit came before the state vector")
	}
	v.count++
	if m.Sync == ydoc.SyncStep2 {
		v.asked = false
	}
	return d.editLocked(v, m.Update)
}

// feed sends the viewer what is due.
func (d *document) feed(ctx context.Context, conn Conn, v *viewer) error {
	// One timer for all messages: there are many viewers, and each edit goes to all.
	late := time.AfterFunc(time.Hour, func() { v.cancel(errSlow) })
	defer late.Stop()
	for {
		due := d.due(v)
		for _, b := range due {
			late.Reset(d.store.cfg.slowAfter)
			err := conn.Write(ctx, b)
			late.Stop()
			if err != nil {
				return err // v.cancel has noted errSlow when it was that
			}
		}
		if len(due) > 0 {
			continue // only when there is nothing more can others be quick
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-v.wake:
		}
	}
}

// due returns the messages that v is to be sent now, and takes the marks away.
func (d *document) due(v *viewer) [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out [][]byte
	if v.helloDue {
		readOnly := v.ReadOnly
		out = append(out, notice{T: "hello", Doc: string(d.id), Epoch: string(d.epoch), ReadOnly: &readOnly, Path: d.path, Model: d.model.name()}.encode())
	}
	if v.movedDue && !v.helloDue {
		out = append(out, notice{T: "moved", Path: d.path}.encode())
	}
	v.helloDue, v.movedDue = false, false
	if v.fileDue {
		v.fileDue = false
		out = append(out, d.shown.notice().encode())
	}
	if v.problem != nil {
		out = append(out, v.problem.encode())
		v.problem = nil
	}
	if v.askDue {
		v.askDue, v.asked = false, true
		out = append(out, encodeStep1(d.y.StateVector()))
	}
	switch {
	case v.stepDue:
		out = append(out, encodeStep2(d.y.EncodeState(v.has)))
		v.stepDue, v.lacking, v.queue, v.queued = false, false, nil, 0
	case v.lacking:
		out = append(out, encodeUpdate(d.y.EncodeState(d.marks.before(v.from, v.has))))
		v.lacking = false
	case len(out) == 0:
		out, v.queue, v.queued = v.queue, nil, 0
	default:
		out = append(out, v.queue...)
		v.queue, v.queued = nil, 0
	}
	if len(v.told) > 0 {
		if states := d.presences.states(v.told); len(states) > 0 {
			out = append(out, encodeAwareness(states))
		}
		clear(v.told)
	}
	if v.Extended && v.saved > v.savedSent {
		n := v.saved
		v.savedSent = n
		out = append(out, notice{T: "saved", N: &n}.encode())
	}
	v.busy = len(out) > 0
	return out
}
