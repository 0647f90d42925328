package ydoc

import (
	"fmt"
	"reflect"
	"slices"
)

// check returns what is wrong inside the document, for tests.
func (d *Doc) check() error {
	if d.tx.open || len(d.tx.touched)+len(d.tx.deletes)+len(d.tx.seams) > 0 {
		return fmt.Errorf("the transaction is not closed: %+v", d.tx)
	}
	backlog := 0
	for i, a := range d.authors[1:] {
		if int(a.index) != i+1 || d.index[a.id] != a.index {
			return fmt.Errorf("author %d has index %d, map says %d", i+1, a.index, d.index[a.id])
		}
		if err := a.check(); err != nil {
			return fmt.Errorf("author %d: %w", a.id, err)
		}
		backlog += len(a.queue)
		for _, in := range a.queue {
			if in.end() <= a.next {
				return fmt.Errorf("author %d keeps %v in the queue at %d", a.id, in.id, a.next)
			}
		}
	}
	if backlog != d.backlog || len(d.index) != len(d.authors)-1 {
		return fmt.Errorf("backlog is %d, counted %d; %d authors, %d in the map", d.backlog, backlog, len(d.authors)-1, len(d.index))
	}
	if !slices.Equal(normalize(slices.Clone(d.later)), d.later) {
		return fmt.Errorf("later is not normalized: %v", d.later)
	}
	for name, b := range d.roots {
		if err := b.check(); err != nil {
			return fmt.Errorf("root %q: %w", name, err)
		}
	}
	return nil
}

func (a *author) check() error {
	next := uint32(0)
	if len(a.starts) != len(a.blocks) {
		return fmt.Errorf("%d blocks have %d starts", len(a.blocks), len(a.starts))
	}
	for i, b := range a.blocks {
		if len(b.clocks) > 0 && b.clocks[0] != a.starts[i] {
			return fmt.Errorf("block %d begins at %d, not %d", i, b.clocks[0], a.starts[i])
		}
		if len(b.items) == 0 || len(b.items) != len(b.clocks) || len(b.items) > maxBlock {
			return fmt.Errorf("a block has %d items and %d clocks", len(b.items), len(b.clocks))
		}
		for i, it := range b.items {
			if it.id != (ref{a.index, next}) || b.clocks[i] != next || it.length == 0 {
				return fmt.Errorf("item %+v, block says %d, want clock %d", it, b.clocks[i], next)
			}
			next = it.end()
			if err := it.check(); err != nil {
				return fmt.Errorf("item %+v: %w", it, err)
			}
		}
	}
	if next != a.next || a.touched {
		return fmt.Errorf("next is %d, items end at %d; touched %v", a.next, next, a.touched)
	}
	return nil
}

func (it *item) check() error {
	switch it.kind {
	case kindGC:
		if it.list != nil || !it.deleted || it.data != nil || it.left != nil || it.right != nil {
			return fmt.Errorf("garbage has more than a length")
		}
		return nil
	case kindDeleted:
		if !it.deleted || it.data != nil {
			return fmt.Errorf("a tombstone has content")
		}
	case kindString:
		if len16(it.data) != int(it.length) {
			return fmt.Errorf("text of %d units", len16(it.data))
		}
	case kindType:
		if it.branch == nil {
			return fmt.Errorf("a type without branch")
		}
		return it.branch.check()
	}
	if it.list == nil {
		return fmt.Errorf("in no list")
	}
	return nil
}

func (b *branch) check() error {
	for k, l := range b.keyed {
		if !l.keyed || l.key != k {
			return fmt.Errorf("key %q has list %q", k, l.key)
		}
		if err := l.check(b); err != nil {
			return fmt.Errorf("key %q: %w", k, err)
		}
		for it := l.first; it != l.last; it = it.right {
			if !it.deleted {
				return fmt.Errorf("key %q: an old value is there", k)
			}
		}
	}
	return b.seq.check(b)
}

func (l *list) check(b *branch) error {
	length := 0
	var left *item
	for it := l.first; it != nil; left, it = it, it.right {
		if it.left != left || it.list != l || l.branch != b {
			return fmt.Errorf("item %v is linked wrong", it.id)
		}
		if it.visible() {
			length += int(it.length)
		}
	}
	if l.last != left {
		return fmt.Errorf("the last item is another")
	}
	if !l.keyed && length != l.length {
		return fmt.Errorf("length is %d, items have %d", l.length, length)
	}
	if l.index == nil {
		return nil
	}
	next := l.first
	if err := l.index.root.check(nil, &next); err != nil {
		return err
	}
	if next != nil {
		return fmt.Errorf("the index ends before item %v", next.id)
	}
	return nil
}

// check walks the nodes; next is the item that the first leaf must begin with.
func (n *node) check(up *node, next **item) error {
	length := 0
	if n.known {
		was := n.effects
		n.known = false
		for _, k := range n.kids {
			if !k.known {
				return fmt.Errorf("a node knows the effects of formats, one below does not")
			}
		}
		if now := n.does(); !reflect.DeepEqual(now, was) {
			return fmt.Errorf("a node has effects %v, its formats %v", was, now)
		}
	}
	if n.up != up || n.kids != nil && (len(n.kids) == 0 || len(n.kids) > maxKids) || n.n > maxLeaf {
		return fmt.Errorf("a node has %d kids, %d items", len(n.kids), n.n)
	}
	for _, k := range n.kids {
		if err := k.check(n, next); err != nil {
			return err
		}
		length += k.length
	}
	if n.kids == nil && n.first != *next {
		return fmt.Errorf("a leaf begins with another item")
	}
	for range n.n {
		it := *next
		if it.leaf != n {
			return fmt.Errorf("item %v is in another leaf", it.id)
		}
		if it.visible() {
			length += int(it.length)
		}
		*next = it.right
	}
	if length != n.length {
		return fmt.Errorf("a node has length %d, items have %d", n.length, length)
	}
	return nil
}
