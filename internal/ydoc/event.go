package ydoc

import (
	"cmp"
	"slices"
)

// Event says what a transaction changed in one shared type. It is the reader's
// to keep.
type Event struct {
	Target  Shared // the type that changed
	Current Shared // the type that is observed: Target, or one around it
	// Path leads from Current to Target after the transaction: a string for each
	// key of a map, an int for each position in an array or text.
	Path []any
	// Delta is the change of an array's values or a text's content, empty when
	// only keys changed.
	Delta Delta
	// Keys are the changed keys of a map, or attributes of a text or XML element.
	Keys   map[string]KeyChange
	Origin any  // what TransactFrom or ApplyFrom was given
	Remote bool // an update brought it
}

// KeyChange says what became of a key.
type KeyChange struct {
	Action Action
	// Old is the value that it had, nil when added. A shared type that is gone is empty.
	Old any
}

// Action is what became of a key, in the words of Yjs.
type Action string

// The actions.
const (
	Added   Action = "add"
	Updated Action = "update"
	Deleted Action = "delete"
)

// watch holds the observers of a type.
type watch struct {
	direct []*func(*Event)
	deep   []*func([]*Event)
}

func (w *watch) count() int { return len(w.direct) + len(w.deep) }

// Observe calls f after each transaction that changed the type itself, until
// stop is called.
func (h *handle) Observe(f func(*Event)) (stop func()) {
	w := h.watching()
	w.direct = append(w.direct, &f)
	h.counted(1)
	return func() {
		n := len(w.direct)
		w.direct = without(w.direct, &f)
		h.counted(len(w.direct) - n)
	}
}

// ObserveDeep calls f after each transaction that changed the type or what is
// inside of it, until stop is called.
func (h *handle) ObserveDeep(f func([]*Event)) (stop func()) {
	w := h.watching()
	w.deep = append(w.deep, &f)
	h.counted(1)
	return func() {
		n := len(w.deep)
		w.deep = without(w.deep, &f)
		h.counted(len(w.deep) - n)
	}
}

// without returns a new slice, for the old one may be in use.
func without[T comparable](s []T, x T) []T {
	return slices.DeleteFunc(slices.Clone(s), func(y T) bool { return y == x })
}

func (h *handle) watching() *watch {
	at := &h.watch
	if h.branch != nil {
		at = &h.branch.watch
	}
	if *at == nil {
		*at = &watch{}
	}
	return *at
}

func (h *handle) counted(n int) {
	if h.branch != nil {
		h.branch.doc.watching += n
	}
}

// updateHook is a caller of OnUpdate.
type updateHook struct {
	f func(update []byte, origin any)
}

// OnUpdate calls f with the update (V1) of each transaction that changed
// something, made here or applied, until stop is called. It is what Transact and
// Apply return. f hears of it before what observes types, and must neither edit
// the document nor change the bytes.
func (d *Doc) OnUpdate(f func(update []byte, origin any)) (stop func()) {
	hook := &updateHook{f}
	d.updates = append(d.updates, hook)
	return func() { d.updates = without(d.updates, hook) }
}

// tell calls the hooks and the observers that are due. An observer may edit the
// document: what it causes is told after what is due already.
func (d *Doc) tell(update []byte, origin any) {
	if update != nil {
		for _, h := range d.updates {
			h.f(update, origin)
		}
	}
	if d.telling {
		return
	}
	d.telling = true
	defer func() { d.telling = false }()
	for len(d.news) > 0 {
		f := d.news[0]
		d.news = d.news[1:]
		f()
	}
	d.news = nil
}

// notice tells the UndoManagers what the transaction changed and prepares the
// calls of observers. It is called while the content of deleted items is there.
func (tx *Tx) notice() {
	d := tx.doc
	tx.arrange()
	changes := tx.changes()
	for _, u := range d.undoers {
		u.after(tx, changes)
	}
	var deep map[*branch][]*Event
	var order []*branch
	for _, c := range changes {
		if !c.branch.watched() {
			continue
		}
		e := tx.event(c)
		if w := c.branch.watch; w != nil {
			for _, f := range w.direct {
				d.news = append(d.news, func() { (*f)(e) })
			}
		}
		for b := c.branch; b != nil; b = b.up() {
			if b.watch == nil || len(b.watch.deep) == 0 {
				continue
			}
			if deep == nil {
				deep = make(map[*branch][]*Event)
			}
			if deep[b] == nil {
				order = append(order, b)
			}
			inner := *e
			inner.Current, inner.Path = b.shared(), c.branch.path(b)
			deep[b] = append(deep[b], &inner)
		}
	}
	for _, b := range order {
		es := deep[b]
		slices.SortStableFunc(es, func(x, y *Event) int { return cmp.Compare(len(x.Path), len(y.Path)) })
		for _, f := range b.watch.deep {
			d.news = append(d.news, func() { (*f)(es) })
		}
	}
}

// watched reports whether somebody wants to hear of changes of the branch.
func (b *branch) watched() bool {
	if b.watch != nil && len(b.watch.direct) > 0 {
		return true
	}
	for ; b != nil; b = b.up() {
		if b.watch != nil && len(b.watch.deep) > 0 {
			return true
		}
	}
	return false
}

// path leads from the branch from, which is around it or is it, to the branch.
func (b *branch) path(from *branch) []any {
	path := []any{}
	for ; b != from && b.item != nil; b = b.item.list.branch {
		if l := b.item.list; l.keyed {
			path = append(path, l.key)
		} else {
			path = append(path, b.item.rank())
		}
	}
	slices.Reverse(path)
	return path
}
