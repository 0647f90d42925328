package ydoc

import "math"

// RestoreAll is Restore for several updates, one after the other, as one
// transaction: joined is one update (V1) with all that was new to the document, in
// which typing is one run and what came and went again has left nothing but its
// length. It is nil when nothing was new, or all of it waits for missing updates
// (Pending). An error, of the kinds of Apply, leaves the document as it was.
func (d *Doc) RestoreAll(updates [][]byte) (joined []byte, err error) {
	if d.tx.open {
		return nil, errOpen
	}
	known := len(d.authors)
	tx := d.begin()
	tx.steps = math.MaxInt / 2
	tx.borrows = true
	for _, u := range updates {
		in, err := d.decodeUpdate(u)
		if err == nil {
			err = tx.integrateAll(in)
		}
		if err != nil {
			tx.rollback()
			d.forget(known)
			return nil, err
		}
		if d.backlog > 0 {
			in.ownWaiting()
		} else {
			d.spare.giveBack(in)
		}
	}
	joined = tx.commit()
	if joined == nil && d.backlog+len(d.later) == 0 {
		d.forget(known)
	}
	return joined, nil
}

// Measure counts what an update (V1) inserts and deletes, in UTF-16 units of text
// and in values of anything else. What it both inserts and deletes, and what it
// deletes that was deleted already, counts as deleted. The error is of kind Invalid.
func Measure(update []byte) (inserted, deleted int, err error) {
	d := New(Config{Client: 1})
	in, err := d.decodeUpdate(update)
	if err != nil {
		return 0, 0, err
	}
	for _, s := range in.streams {
		for _, st := range s.structs {
			if st.visible() {
				inserted += int(st.length)
			}
		}
	}
	for _, s := range in.deletes {
		deleted += int(s.to - s.from)
	}
	return inserted, deleted, nil
}
