package ydoc

import "bytes"

// A gap is a row of items between two visible ones: formats and deleted items.
// Yjs takes formats in a gap away that change nothing; what it finds needless,
// and what it misses, is part of what makes two documents the same bytes.

func (it *item) inGap() bool { return it != nil && !it.visible() }

// cleanGap takes needless formats away from start to the end of its gap. before
// holds at start. now holds at curr: where curr is in the gap, it is kept right.
func (tx *Tx) cleanGap(start, curr *item, before attrs, now *attrs) {
	last := make(map[string]*item)
	end := start
	for ; end.inGap(); end = end.right {
		if end.kind == kindFormat && !end.deleted {
			key, _ := end.format()
			last[key] = end
		}
	}
	passed := false
	for it := start; it != end; it = it.right {
		passed = passed || it == curr
		if it.deleted || it.kind != kindFormat {
			continue
		}
		key, value := it.format()
		held := before.get(key)
		if same := sameFormat(held, value); last[key] != it || same {
			tx.delete(it)
			if !passed && !same && bytes.Equal(now.get(key), value) {
				now.pass(key, held)
			}
		} else if !passed {
			now.pass(key, value)
		}
	}
}

// cleanRow takes away the formats that another one in the same gap overrides.
func (tx *Tx) cleanRow(it *item) {
	for it.right.inGap() {
		it = it.right
	}
	seen := make(map[string]bool)
	for ; it.inGap(); it = it.left {
		if it.kind != kindFormat || it.deleted {
			continue
		}
		key, _ := it.format()
		if seen[key] {
			tx.delete(it)
		}
		seen[key] = true
	}
}

// cleanStart takes away needless formats before the first visible item: that is
// what Yjs does where it means to clean a whole text.
func (tx *Tx) cleanStart(b *branch) {
	end := b.seq.first
	var now attrs
	for ; end.inGap(); end = end.right {
		if end.kind == kindFormat && !end.deleted {
			now.pass(end.format())
		}
	}
	if end != nil && end != b.seq.first {
		tx.cleanGap(b.seq.first, end, nil, &now)
	}
}

// cleanFormats does after an update what Yjs does then, when it changed a text
// with formats: clean where a format came or went, and around what was deleted.
func (tx *Tx) cleanFormats() {
	tx.arrange()
	deletes := tx.inOrder()
	cleanable := false
	for _, c := range tx.changes() {
		cleanable = cleanable || c.branch.format && c.branch.kind.isText()
	}
	if !cleanable {
		return
	}
	whole := make(map[*branch]bool)
	var order []*branch
	mark := func(b *branch) {
		if !whole[b] {
			whole[b] = true
			order = append(order, b)
		}
	}
	for _, a := range tx.touched {
		a.each(a.before, a.next, func(it *item) {
			if it.kind == kindFormat && !it.deleted {
				mark(it.list.branch)
			}
		})
	}
	for _, it := range tx.itemsIn(deletes) {
		if it.kind == kindGC || !it.list.branch.format || whole[it.list.branch] {
			continue
		}
		if it.kind == kindFormat {
			mark(it.list.branch)
		} else {
			tx.cleanRow(it)
		}
	}
	for _, b := range order {
		tx.cleanStart(b)
	}
}
