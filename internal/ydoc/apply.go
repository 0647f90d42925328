package ydoc

import (
	"math"
	"slices"

	"lyceum/internal/lyceum"
)

// Limits of what may wait for missing updates.
const (
	maxBacklog = 1 << 18 // structs
	maxLater   = 1 << 18 // spans of deletions
)

// Apply integrates an update (V1). Whatever the order in which documents get
// updates, and however often, they come to the same state.
//
// effective is an update without gaps that holds what was new to this document,
// nil when nothing was: the update was known, or all of it waits for missing
// ones, which are kept apart and come out of a later Apply. The update's bytes
// may be reused by the caller.
//
// Errors leave the document as it was: kind Invalid for a malformed update,
// Exhausted when too much would wait for missing updates or the conflicts are
// too many to solve. After Exhausted what waited is gone too, and the documents
// must synchronize by their state vectors.
func (d *Doc) Apply(update []byte) (effective []byte, err error) {
	return d.ApplyFrom(nil, update)
}

// ApplyFrom is Apply with an origin for observers.
func (d *Doc) ApplyFrom(origin any, update []byte) (effective []byte, err error) {
	return d.apply(origin, update, maxSteps)
}

// Restore is Apply without a bound on the conflicts, for updates that a document
// of this package returned or holds: what was let in one by one may be too much
// for one update. Nor does it clean up formats, so that all is as it was.
func (d *Doc) Restore(update []byte) (effective []byte, err error) {
	return d.apply(nil, update, math.MaxInt/2)
}

// Load is Restore for a caller who need not know what was new.
func (d *Doc) Load(update []byte) error {
	if d.tx.open {
		return errOpen
	}
	d.tx.mute = len(d.updates) == 0 && d.watching == 0 && len(d.undoers) == 0
	_, err := d.apply(nil, update, math.MaxInt/2)
	d.tx.mute = false
	return err
}

func (d *Doc) apply(origin any, update []byte, steps int) (effective []byte, err error) {
	known := len(d.authors)
	in, err := d.decodeUpdate(update)
	if err != nil {
		d.forget(known)
		return nil, err
	}
	if d.tx.open {
		d.forget(known)
		return nil, errOpen
	}
	tx := d.begin()
	tx.steps, tx.remote, tx.origin = steps, true, origin
	tx.cleans = steps == maxSteps // what was in a document is as it was there
	tx.borrows = len(update) < ownAbove
	if err := tx.integrateAll(in); err != nil {
		tx.rollback()
		d.forget(known)
		return nil, err
	}
	if tx.borrows && d.backlog > 0 {
		in.ownWaiting()
	}
	if d.backlog == 0 {
		d.spare.giveBack(in)
	}
	mute := tx.mute
	effective = tx.commit()
	if effective == nil && !mute && d.backlog+len(d.later) == 0 {
		d.forget(known)
	}
	return effective, nil
}

var (
	errOpen      = lyceum.Errorf(lyceum.Invalid, "an update cannot be applied within a transaction")
	errBacklog   = lyceum.Errorf(lyceum.Exhausted, "too many updates of the document wait for missing ones; synchronize it again")
	errConflicts = lyceum.Errorf(lyceum.Exhausted, "the update conflicts with too much of the document")
)

// Pending reports whether updates wait for missing ones. StateVector says from
// where on they are missing.
func (d *Doc) Pending() bool { return d.backlog+len(d.later) > 0 }

func (tx *Tx) integrateAll(in incoming) error {
	d := tx.doc
	for _, s := range in.streams {
		tx.steps += stepsPerStruct * len(s.structs)
	}
	tx.ahead = newAhead(in)
	if !tx.settle(d.enqueue(in)) {
		return errConflicts
	}
	tx.applyDeletes(in.deletes)
	if d.backlog > maxBacklog || len(d.later) > maxLater {
		return errBacklog
	}
	return nil
}

// ownWaiting copies the contents of the structs that stay in a queue.
func (in incoming) ownWaiting() {
	for _, s := range in.streams {
		for _, st := range s.structs {
			if st.end() > s.author.next {
				st.own()
			}
		}
	}
}

// rollback takes back what was integrated and deleted, and drops all that waits.
func (tx *Tx) rollback() {
	d := tx.doc
	for _, a := range tx.touched {
		a.each(a.before, a.next, func(it *item) {
			if it.list != nil && it.id.clock >= a.before {
				it.list.unlink(it)
			}
		})
	}
	for _, s := range tx.deletes {
		if a := d.authors[s.author]; !a.touched || s.from < a.before {
			a.each(s.from, s.to, func(it *item) { it.list.show(it) })
		}
	}
	for _, a := range tx.touched {
		a.truncate(a.before)
	}
	tx.deletes = nil
	tx.seams = slices.DeleteFunc(tx.seams, func(r ref) bool { return r.clock >= d.authors[r.author].next })
	tx.merge()
	for _, a := range tx.touched {
		a.touched = false
	}
	tx.reset()
	for _, a := range d.authors[1:] {
		a.queue, a.waiters, a.needs = nil, nil, ref{}
	}
	d.backlog, d.later = 0, nil
}
