package ydoc

import (
	"slices"
	"sort"
)

// pop takes entries from a stack until one has an effect.
func (u *UndoManager) pop(from *[]*UndoEntry, which stack) (*UndoEntry, []byte) {
	if u.doc.tx.open || len(*from) == 0 {
		return nil, nil
	}
	var done *UndoEntry
	u.doing = which // until after
	update := u.doc.TransactFrom(u, func(tx *Tx) {
		for len(*from) > 0 && done == nil {
			e := (*from)[len(*from)-1]
			*from = (*from)[:len(*from)-1]
			if u.revert(tx, e) {
				done = e
			}
		}
	})
	u.doing = neither
	if done != nil && u.config.Popped != nil {
		u.config.Popped(done)
	}
	return done, update
}

// revert deletes what the entry inserted and brings back what it deleted. It
// reports whether that changed anything.
func (u *UndoManager) revert(tx *Tx, e *UndoEntry) bool {
	var gone, back []*item
	for _, it := range tx.itemsIn(e.inserted) {
		if it.kind == kindGC {
			continue
		}
		if it.redone {
			to, off := tx.doc.follow(it.id)
			if it = to; off > 0 && to.kind != kindGC {
				it = tx.startingAt(ref{to.id.author, to.id.clock + off})
			}
		}
		if it.kind != kindGC && !it.deleted && u.within(it) {
			gone = append(gone, it)
		}
	}
	r := redoer{tx: tx, undo: u, inserted: e.inserted, set: make(map[*item]bool)}
	for _, it := range tx.itemsIn(e.deleted) {
		if it.kind != kindGC && u.within(it) && !covers(e.inserted, it.id) {
			back = append(back, it)
			r.set[it] = true
		}
	}
	changed := false
	for _, it := range back {
		changed = r.redo(it) != nil || changed
	}
	for _, it := range slices.Backward(gone) {
		if u.config.Keep == nil || u.config.Keep(*tx.doc.id(it.id)) {
			tx.delete(it)
			changed = true
		}
	}
	return changed
}

// covers reports whether the spans, by author and ascending, have the unit.
func covers(ss []span, r ref) bool {
	for len(ss) > 0 && ss[0].author != r.author {
		ss = ss[1:]
	}
	i := sort.Search(len(ss), func(i int) bool { return ss[i].author != r.author || ss[i].to > r.clock })
	return i < len(ss) && ss[i].author == r.author && ss[i].from <= r.clock
}

// redoer puts copies of deleted items where these were.
type redoer struct {
	tx       *Tx
	undo     *UndoManager
	inserted []span         // of the entry
	set      map[*item]bool // what is to come back
}

// next returns what undo put in the place of the item, nil for nothing.
func (r *redoer) next(it *item) *item {
	if !it.redone {
		return nil
	}
	return r.tx.startingAt(r.tx.doc.redone[it.id])
}

// redo brings an item back and returns the copy, nil when that is not possible.
func (r *redoer) redo(it *item) *item {
	if it.redone {
		return r.next(it)
	}
	parent := it.list.branch.item
	if parent != nil && parent.deleted {
		if !parent.redone && (!r.set[parent] || r.redo(parent) == nil) {
			return nil
		}
		for parent.redone {
			parent = r.next(parent)
		}
	}
	b := it.list.branch
	if parent != nil {
		if b = parent.branch; b == nil {
			return nil
		}
	}
	l, left, right := &b.seq, (*item)(nil), (*item)(nil)
	if !it.list.keyed {
		left, right = r.besides(it, parent)
	} else {
		var ok bool
		l = b.key(it.list.key)
		if left, ok = r.before(it, l, parent); !ok {
			return nil
		}
	}
	return r.copy(it, l, left, right)
}

// besides returns the neighbours of the copy of an item of a sequence: those of
// the item, or what was put in their place in the parent.
func (r *redoer) besides(it, parent *item) (left, right *item) {
	for left = it.left; left != nil; left = left.left {
		if x := r.in(left, parent); x != nil {
			left = x
			break
		}
	}
	for right = it; right != nil; right = right.right {
		if x := r.in(right, parent); x != nil {
			right = x
			break
		}
	}
	return left, right
}

// in follows what undo put in the place of an item until that is in the parent.
func (r *redoer) in(it, parent *item) *item {
	for it != nil && it.kind != kindGC {
		if it.list.branch.item == parent {
			return it
		}
		it = r.next(it)
	}
	return nil
}

// before returns the value of the key that the copy comes after; false when
// somebody else set the key since.
func (r *redoer) before(it *item, l *list, parent *item) (left *item, ok bool) {
	if it.right == nil || r.undo.config.Overwrite {
		left = l.last
	} else {
		left = it
		for left.right != nil && r.ours(left.right) {
			left = left.right
			for left.redone {
				left = r.next(left)
			}
		}
		if left.right != nil {
			return nil, false
		}
	}
	if left != nil && left.list.branch.item != parent {
		left = l.last
	}
	return left, true
}

// ours reports whether the value is one that this undo, or another of the same
// manager, takes or took away.
func (r *redoer) ours(it *item) bool {
	if it.redone || covers(r.inserted, it.id) {
		return true
	}
	for _, e := range slices.Concat(r.undo.undo, r.undo.redo) {
		if covers(e.deleted, it.id) {
			return true
		}
	}
	return false
}

func (r *redoer) copy(it *item, l *list, left, right *item) *item {
	d := r.tx.doc
	if r.tx.room(uint64(it.length)) != nil {
		return nil
	}
	data := append(make([]byte, 0, len(it.data)), it.data...)
	if it.data == nil {
		data = nil
	}
	a := d.me()
	if d.redone == nil {
		d.redone = make(map[ref]ref)
	}
	it.redone = true
	d.redone[it.id] = ref{a.index, a.next}
	x := r.tx.make(planned{kind: it.kind, data: data, length: it.length}, left, right)
	x.keep = true
	if l.branch.item != nil {
		l.branch.item.keepOr(true)
	}
	x.deleted = it.kind == kindDeleted
	r.tx.insert(a, x, l, left, right)
	return x
}
