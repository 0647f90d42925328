package ydoc

import "bytes"

// format returns the key and the JSON value of an item of kindFormat.
func (it *item) format() (key string, value []byte) {
	d := decoder{b: it.data}
	key = string(d.bytes())
	return key, d.bytes()
}

var null = []byte("null")

// seekFormatted is seek in a text that has formats: it also passes the formats
// that say what holds already.
func (t *Text) seekFormatted(tx *Tx, pos int) (left, right *item) {
	l := &t.branch.seq
	right = l.first
	holds := make(map[string][]byte)
	if pos > 0 {
		it, off := l.at().find(pos - 1)
		left = tx.endingAt(ref{it.id.author, it.id.clock + uint32(off)})
		for it := l.first; it != left; it = it.right {
			if it.kind == kindFormat && !it.deleted {
				key, value := it.format()
				holds[key] = value
			}
		}
		right = left.right
	}
	for ; right != nil; left, right = right, right.right {
		if right.deleted {
			continue
		}
		if right.kind != kindFormat {
			break
		}
		key, value := right.format()
		now, ok := holds[key]
		if !ok {
			now = null
		}
		if !bytes.Equal(now, value) {
			break
		}
	}
	return left, right
}
