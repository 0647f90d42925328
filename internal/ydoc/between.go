package ydoc

// ToDeltaAt returns what ToDelta returned at the time of the snapshot. Errors are
// those of Doc.At.
func (t *Text) ToDeltaAt(s *Snapshot) (Delta, error) { return t.DeltaBetween(nil, s, nil) }

// DeltaBetween returns the text at the time of a snapshot, now for nil, together
// with what was deleted since an earlier one, nil for none. What was added or
// removed meanwhile has the attribute "ychange" with the value that mark gives;
// mark is called for a run of content with its first unit. Errors are those of Doc.At.
func (t *Text) DeltaBetween(before, now *Snapshot, mark func(added bool, first ID) any) (Delta, error) {
	if t.branch == nil {
		return nil, nil
	}
	d := t.branch.doc
	for _, s := range []*Snapshot{before, now} {
		if s == nil {
			continue
		}
		if err := d.shows(s); err != nil {
			return nil, err
		}
	}
	var delta Delta
	d.Transact(func(tx *Tx) {
		tx.divide(before)
		tx.divide(now)
		w := betweenWriter{doc: d, before: before, now: now, mark: mark}
		for it := t.branch.seq.first; it != nil; it = it.right {
			w.look(it)
		}
		delta = w.finish()
	})
	return delta, nil
}

// divide splits the items that a snapshot divides, until the transaction ends.
func (tx *Tx) divide(s *Snapshot) {
	if s == nil {
		return
	}
	d := tx.doc
	for c, clock := range s.vector {
		if a := d.authors[d.index[c]]; clock < uint64(a.next) {
			tx.startingAt(ref{a.index, uint32(clock)})
		}
	}
	for c, xs := range s.deletes {
		for _, x := range xs {
			tx.itemsIn([]span{{d.index[c], x.from, x.to}})
		}
	}
}

type betweenWriter struct {
	deltaWriter
	doc         *Doc
	before, now *Snapshot
	mark        func(bool, ID) any
	doing       byte // what the mark at hand says: '+', '-' or 0
}

func (w *betweenWriter) look(it *item) {
	is := w.now.sees(w.doc, it)
	was := w.before != nil && w.before.sees(w.doc, it)
	switch {
	case !is && !was:
		return
	case it.kind == kindFormat && !is:
		return
	case it.kind == kindString && w.mark != nil:
		w.change(it, is, was)
	}
	w.see(it)
}

// change begins or ends a run of what was added or removed.
func (w *betweenWriter) change(it *item, is, was bool) {
	doing := byte(0)
	if !is {
		doing = '-'
	} else if w.before != nil && !was {
		doing = '+'
	}
	if doing == w.doing && doing == 0 {
		return
	}
	w.pack()
	w.doing, w.deltaWriter.mark = doing, nil
	if doing != 0 {
		w.deltaWriter.mark = map[string]any{"ychange": w.mark(doing == '+', *w.doc.id(it.id))}
	}
}
