package ydoc

import (
	"strings"

	"lyceum/internal/lyceum"
)

// ReplaceWith makes s the text by few small edits, so that cursors and the
// edits of others stay where they were. It divides no character. Bytes of s
// that are not UTF-8 become U+FFFD. The work is bounded: where the texts have
// too little in common, the part that differs is replaced as a whole. The error
// is of kind Exhausted when the author has no clocks left.
func (t *Text) ReplaceWith(tx *Tx, s string) error {
	s = strings.ToValidUTF8(s, replacement)
	if uint64(tx.doc.authors[tx.doc.author(tx.doc.client)].next)+uint64(len(s)) >= 1<<32 {
		return lyceum.Errorf(lyceum.Exhausted, "the document's author has no clocks left")
	}
	old := t.flat()
	done, at := 0, 0 // bytes of s that are in place, and their units
	for _, h := range diff(old, s) {
		at += len16(s[done:h.b0])
		if err := t.Delete(tx, at, len16(old[h.a0:h.a1])); err != nil {
			return err
		}
		if err := t.Insert(tx, at, s[h.b0:h.b1]); err != nil {
			return err
		}
		at += len16(s[h.b0:h.b1])
		done = h.b1
	}
	return nil
}

// flat returns the text with a noncharacter for each unit that is not text, so
// that its units are the text's positions.
func (t *Text) flat() string {
	var b strings.Builder
	b.Grow(t.Len())
	for it := t.branch.seq.first; it != nil; it = it.right {
		switch {
		case !it.visible():
		case it.kind == kindString:
			b.Write(it.data)
		default:
			b.WriteString(strings.Repeat("\uFFFF", int(it.length)))
		}
	}
	return b.String()
}
