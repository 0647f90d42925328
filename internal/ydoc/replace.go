package ydoc

import "unicode/utf8"

// ReplaceWith makes s the text by few small edits, so that cursors and the
// edits of others stay where they were. It never divides a character.
func (t *Text) ReplaceWith(tx *Tx, s string) {
	for _, e := range diff(t.String(), s) {
		_ = t.Delete(tx, e.pos, e.remove)
		_ = t.Insert(tx, e.pos, e.insert)
	}
}

// edit removes units at pos and inserts text there. Positions count UTF-16 units
// after the edits before it.
type edit struct {
	pos, remove int
	insert      string
}

func diff(a, b string) []edit {
	if a == b {
		return nil
	}
	n := commonPrefix(a, b)
	m := commonSuffix(a[n:], b[n:])
	return []edit{{len16(a[:n]), len16(a[n : len(a)-m]), b[n : len(b)-m]}}
}

// commonPrefix returns how many bytes of whole characters a and b begin with alike.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && (n < len(a) && !utf8.RuneStart(a[n]) || n < len(b) && !utf8.RuneStart(b[n])) {
		n--
	}
	return n
}

func commonSuffix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	for n > 0 && !utf8.RuneStart(a[len(a)-n]) {
		n--
	}
	return n
}
