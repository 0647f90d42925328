package ydoc

import (
	"strings"

	"lyceum/internal/lyceum"
)

// Text is a shared text: Y.Text. Positions and lengths count UTF-16 units; an
// embed or a nested type in it counts as one.
type Text struct{ branch *branch }

// Len returns the length in UTF-16 units.
func (t *Text) Len() int { return t.branch.seq.length }

// String returns the text as UTF-8, without embeds.
func (t *Text) String() string {
	var b strings.Builder
	b.Grow(t.Len())
	for it := t.branch.seq.first; it != nil; it = it.right {
		if it.kind == kindString && !it.deleted {
			b.Write(it.data)
		}
	}
	return b.String()
}

// Insert puts s before the UTF-16 unit at pos, 0 to Len. Bytes of s that are
// not UTF-8 become U+FFFD; a pair of surrogates that pos divides becomes two
// U+FFFD, as in Yjs. Formats that hold at pos hold for s too. Errors leave the text as it was:
// Invalid for a position out of range, Exhausted when the author has no clocks left.
func (t *Text) Insert(tx *Tx, pos int, s string) error {
	if pos < 0 || pos > t.Len() {
		return lyceum.Errorf(lyceum.Invalid, "position %d is outside a text of %d", pos, t.Len())
	}
	if s == "" {
		return nil
	}
	s = strings.ToValidUTF8(s, replacement)
	a := tx.doc.authors[tx.doc.author(tx.doc.client)]
	n := len16(s)
	if uint64(a.next)+uint64(n) >= 1<<32 {
		return lyceum.Errorf(lyceum.Exhausted, "the document's author has no clocks left")
	}
	left, right := t.seek(tx, pos)
	tx.touch(a)
	it := tx.doc.slab.take()
	*it = item{id: ref{a.index, a.next}, length: uint32(n), kind: kindString, data: tx.borrow(s)}
	if left != nil {
		it.origin = left.last()
	}
	if right != nil {
		it.rightOrigin = right.id
	}
	tx.insert(a, it, &t.branch.seq, left, right)
	return nil
}

// borrow returns the bytes of s, which commit copies if they are still needed.
func (tx *Tx) borrow(s string) []byte {
	tx.borrows = true
	n := len(tx.buf)
	tx.buf = append(tx.buf, s...)
	return tx.buf[n:len(tx.buf):len(tx.buf)]
}

// Delete removes n units from pos on, both in UTF-16 units. A divided pair of
// surrogates leaves U+FFFD. The error is of kind Invalid when they are not all
// in the text, which then stays as it was.
func (t *Text) Delete(tx *Tx, pos, n int) error {
	if pos < 0 || n < 0 || pos > t.Len()-n {
		return lyceum.Errorf(lyceum.Invalid, "%d units at %d are outside a text of %d", n, pos, t.Len())
	}
	if n == 0 {
		return nil
	}
	it, off := t.branch.seq.at().find(pos)
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
	return nil
}

// seek returns the neighbours of an insertion at pos. Between deleted items it
// is the place before the next visible one, as in Yjs: that decides which items
// can merge later.
func (t *Text) seek(tx *Tx, pos int) (left, right *item) {
	l := &t.branch.seq
	if t.branch.format {
		return t.seekFormatted(tx, pos)
	}
	it, off := l.at().find(pos)
	switch {
	case it == nil:
		return l.last, nil
	case off == 0:
		return it.left, it
	}
	right = tx.startingAt(ref{it.id.author, it.id.clock + uint32(off)})
	return right.left, right
}
