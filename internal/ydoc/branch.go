package ydoc

// branch is a shared type: a root, or the content of an item of kindType.
type branch struct {
	doc    *Doc
	item   *item  // that holds it; nil for a root
	name   string // of a root
	kind   typeRef
	format bool // seq has or had formats
	gone   bool // it was deleted and its item may be another by now
	seq    list // its children by position
	keyed  map[string]*list
	keys   []*list // of keyed, in the order in which they came
	handle Shared  // for callers, once asked for
	watch  *watch  // observers; nil for none
}

// list is a row of items in document order: a branch's sequence, or all values
// that one key of it ever had, of which the last is current.
type list struct {
	branch      *branch
	key         string
	keyed       bool
	first, last *item
	length      int    // units of visible items; not kept when keyed
	index       *index // built when a position is asked for
}

func newBranch(d *Doc, it *item) *branch {
	b := &branch{doc: d, item: it, kind: typeUnknown}
	if it != nil {
		b.kind = typeRef(it.data[0])
	}
	b.seq.branch = b
	return b
}

// key returns the list of that key, and makes it when missing.
func (b *branch) key(k string) *list {
	l := b.keyed[k]
	if l == nil {
		l = &list{branch: b, key: k, keyed: true}
		if b.keyed == nil {
			b.keyed = make(map[string]*list)
		}
		b.keyed[k] = l
		b.keys = append(b.keys, l)
	}
	return l
}

// up returns the branch that holds this one, nil for a root and for what was
// inside a deleted type.
func (b *branch) up() *branch {
	if b.item == nil || b.gone {
		return nil
	}
	return b.item.list.branch
}

// deleted reports whether the type was deleted.
func (b *branch) deleted() bool { return b.gone || b.item != nil && b.item.deleted }

// link puts it between its left neighbour, nil for the beginning, and what follows.
func (l *list) link(it *item) {
	if it.left != nil {
		it.right = it.left.right
		it.left.right = it
	} else {
		it.right = l.first
		l.first = it
	}
	if it.right != nil {
		it.right.left = it
	} else {
		l.last = it
	}
	if !l.keyed && it.visible() {
		l.length += int(it.length)
	}
	if l.index != nil {
		l.index.insert(it)
	}
}

// unlink takes it out again.
func (l *list) unlink(it *item) {
	if it.left != nil {
		it.left.right = it.right
	} else {
		l.first = it.right
	}
	if it.right != nil {
		it.right.left = it.left
	} else {
		l.last = it.left
	}
	if !l.keyed && it.visible() {
		l.length -= int(it.length)
	}
	l.index = nil
}

// hide marks it as deleted and takes it out of the counts.
func (l *list) hide(it *item) {
	if it.visible() {
		if !l.keyed {
			l.length -= int(it.length)
		}
		if l.index != nil {
			it.leaf.add(-int(it.length))
		}
	}
	it.deleted = true
	if it.kind == kindFormat && l.index != nil {
		it.leaf.forget()
	}
}

// show takes hide back.
func (l *list) show(it *item) {
	it.deleted = false
	if it.visible() && !l.keyed {
		l.length += int(it.length)
	}
	l.index = nil
}
