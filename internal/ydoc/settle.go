package ydoc

import (
	"cmp"
	"slices"
)

// waiter is an author whose queue cannot go on before another author, among
// whose waiters it is, has the unit at clock.
type waiter struct {
	author *author
	clock  uint32
}

// enqueue adds the structs to their authors' queues and returns the authors,
// higher clients last.
func (d *Doc) enqueue(in incoming) []*author {
	as := d.spare.ready[:0]
	for _, s := range in.streams {
		a := s.author
		as = append(as, a)
		if len(a.queue) == 0 {
			a.queue = s.structs
			d.backlog += len(a.queue)
			continue
		}
		d.backlog -= len(a.queue)
		a.queue = mergeQueues(a.queue, s.structs)
		d.backlog += len(a.queue)
	}
	if len(as) > 1 {
		slices.SortFunc(as, func(a, b *author) int { return cmp.Compare(a.id, b.id) })
	}
	if cap(as) <= spareSize {
		d.spare.ready = as
	}
	return as
}

// mergeQueues merges two queues in the order of clocks and drops what the
// structs before it cover.
func mergeQueues(a, b []arrival) []arrival {
	all := make([]arrival, 0, len(a)+len(b))
	for len(a)+len(b) > 0 {
		from := &a
		if len(a) == 0 || len(b) > 0 && b[0].id.clock < a[0].id.clock {
			from = &b
		}
		in := (*from)[0]
		*from = (*from)[1:]
		if n := len(all); n == 0 || in.end() > all[n-1].end() {
			all = append(all, in)
		}
	}
	return all
}

// settle integrates what can be of the queues of the ready authors, and of
// those who waited for what that brings; the rest stays in the queues. It
// returns false when the conflicts to solve are too many.
func (tx *Tx) settle(ready []*author) bool {
	for len(ready) > 0 {
		a := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		was := a.next
		tx.advance(a)
		if a.next > was {
			ready = a.wake(tx, ready)
		}
		if tx.steps < 0 {
			return false
		}
	}
	return true
}

// release lets go on what waited for the author of local edits. It happens only
// when that author's id was used before, which is a mistake of whoever set it.
func (tx *Tx) release() {
	tx.steps = maxSteps
	var ready []*author
	for _, a := range tx.touched {
		ready = a.wake(tx, append(ready, a))
	}
	tx.settle(ready)
}

// advance integrates the author's queue as far as it can. A queue is in the
// order of its clocks, so nothing behind its head can go before it.
func (tx *Tx) advance(a *author) {
	done := 0
	for i, in := range a.queue {
		var near beside
		if x := tx.ahead; x != nil {
			if i%lookAhead == 0 {
				x.look(a.queue[i:])
			}
			near = x.beside[i%lookAhead]
		}
		if in.id.clock > a.next {
			break // more of this author has to come first
		}
		if in.end() > a.next {
			if need := tx.doc.missing(in); !need.none() {
				a.wait(tx.doc.authors[need.author], need)
				break
			}
			tx.integrate(a, in, near)
		}
		done++
		if tx.steps < 0 {
			break
		}
	}
	tx.doc.backlog -= done
	if a.queue = a.queue[done:]; len(a.queue) == 0 {
		a.queue = nil
	}
}

// wait puts the author among the waiters of the one whose unit it needs.
func (a *author) wait(on *author, need ref) {
	if a.needs != need {
		a.needs = need
		on.waiters = append(on.waiters, waiter{a, need.clock})
	}
}

// wake appends those who waited for what the author has now.
func (a *author) wake(tx *Tx, ready []*author) []*author {
	tx.steps -= len(a.waiters)
	a.waiters = slices.DeleteFunc(a.waiters, func(w waiter) bool {
		if w.clock >= a.next {
			return false
		}
		if w.author.needs == (ref{a.index, w.clock}) {
			w.author.needs = ref{}
		}
		ready = append(ready, w.author)
		return true
	})
	return ready
}

// missing returns a unit that the struct refers to and that is not here.
func (d *Doc) missing(in arrival) ref {
	if r := in.origin; r.author != 0 && r.clock >= d.authors[r.author].next {
		return r
	}
	if r := in.rightOrigin; r.author != 0 && r.clock >= d.authors[r.author].next {
		return r
	}
	if in.target != nil {
		if r := in.target.parent; r.author != 0 && r.clock >= d.authors[r.author].next {
			return r
		}
	}
	return ref{}
}
