package ydoc

import (
	"cmp"
	"slices"
)

// delete marks the item and all that is inside it as deleted.
func (tx *Tx) delete(it *item) {
	if it.deleted {
		return
	}
	work := append(tx.work[:0], it)
	for len(work) > 0 {
		it := work[len(work)-1]
		work = work[:len(work)-1]
		if it.deleted {
			// It becomes garbage with its parent, beside others perhaps.
			if tx.old(it) {
				tx.seams = append(tx.seams, it.id)
			}
			continue
		}
		it.list.hide(it)
		tx.deletes = append(tx.deletes, span{it.id.author, it.id.clock, it.end()})
		if it.branch == nil {
			continue
		}
		// The first child is the next.
		for _, l := range slices.Backward(it.branch.keys) {
			if l.last != nil {
				work = append(work, l.last)
			}
		}
		for c := it.branch.seq.last; c != nil; c = c.left {
			work = append(work, c)
		}
	}
	tx.work = work
}

// deleteSpan deletes units of one author that are all in the document.
func (tx *Tx) deleteSpan(sp span) {
	a := tx.doc.authors[sp.author]
	s := a.find(sp.from)
	if it := a.at(s); !it.deleted && it.id.clock < sp.from {
		tx.split(a, s, sp.from)
		s = a.find(sp.from)
	}
	for ; s.b < len(a.blocks); s = (spot{s.b + 1, 0}) {
		for ; s.i < len(a.blocks[s.b].items); s.i++ {
			it := a.at(s)
			if it.id.clock >= sp.to {
				return
			}
			if it.deleted {
				continue
			}
			if it.end() > sp.to {
				// The split may move items to another block, so s ends here.
				tx.split(a, s, sp.to)
				tx.delete(it)
				return
			}
			tx.delete(it)
		}
	}
}

// applyDeletes deletes what is here of the spans, and of those that waited; the
// rest waits. The spans are normalized.
func (tx *Tx) applyDeletes(ss []span) {
	d := tx.doc
	rest := tx.deleteHere(ss, nil)
	if len(d.later) > 0 {
		rest = tx.deleteHere(d.later, rest)
	}
	d.later = normalize(rest)
}

// deleteHere deletes what is here of the spans and appends the others to rest.
func (tx *Tx) deleteHere(ss, rest []span) []span {
	d := tx.doc
	for _, group := range d.byClient(ss) {
		for _, s := range group {
			if next := d.authors[s.author].next; s.to > next {
				rest = append(rest, span{s.author, max(s.from, next), s.to})
				s.to = next
			}
			if s.from < s.to {
				tx.deleteSpan(s)
			}
		}
	}
	return rest
}

// byClient divides normalized spans by author, higher clients first: so they
// stand in an update, and Yjs goes by that order.
func (d *Doc) byClient(ss []span) [][]span {
	var groups [][]span
	for len(ss) > 0 {
		n := 1
		for n < len(ss) && ss[n].author == ss[0].author {
			n++
		}
		groups = append(groups, ss[:n])
		ss = ss[n:]
	}
	slices.SortFunc(groups, func(a, b []span) int {
		return cmp.Compare(d.authors[b[0].author].id, d.authors[a[0].author].id)
	})
	return groups
}

// collect drops the content of what the transaction deleted. Deleted items
// keep their place; what was inside a deleted type becomes garbage.
func (tx *Tx) collect() {
	for _, s := range tx.deletes {
		tx.doc.authors[s.author].each(s.from, s.to, func(it *item) {
			if it.kind == kindGC || it.kind == kindDeleted || it.keep {
				return
			}
			if it.branch != nil {
				tx.collectInside(it.branch)
			}
			it.kind, it.data, it.branch = kindDeleted, nil, nil
		})
	}
}

func (tx *Tx) collectInside(b *branch) {
	work := b.appendAll(tx.work[:0])
	b.clear()
	for len(work) > 0 {
		it := work[len(work)-1]
		work = work[:len(work)-1]
		if it.branch != nil {
			work = it.branch.appendAll(work)
			it.branch.clear()
		}
		if it.redone {
			delete(tx.doc.redone, it.id)
		}
		*it = item{id: it.id, length: it.length, kind: kindGC, deleted: true}
	}
	tx.work = work
}

// appendAll appends all items of the branch, old values of keys too.
func (b *branch) appendAll(to []*item) []*item {
	for it := b.seq.first; it != nil; it = it.right {
		to = append(to, it)
	}
	for _, l := range b.keys {
		for it := l.first; it != nil; it = it.right {
			to = append(to, it)
		}
	}
	return to
}

// clear makes it an empty branch whose item is gone: a caller may hold it still.
func (b *branch) clear() {
	b.gone, b.keyed, b.keys = true, nil, nil
	b.seq = list{branch: b}
}

// deleteAt deletes n units of the list from position pos on, which are there.
func (tx *Tx) deleteAt(l *list, pos, n int) {
	if n == 0 {
		return
	}
	it, off := l.at().find(pos)
	if off > 0 {
		it = tx.startingAt(ref{it.id.author, it.id.clock + uint32(off)})
	}
	for ; n > 0; it = it.right {
		if !it.visible() {
			continue
		}
		if uint32(n) < it.length {
			tx.startingAt(ref{it.id.author, it.id.clock + uint32(n)})
		}
		n -= int(it.length)
		tx.delete(it)
	}
}
