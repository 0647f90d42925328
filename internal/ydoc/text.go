package ydoc

import (
	"strings"

	"lyceum/internal/lyceum"
)

// Text is a shared text: Y.Text. Positions and lengths count UTF-16 units; an
// embed or a nested type in it counts as one. Parts of it can have formats:
// bold, a link, whatever the users of the document agree on.
type Text struct {
	handle
	initial Delta
	planned []step
}

// NewText returns a text that will hold s when it is placed.
func NewText(s string) *Text {
	if s == "" {
		return &Text{}
	}
	return &Text{initial: Delta{{Insert: s}}}
}

// NewRichText returns a text that will hold the insertions of a delta when it is placed.
func NewRichText(d Delta) *Text { return &Text{initial: append(Delta(nil), d...)} }

// Len returns the length in UTF-16 units.
func (t *Text) Len() int {
	if t.branch == nil {
		return 0
	}
	return t.branch.seq.length
}

// String returns the text as UTF-8, without embeds.
func (t *Text) String() string {
	var b strings.Builder
	b.Grow(t.Len())
	if t.branch == nil {
		return ""
	}
	for it := t.branch.seq.first; it != nil; it = it.right {
		if it.kind == kindString && !it.deleted {
			b.Write(it.data)
		}
	}
	return b.String()
}

// Insert puts s before the UTF-16 unit at pos, 0 to Len. Bytes of s that are
// not UTF-8 become U+FFFD; a pair of surrogates that pos divides becomes two
// U+FFFD, as in Yjs. Formats that hold at pos hold for s too. Errors leave the
// text as it was: Invalid for a position out of range, NotFound when the text
// was deleted, Exhausted when the author has no clocks left.
func (t *Text) Insert(tx *Tx, pos int, s string) error {
	if err := t.at(tx, pos); err != nil || s == "" {
		return err
	}
	s = strings.ToValidUTF8(s, replacement)
	n := len16(s)
	if t.branch.format {
		if err := tx.room(uint64(n)); err != nil {
			return err
		}
		c := tx.caret(t.branch, pos)
		return c.insert(planned{kind: kindString, data: tx.borrow(s), length: uint32(n)}, c.holds.clone())
	}
	if err := tx.room(uint64(n)); err != nil {
		return err
	}
	left, right := t.seek(tx, pos)
	tx.put(&t.branch.seq, left, right, planned{kind: kindString, data: tx.borrow(s), length: uint32(n)})
	return nil
}

// at returns what is wrong with an edit at pos.
func (t *Text) at(tx *Tx, pos int) error {
	if err := t.editable(tx); err != nil {
		return err
	}
	if pos < 0 || pos > t.Len() {
		return lyceum.Errorf(lyceum.Invalid, "position %d is outside a text of %d", pos, t.Len())
	}
	return nil
}

// part returns what is wrong with an edit of n units at pos.
func (t *Text) part(tx *Tx, pos, n int) error {
	if err := t.editable(tx); err != nil {
		return err
	}
	if pos < 0 || n < 0 || pos > t.Len()-n {
		return lyceum.Errorf(lyceum.Invalid, "%d units at %d are outside a text of %d", n, pos, t.Len())
	}
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
// in the text, NotFound when it was deleted; it then stays as it was.
func (t *Text) Delete(tx *Tx, pos, n int) error {
	if err := t.part(tx, pos, n); err != nil || n == 0 {
		return err
	}
	if t.branch.format {
		c := tx.caret(t.branch, pos)
		c.delete(n)
		return nil
	}
	tx.deleteAt(&t.branch.seq, pos, n)
	return nil
}

// seek returns the neighbours of an insertion at pos in a text without formats.
// Between deleted items it is the place before the next visible one, as in Yjs:
// that decides which items can merge later.
func (t *Text) seek(tx *Tx, pos int) (left, right *item) {
	l := &t.branch.seq
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

// Attribute returns an attribute of the text as a whole, and whether it has one.
func (t *Text) Attribute(name string) (any, bool) {
	m := Map{handle: handle{branch: t.branch}}
	return m.Get(name)
}

// SetAttribute sets an attribute of the text as a whole. Its errors are those of Map.Set.
func (t *Text) SetAttribute(tx *Tx, name string, value any) error {
	if err := t.editable(tx); err != nil {
		return err
	}
	return tx.set(t.branch, name, value)
}

// RemoveAttribute removes an attribute of the text as a whole, if it is there.
// Its errors are those of Map.Delete.
func (t *Text) RemoveAttribute(tx *Tx, name string) error {
	m := Map{handle: handle{branch: t.branch}}
	return m.Delete(tx, name)
}

func (t *Text) plan(p *planner) (err error) {
	for _, op := range t.initial {
		if op.Insert == nil {
			return lyceum.Errorf(lyceum.Invalid, "a new text is made of insertions only")
		}
	}
	t.planned, err = p.delta(t.initial, 0)
	return err
}

func (t *Text) fill(tx *Tx) error {
	steps := t.planned
	t.initial, t.planned = nil, nil
	if len(steps) == 1 && len(steps[0].attrs) == 0 && steps[0].insert.inner == nil {
		tx.put(&t.branch.seq, nil, nil, steps[0].insert)
		return nil
	}
	c := tx.caret(t.branch, 0)
	return c.run(steps)
}
