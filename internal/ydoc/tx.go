package ydoc

import (
	"math"
	"slices"
)

// Tx is an open transaction: what it changed becomes one update. It is valid
// only within the function given to Doc.Transact.
type Tx struct {
	doc     *Doc
	open    bool
	touched []*author // those that got new items
	deletes []span    // what was deleted
	order   []uint32  // the authors of deletes as they came, once arranged
	seams   []ref     // where items were split, or may merge for another reason
	work    []*item   // of delete and collect
	steps   int       // how many conflicts may still be looked at
	borrows bool      // new items may refer to bytes of the caller or of buf
	remote  bool      // it applies an update
	cleans  bool      // it ends with cleanFormats
	mute    bool      // nobody wants to hear what it did
	ahead   *ahead    // of a large update
	origin  any       // of whom it is, as the caller says
	buf     []byte    // text of local insertions
}

// Transact runs f and returns all its edits as one update (V1), nil when
// nothing changed. A Transact within f joins the outer one and returns nil.
// The Tx must not be used after f. What observes the document hears of the edits
// before Transact returns.
func (d *Doc) Transact(f func(tx *Tx)) []byte { return d.TransactFrom(nil, f) }

// TransactFrom is Transact with an origin, which observers get and by which an
// UndoManager knows whose edits to take back. A joined transaction keeps the
// origin of the outer one.
func (d *Doc) TransactFrom(origin any, f func(tx *Tx)) []byte {
	if d.tx.open {
		f(&d.tx)
		return nil
	}
	tx := d.begin()
	tx.origin = origin
	f(tx)
	if d.backlog > 0 {
		tx.release()
	}
	return tx.commit()
}

// Origin returns what TransactFrom or ApplyFrom was given.
func (tx *Tx) Origin() any { return tx.origin }

func (d *Doc) begin() *Tx {
	if d.mark > 1<<31 {
		d.unmark()
	}
	d.tx.open = true
	return &d.tx
}

// commit drops deleted content, merges what can be merged and returns the
// transaction as an update.
func (tx *Tx) commit() []byte {
	d := tx.doc
	if d.watching > 0 || len(d.undoers) > 0 {
		tx.notice()
	}
	if d.formats && tx.cleans {
		tx.cleanFormats()
	}
	tx.deletes = normalize(tx.deletes)
	if !d.keep {
		tx.collect()
	}
	tx.merge()
	if tx.borrows {
		tx.own()
	}
	update, origin := tx.encode(), tx.origin
	tx.reset()
	if len(d.updates) > 0 || len(d.news) > 0 {
		d.tell(update, origin)
	}
	return update
}

// merge joins items where the transaction changed something, as Yjs does: the
// bytes of a state depend on it.
func (tx *Tx) merge() {
	d := tx.doc
	for _, s := range slices.Backward(tx.deletes) {
		d.authors[s.author].compact(&d.slab, s.from, s.to)
	}
	for _, a := range tx.touched {
		if a.next > a.before {
			a.compact(&d.slab, a.before, math.MaxUint32)
		}
	}
	// Each takes in its right neighbour of then, so their order and number matter.
	for _, r := range slices.Backward(tx.seams) {
		a := d.authors[r.author]
		a.compact(&d.slab, r.clock, a.get(r.clock).end())
	}
}

// own copies the contents of new items that would otherwise share the caller's bytes.
func (tx *Tx) own() {
	for _, a := range tx.touched {
		a.each(a.before, a.next, func(it *item) {
			if it.id.clock >= a.before {
				it.own()
			}
		})
	}
}

// arrange normalizes what was deleted so far, and keeps in which order the
// authors came: Yjs goes by it.
func (tx *Tx) arrange() {
	for _, s := range tx.deletes {
		if n := len(tx.order); (n == 0 || tx.order[n-1] != s.author) && !slices.Contains(tx.order, s.author) {
			tx.order = append(tx.order, s.author)
		}
	}
	tx.deletes = normalize(tx.deletes)
}

// inOrder returns a copy of what was deleted, normalized, by author in the order
// of arrange.
func (tx *Tx) inOrder() []span {
	ss := make([]span, 0, len(tx.deletes))
	for _, a := range tx.order {
		for _, s := range tx.deletes {
			if s.author == a {
				ss = append(ss, s)
			}
		}
	}
	return ss
}

// itemsIn returns the items of spans, and splits those that the spans divide.
func (tx *Tx) itemsIn(ss []span) []*item {
	var its []*item
	for _, s := range ss {
		a := tx.doc.authors[s.author]
		if s.to = min(s.to, a.next); s.from >= s.to {
			continue
		}
		tx.startingAt(ref{s.author, s.from})
		if s.to < a.next {
			tx.startingAt(ref{s.author, s.to})
		}
		a.each(s.from, s.to, func(it *item) { its = append(its, it) })
	}
	return its
}

func (tx *Tx) encode() []byte {
	as := tx.touched[:0]
	for _, a := range tx.touched {
		if a.touched = false; a.next > a.before {
			as = append(as, a)
		}
	}
	if len(as) == 0 && len(tx.deletes) == 0 || tx.mute {
		return nil
	}
	b := tx.doc.putStructs(make([]byte, 0, 48), as, func(a *author) uint32 { return a.before })
	return tx.doc.putDeletes(b, tx.deletes)
}

func (tx *Tx) reset() {
	clear(tx.touched[:cap(tx.touched)])
	*tx = Tx{doc: tx.doc, touched: tx.touched[:0], deletes: tx.deletes[:0], order: tx.order[:0], seams: tx.seams[:0], work: tx.work[:0], buf: tx.buf[:0]}
	if cap(tx.deletes)+cap(tx.seams)+cap(tx.work)+cap(tx.buf) > 1<<12 {
		*tx = Tx{doc: tx.doc}
	}
}

// touch notes that the author is about to get a new item.
func (tx *Tx) touch(a *author) {
	if !a.touched {
		a.touched, a.before = true, a.next
		tx.touched = append(tx.touched, a)
	}
}

// old reports whether the item was there before the transaction.
func (tx *Tx) old(it *item) bool {
	a := tx.doc.authors[it.id.author]
	return !a.touched || it.id.clock < a.before
}

// endingAt returns the item whose last unit is r, and splits one for it. An
// item of kindGC is not split.
func (tx *Tx) endingAt(r ref) *item {
	a := tx.doc.authors[r.author]
	s := a.find(r.clock)
	it := a.at(s)
	if it.kind != kindGC && r.clock+1 != it.end() {
		tx.split(a, s, r.clock+1)
	}
	return it
}

// startingAt returns the item whose first unit is r, and splits one for it.
func (tx *Tx) startingAt(r ref) *item {
	a := tx.doc.authors[r.author]
	s := a.find(r.clock)
	it := a.at(s)
	if it.kind != kindGC && r.clock != it.id.clock {
		return tx.split(a, s, r.clock)
	}
	return it
}

// split makes an item begin at clock, inside the one at s, and returns it.
func (tx *Tx) split(a *author, s spot, clock uint32) *item {
	it := a.at(s)
	r := it.split(&tx.doc.slab, clock-it.id.clock)
	if it.redone {
		to := tx.doc.redone[it.id]
		r.redone = true
		tx.doc.redone[r.id] = ref{to.author, to.clock + it.length}
	}
	a.insert(s, r)
	tx.seams = append(tx.seams, r.id)
	return r
}
