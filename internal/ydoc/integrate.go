package ydoc

// maxSteps bounds the conflicts that one update may cost, some tenths of a second.
const maxSteps = 1 << 25

// integrate puts a struct, of which nothing is missing, into the document. It
// cannot fail: whatever a struct refers to that makes no sense turns it into
// garbage, as in Yjs.
func (tx *Tx) integrate(a *author, in arrival) {
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
	l, left, right := tx.neighbours(in)
	if l == nil {
		*it = item{id: it.id, length: it.length, kind: kindGC, deleted: true}
		a.push(it)
		return
	}
	tx.insert(a, it, l, left, right)
}

// neighbours returns the list of a struct and the items that it was inserted
// between; a nil list makes it garbage.
func (tx *Tx) neighbours(in arrival) (l *list, left, right *item) {
	if r := in.origin; r.author != 0 {
		left = tx.endingAt(r)
	}
	if r := in.rightOrigin; r.author != 0 {
		right = tx.startingAt(r)
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
		tx.deletes = append(tx.deletes, span{a.index, it.id.clock, it.end()})
	case kindType:
		it.branch = newBranch(it)
	case kindFormat:
		l.branch.format = true
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
// passed holds all items since the origin, rivals the part of them since the
// last one that it certainly comes after.
func (tx *Tx) place(it *item, l *list, left, right *item) *item {
	d := tx.doc
	o := l.first
	if left != nil {
		o = left.right
	}
	passed := passage{items: d.scratch[:0]}
	me := d.authors[it.id.author].id
	for ; o != nil && o != right; o = o.right {
		tx.steps++
		passed.add(o)
		if o.origin == it.origin {
			if d.authors[o.id.author].id < me {
				left = o
				passed.clear()
			} else if o.rightOrigin == it.rightOrigin {
				break
			}
		} else if !o.origin.none() {
			at, ok := passed.find(d.authors[o.origin.author].get(o.origin.clock))
			if !ok {
				break
			}
			if at < passed.rivals {
				left = o
				passed.clear()
			}
		} else {
			break
		}
	}
	clear(passed.items)
	d.scratch = passed.items
	return left
}

// passage is the items that place came by.
type passage struct {
	items  []*item
	rivals int           // where the rivals begin in items
	where  map[*item]int // the same as items, once they are many
}

// manyPassed is from how many items on a map is quicker. Only TestMain changes it.
var manyPassed = 24

func (p *passage) add(it *item) {
	p.items = append(p.items, it)
	switch n := len(p.items); {
	case p.where != nil:
		p.where[it] = n - 1
	case n == manyPassed:
		p.where = make(map[*item]int, 2*n)
		for i, it := range p.items {
			p.where[it] = i
		}
	}
}

func (p *passage) clear() { p.rivals = len(p.items) }

func (p *passage) find(it *item) (at int, ok bool) {
	if p.where != nil {
		at, ok = p.where[it]
		return at, ok
	}
	for i, x := range p.items {
		if x == it {
			return i, true
		}
	}
	return 0, false
}
