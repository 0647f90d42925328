package ydoc

// ref names one unit of content: an author by its index in the document and a
// clock. The zero ref is none.
type ref struct {
	author uint32
	clock  uint32
}

func (r ref) none() bool { return r.author == 0 }

// kind is what an item holds: the numbers are those of the V1 encoding.
type kind uint8

const (
	kindGC      kind = 0 // nothing is left but the length
	kindDeleted kind = 1 // a tombstone that keeps its place
	kindJSON    kind = 2
	kindBinary  kind = 3
	kindString  kind = 4
	kindEmbed   kind = 5
	kindFormat  kind = 6
	kindType    kind = 7
	kindAny     kind = 8
	kindDoc     kind = 9
	kindSkip    kind = 10 // a gap; never part of a document
)

// item is a run of units that one author inserted side by side. Yjs calls it a
// struct. An item of kindGC is in no list.
//
// data is the content as V1 writes it, without the leading count for strings
// (UTF-8), kindJSON and kindAny. No two items share bytes that either may append to.
type item struct {
	// What is read of neighbours stands close together, for long documents.
	left, right *item  // in the list, deleted ones included
	list        *list  // where it lives; nil for kindGC
	id          ref    // its first unit
	length      uint32 // units; UTF-16 code units for text
	kind        kind
	deleted     bool
	keep        bool // what undo may bring back: its content is not dropped
	redone      bool // Doc.redone has what undo put in its place
	origin      ref  // the unit to its left when it was inserted
	rightOrigin ref
	leaf        *node // its place in the list's index, when there is one
	data        []byte
	branch      *branch
	mark        uint32 // of place
}

// end is the clock after the last unit.
func (it *item) end() uint32 { return it.id.clock + it.length }

// last names the last unit.
func (it *item) last() ref { return ref{it.id.author, it.id.clock + it.length - 1} }

// countable reports whether the kind takes part in positions.
func (k kind) countable() bool { return k != kindDeleted && k != kindFormat && k != kindGC }

// visible reports whether the item counts in the length of its list.
func (it *item) visible() bool { return !it.deleted && it.kind.countable() }

// split cuts the item after n units, 0 < n < length, and returns the new right
// part, which is in the list but not yet among its author's items.
func (it *item) split(s *slab, n uint32) *item {
	r := s.take()
	*r = item{
		left: it, right: it.right, list: it.list,
		id:          ref{it.id.author, it.id.clock + n},
		origin:      ref{it.id.author, it.id.clock + n - 1},
		rightOrigin: it.rightOrigin,
		length:      it.length - n,
		kind:        it.kind,
		deleted:     it.deleted,
		keep:        it.keep,
	}
	it.data, r.data = cut(it.kind, it.data, it.length, n)
	it.length = n
	it.right = r
	if r.right != nil {
		r.right.left = r
	} else {
		it.list.last = r
	}
	if it.list.index != nil {
		it.list.index.share(it, r)
	}
	return r
}

// mergeable reports whether r, the next item of the same author, continues it
// as if both had been inserted at once.
func (it *item) mergeable(r *item) bool {
	if it.kind != r.kind || it.deleted != r.deleted || it.redone || r.redone {
		return false
	}
	switch it.kind {
	case kindGC:
		return true
	case kindDeleted, kindString, kindJSON, kindAny:
		return it.right == r && r.origin == it.last() && it.rightOrigin == r.rightOrigin
	}
	return false
}

// merge appends r, which must be mergeable, and takes it out of the list.
func (it *item) merge(r *item) {
	it.data = append(it.data, r.data...)
	it.keep = it.keep || r.keep
	if it.kind != kindGC {
		if it.list.index != nil {
			it.list.index.absorb(it, r)
		}
		it.right = r.right
		if it.right != nil {
			it.right.left = it
		} else {
			it.list.last = it
		}
	}
	it.length += r.length
}
