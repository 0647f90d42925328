package ydoc

import (
	"cmp"
	"slices"
	"sort"
)

// change is what a transaction changed in one branch that was there before it
// and is there after it.
type change struct {
	branch *branch
	items  []*item // of the sequence: new ones and deleted ones
	keys   []*list
	known  map[*list]bool // keys, when they are many
}

// key adds a key that changed.
func (c *change) key(l *list) {
	if c.known == nil && len(c.keys) < 16 {
		if !slices.Contains(c.keys, l) {
			c.keys = append(c.keys, l)
		}
		return
	}
	if c.known == nil {
		c.known = make(map[*list]bool)
		for _, k := range c.keys {
			c.known[k] = true
		}
	}
	if !c.known[l] {
		c.known[l] = true
		c.keys = append(c.keys, l)
	}
}

// changes lists the branches that the transaction changed, after arrange or
// before anything was normalized.
func (tx *Tx) changes() []*change {
	var all []*change
	var of map[*branch]*change // once there are several
	var c *change              // the latest
	see := func(it *item) {
		if it.kind == kindGC {
			return
		}
		if b := it.list.branch; c == nil || c.branch != b {
			if c = of[b]; c == nil && len(all) == 1 && all[0].branch == b {
				c = all[0]
			} else if c == nil {
				if b.item != nil && (b.deleted() || !tx.old(b.item)) {
					return
				}
				c = &change{branch: b}
				if all = append(all, c); len(all) > 1 {
					of = remember(of, all)
				}
			}
		}
		if !it.list.keyed {
			c.items = append(c.items, it)
		} else {
			c.key(it.list)
		}
	}
	for _, a := range tx.touched {
		a.each(a.before, a.next, see)
	}
	for _, s := range tx.deletes {
		a := tx.doc.authors[s.author]
		to := s.to
		if a.touched {
			to = min(to, a.before) // the new ones were seen
		}
		a.each(s.from, to, see)
	}
	return all
}

func remember(of map[*branch]*change, all []*change) map[*branch]*change {
	if of == nil {
		of = map[*branch]*change{all[0].branch: all[0]}
	}
	c := all[len(all)-1]
	of[c.branch] = c
	return of
}

// drops reports whether the transaction deleted the item; see arrange.
func (tx *Tx) drops(it *item) bool {
	i := sort.Search(len(tx.deletes), func(i int) bool {
		s := tx.deletes[i]
		return cmp.Or(cmp.Compare(s.author, it.id.author), cmp.Compare(s.to, it.id.clock+1)) >= 0
	})
	return i < len(tx.deletes) && tx.deletes[i].author == it.id.author && tx.deletes[i].from <= it.id.clock
}

func (tx *Tx) event(c *change) *Event {
	e := &Event{Target: c.branch.shared(), Path: []any{}, Origin: tx.origin, Remote: tx.remote}
	e.Current = e.Target
	switch {
	case len(c.items) == 0:
	case c.branch.kind.isText() && c.branch.format:
		e.Delta = tx.richChange(c.branch)
	default:
		e.Delta = tx.rowChange(c)
	}
	for _, l := range c.keys {
		if k, ok := tx.keyChange(l); ok {
			if e.Keys == nil {
				e.Keys = make(map[string]KeyChange)
			}
			e.Keys[l.key] = k
		}
	}
	return e
}

// keyChange says what became of a key; false when that is nothing.
func (tx *Tx) keyChange(l *list) (k KeyChange, ok bool) {
	it := l.last
	if tx.old(it) {
		if !tx.drops(it) {
			return k, false
		}
		return KeyChange{Action: Deleted, Old: it.oldValue()}, true
	}
	prev := it.left
	for prev != nil && !tx.old(prev) {
		prev = prev.left
	}
	had := prev != nil && tx.drops(prev)
	switch {
	case it.deleted && !had:
		return k, false
	case it.deleted:
		return KeyChange{Action: Deleted, Old: prev.oldValue()}, true
	case had:
		return KeyChange{Action: Updated, Old: prev.oldValue()}, true
	}
	return KeyChange{Action: Added}, true
}

func (it *item) oldValue() any {
	if it.kind == kindDeleted {
		return nil
	}
	return it.value(it.length - 1)
}

// rowChange is the delta of a sequence without formats: it looks only at what
// changed.
func (tx *Tx) rowChange(c *change) Delta {
	type part struct {
		at int
		it *item
	}
	parts := make([]part, 0, len(c.items))
	for _, it := range c.items {
		if !it.kind.countable() || it.deleted && !tx.old(it) {
			continue
		}
		parts = append(parts, part{it.rank(), it})
	}
	// What was deleted before an insertion has its position, what was behind it has not.
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.at, b.at), -compareBool(a.it.deleted, b.it.deleted))
	})
	w := changeWriter{text: c.branch.kind.isText()}
	done := 0
	for _, p := range parts {
		w.retain(p.at - done)
		done = p.at
		if p.it.deleted {
			w.delete(int(p.it.length))
		} else {
			w.insert(p.it)
			done += int(p.it.length)
		}
	}
	return w.delta
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// changeWriter joins what becomes of neighbours.
type changeWriter struct {
	delta Delta
	text  bool
}

func (w *changeWriter) last() *Op {
	if len(w.delta) == 0 {
		return &Op{}
	}
	return &w.delta[len(w.delta)-1]
}

func (w *changeWriter) retain(n int) {
	if n > 0 {
		w.delta = append(w.delta, Op{Retain: n})
	}
}

func (w *changeWriter) delete(n int) {
	if last := w.last(); last.Delete > 0 {
		last.Delete += n
		return
	}
	w.delta = append(w.delta, Op{Delete: n})
}

func (w *changeWriter) insert(it *item) {
	last := w.last()
	switch {
	case !w.text:
		list, _ := last.Insert.([]any)
		if list == nil {
			w.delta = append(w.delta, Op{})
			last = w.last()
		}
		last.Insert = append(list, it.values()...)
	case it.kind == kindString:
		if s, ok := last.Insert.(string); ok {
			last.Insert = s + string(it.data)
		} else {
			w.delta = append(w.delta, Op{Insert: string(it.data)})
		}
	default:
		for _, v := range it.values() {
			w.delta = append(w.delta, Op{Insert: v})
		}
	}
}
