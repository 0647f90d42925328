package ydoc

import "bytes"

// rank returns how many visible units stand before an item of the list.
func (it *item) rank() int {
	it.list.at()
	n := 0
	for c := it.leaf.first; c != it; c = c.right {
		if c.visible() {
			n += int(c.length)
		}
	}
	for x := it.leaf; x.up != nil; x = x.up {
		for _, k := range x.up.kids {
			if k == x {
				break
			}
			n += k.length
		}
	}
	return n
}

// holds returns the formats that hold after an item, nil for the beginning.
func (l *list) holds(it *item) attrs {
	if it == nil || !l.branch.format {
		return nil
	}
	l.at()
	var path [64]*node
	depth := 0
	for x := it.leaf; x.up != nil; x = x.up {
		path[depth] = x
		depth++
	}
	var a attrs
	for depth--; depth >= 0; depth-- {
		for _, k := range path[depth].up.kids {
			if k == path[depth] {
				break
			}
			a.after(k.does())
		}
	}
	for c := it.leaf.first; ; c = c.right {
		if c.kind == kindFormat && !c.deleted {
			a.pass(c.format())
		}
		if c == it {
			return a
		}
	}
}

// does returns the effects of the formats below.
func (n *node) does() attrs {
	if n.known {
		return n.effects
	}
	n.known, n.effects = true, nil
	for _, k := range n.kids {
		for _, x := range k.does() {
			n.effects.effect(x)
		}
	}
	if n.kids == nil {
		it := n.first
		for range n.n {
			if it.kind == kindFormat && !it.deleted {
				key, value := it.format()
				n.effects.effect(attr{key: key, value: bytes.Clone(value)}) // item.own may leave these bytes
			}
			it = it.right
		}
	}
	return n.effects
}

// forget drops what is known of the effects of a node and of those above it.
func (n *node) forget() {
	for ; n != nil && n.known; n = n.up {
		n.known, n.effects = false, nil
	}
}
