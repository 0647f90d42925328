package ydoc

// An update may cost maxSteps and stepsPerStruct for each struct: looks at
// others in conflict. That is some tenths of a second.
const (
	maxSteps       = 1 << 22
	stepsPerStruct = 32
)

// integrate puts a struct, of which nothing is missing, into the document. It
// cannot fail: whatever a struct refers to that makes no sense turns it into
// garbage, as in Yjs.
func (tx *Tx) integrate(a *author, in arrival, near beside) {
	it := in.item
	tx.touch(a)
	if off := a.next - it.id.clock; off > 0 {
		_, it.data = cut(it.kind, it.data, it.length, off)
		it.id.clock += off
		it.length -= off
		it.origin = ref{a.index, it.id.clock - 1}
	}
	if it.kind == kindGC {
		a.push(it)
		return
	}
	l, left, right := tx.neighbours(in, near)
	if l == nil {
		*it = item{id: it.id, length: it.length, kind: kindGC, deleted: true}
		a.push(it)
		return
	}
	tx.insert(a, it, l, left, right)
}

// neighbours returns the list of a struct and the items that it was inserted
// between; a nil list makes it garbage.
func (tx *Tx) neighbours(in arrival, near beside) (l *list, left, right *item) {
	if r := in.origin; r.author != 0 {
		if left = near.left; !left.placed(r) || r.clock+1 != left.end() {
			left = tx.endingAt(r)
		}
	}
	if r := in.rightOrigin; r.author != 0 {
		if right = near.right; !right.placed(r) || r.clock != right.id.clock {
			right = tx.startingAt(r)
		}
	}
	switch {
	case left != nil && left.kind == kindGC, right != nil && right.kind == kindGC:
		return nil, nil, nil
	case left != nil:
		return left.list, left, right
	case right != nil:
		return right.list, left, right
	}
	return tx.doc.resolve(in.target), nil, nil
}

// resolve returns the list that the target names, nil when its type is gone.
func (d *Doc) resolve(t *target) *list {
	var b *branch
	if r := t.parent; r.author != 0 {
		b = d.authors[r.author].get(r.clock).branch
	} else {
		b = d.root(t.root)
	}
	switch {
	case b == nil:
		return nil
	case t.keyed:
		return b.key(t.key)
	}
	return &b.seq
}

// insert puts a new item of author a into the list, between left and right
// where nobody else inserted there, and settles conflicts otherwise.
func (tx *Tx) insert(a *author, it *item, l *list, left, right *item) {
	if (left == nil && (right == nil || right.left != nil)) || (left != nil && left.right != right) {
		left = tx.place(it, l, left, right)
	}
	it.left, it.list = left, l
	l.link(it)
	if l.keyed && it.right == nil && left != nil {
		tx.delete(left) // the value that was current
	}
	a.push(it)
	switch it.kind {
	case kindDeleted:
		if !tx.mute { // else only what was there before matters
			tx.deletes = append(tx.deletes, span{a.index, it.id.clock, it.end()})
		}
	case kindType:
		it.branch = newBranch(tx.doc, it)
	case kindFormat:
		l.branch.format = true
		tx.doc.formats = true
	}
	if l.branch.deleted() || l.keyed && it.right != nil {
		tx.delete(it)
	}
}

// place returns the left neighbour of an item between whose origins others
// inserted too. It is the rule of Yjs (YATA): items with the same origin stand
// in the order of their clients, and what was inserted after one of them stays
// behind it.
//
//	origin  b b b  this?  { c b } { c b }  right origin
//
// Each item that it comes by is marked with a number that rises whenever the new
// item certainly comes after all so far: an item marked in this search was
// passed, one with the latest number is still a rival.
func (tx *Tx) place(it *item, l *list, left, right *item) *item {
	d := tx.doc
	o := l.first
	if left != nil {
		o = left.right
	}
	me := d.authors[it.id.author].id
	d.mark++
	for first := d.mark; o != nil && o != right; o = o.right {
		tx.steps--
		o.mark = d.mark
		if o.origin == it.origin {
			if d.authors[o.id.author].id < me {
				left = o
				d.mark++
			} else if o.rightOrigin == it.rightOrigin {
				break
			}
			continue
		}
		if o.origin.none() {
			break
		}
		before := d.authors[o.origin.author].get(o.origin.clock)
		if before.mark < first {
			break
		}
		if before.mark < d.mark {
			left = o
			d.mark++
		}
	}
	return left
}

// unmark starts the numbers of place again before they run out.
func (d *Doc) unmark() {
	d.mark = 0
	for _, a := range d.authors[1:] {
		for _, b := range a.blocks {
			for _, it := range b.items {
				it.mark = 0
			}
		}
	}
}
