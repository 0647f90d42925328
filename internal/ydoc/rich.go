package ydoc

import (
	"slices"
	"strings"
)

// richChange is the delta of a text with formats. It looks at the whole text, for
// a format says something about all that follows.
func (tx *Tx) richChange(b *branch) Delta {
	w := richWriter{tx: tx}
	for it := b.seq.first; it != nil; it = it.right {
		switch {
		case it.kind == kindFormat:
			w.format(it)
		case !it.kind.countable():
		case !tx.old(it):
			if !it.deleted {
				w.insert(it)
			}
		case tx.drops(it):
			w.turn(deleting)
			w.length += int(it.length)
		case !it.deleted:
			w.turn(retaining)
			w.length += int(it.length)
		}
	}
	w.turn(idle)
	// What stays as it is at the end is not told.
	for n := len(w.delta); n > 0 && w.delta[n-1].Retain > 0 && w.delta[n-1].Attributes == nil; n-- {
		w.delta = w.delta[:n-1]
	}
	return w.delta
}

type action int

const (
	idle action = iota
	retaining
	deleting
	inserting
)

// richWriter goes through a text; what it does with formats is what Yjs does.
type richWriter struct {
	tx     *Tx
	delta  Delta
	doing  action
	length int
	text   strings.Builder
	now    attrs // formats that hold here after the transaction
	was    attrs // and before
	change attrs // to be given to what is retained
}

// turn ends the Op at hand unless it goes on with the same.
func (w *richWriter) turn(to action) {
	if w.doing != to {
		w.end()
		w.doing = to
	}
}

func (w *richWriter) end() {
	op := Op{}
	switch w.doing {
	case retaining:
		op.Retain, op.Attributes = w.length, w.change.values()
	case deleting:
		op.Delete = w.length
	case inserting:
		if w.text.Len() > 0 {
			op.Insert, op.Attributes = w.text.String(), w.now.values()
			w.text.Reset()
		}
	}
	if op.Retain > 0 || op.Delete > 0 || op.Insert != nil {
		w.delta = append(w.delta, op)
	}
	w.doing, w.length = idle, 0
}

func (w *richWriter) insert(it *item) {
	if it.kind == kindString {
		w.turn(inserting)
		w.text.Write(it.data)
		return
	}
	w.end()
	for _, v := range it.values() {
		w.delta = append(w.delta, Op{Insert: v, Attributes: w.now.values()})
	}
}

func (w *richWriter) format(it *item) {
	key, value := it.format()
	needless := false // Yjs would take it away here
	switch {
	case !w.tx.old(it):
		if !it.deleted {
			needless = w.added(key, value)
		}
	case w.tx.drops(it):
		w.was.set(key, value)
		if now := w.now.get(key); !equalFormats(now, value) {
			w.endRetain()
			w.change.set(key, now)
		}
	case !it.deleted:
		w.was.set(key, value)
		needless = w.stays(key, value)
	}
	if !it.deleted && !needless {
		if w.doing == inserting {
			w.end()
		}
		w.now.pass(key, value)
	}
}

func (w *richWriter) added(key string, value []byte) (needless bool) {
	if equalFormats(w.now.get(key), value) {
		return !isNull(value)
	}
	w.endRetain()
	if equalFormats(value, w.was.get(key)) {
		w.change.delete(key)
	} else {
		w.change.set(key, value)
	}
	return false
}

func (w *richWriter) stays(key string, value []byte) (needless bool) {
	i := w.change.find(key)
	if i < 0 {
		return false
	}
	if equalFormats(w.change[i].value, value) {
		return !isNull(value)
	}
	w.endRetain()
	if isNull(value) {
		w.change = slices.Delete(w.change, i, i+1)
	} else {
		w.change[i].value = value
	}
	return false
}

func (w *richWriter) endRetain() {
	if w.doing == retaining {
		w.end()
	}
}
