package ydoc

import "slices"

// index finds the item at a position of a list: a tree whose nodes know how
// many visible units they hold. Its leaves are runs of neighbours in the list,
// known by their first item and their number.
type index struct{ root *node }

// node is a leaf (kids is nil) or has kids.
type node struct {
	up     *node
	kids   []*node
	first  *item // of a leaf; nil when empty
	n      int   // items of a leaf
	length int   // visible units below
	known  bool  // effects is right; if not, it is not known above either
	// effects is what the formats below do to those that hold before them.
	effects attrs
}

// maxLeaf is how many items a leaf has, maxKids how many kids another node.
// Only TestMain changes them.
var maxLeaf, maxKids = 24, 16

// at returns the index of the list, and builds it at the first call.
func (l *list) at() *index {
	if l.index == nil {
		l.index = buildIndex(l)
	}
	return l.index
}

// find returns the visible item that holds the unit at pos, and which of its
// units it is; nil when pos is not below the length of the list.
func (x *index) find(pos int) (*item, int) {
	n := x.root
	if pos >= n.length {
		return nil, 0
	}
	for n.kids != nil {
		for _, k := range n.kids {
			if pos < k.length {
				n = k
				break
			}
			pos -= k.length
		}
	}
	for it := n.first; ; it = it.right {
		if !it.visible() {
			continue
		}
		if pos < int(it.length) {
			return it, pos
		}
		pos -= int(it.length)
	}
}

// add changes the length of a leaf and of all above it.
func (n *node) add(units int) {
	for ; n != nil; n = n.up {
		n.length += units
	}
}

// insert adds an item that was linked into the list.
func (x *index) insert(it *item) {
	leaf := x.root
	switch {
	case it.left != nil:
		leaf = it.left.leaf
	case it.right != nil:
		leaf = it.right.leaf
		leaf.first = it
	default:
		leaf.first = it
	}
	it.leaf = leaf
	leaf.n++
	if it.visible() {
		leaf.add(int(it.length))
	}
	if it.kind == kindFormat {
		leaf.forget()
	}
	if leaf.n > maxLeaf {
		x.splitLeaf(leaf)
	}
}

// share adds r, which was split off its left neighbour it.
func (x *index) share(it, r *item) {
	r.leaf = it.leaf
	r.leaf.n++
	if r.leaf.n > maxLeaf {
		x.splitLeaf(r.leaf)
	}
}

// absorb removes r, which is about to become a part of its left neighbour it.
func (x *index) absorb(it, r *item) {
	leaf := r.leaf
	leaf.n--
	if leaf == it.leaf {
		return
	}
	if r.visible() {
		leaf.add(-int(r.length))
		it.leaf.add(int(r.length))
	}
	leaf.first = r.right
	if leaf.n == 0 {
		x.remove(leaf)
	}
}

// remove takes out an empty node, which is never the only leaf.
func (x *index) remove(n *node) {
	up := n.up
	i := slices.Index(up.kids, n)
	up.kids = slices.Delete(up.kids, i, i+1)
	if len(up.kids) == 0 {
		x.remove(up)
	}
}

func (x *index) splitLeaf(n *node) {
	it := n.first
	half := n.n / 2
	for range half {
		it = it.right
	}
	r := &node{first: it, n: n.n - half}
	n.n = half
	for range r.n {
		it.leaf = r
		if it.visible() {
			r.length += int(it.length)
		}
		it = it.right
	}
	n.length -= r.length
	n.forget()
	x.insertAfter(n, r)
}

// insertAfter makes r the right neighbour of n, of which it was a part: the
// lengths above both stay.
func (x *index) insertAfter(n, r *node) {
	up := n.up
	if up == nil {
		x.root = &node{kids: []*node{n, r}, length: n.length + r.length}
		n.up, r.up = x.root, x.root
		return
	}
	r.up = up
	up.kids = slices.Insert(up.kids, slices.Index(up.kids, n)+1, r)
	if len(up.kids) <= maxKids {
		return
	}
	half := len(up.kids) / 2
	right := &node{kids: slices.Clone(up.kids[half:])}
	for _, k := range right.kids {
		k.up = right
		right.length += k.length
	}
	clear(up.kids[half:])
	up.kids = up.kids[:half]
	up.length -= right.length
	x.insertAfter(up, right)
}
