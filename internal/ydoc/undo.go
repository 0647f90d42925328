package ydoc

import (
	"reflect"
	"slices"
	"time"
)

// UndoConfig says how an UndoManager behaves. The zero value is good.
type UndoConfig struct {
	// Capture is for how long edits join the entry before them: 0 for half a
	// second, below 0 never.
	Capture time.Duration
	// Now is the clock for Capture; nil for time.Now.
	Now func() time.Time
	// Origins are the origins of transactions to take back; nil for []any{nil}, all
	// that Transact makes. Applied updates are taken back only if ApplyFrom had an
	// origin among them. An origin that is not comparable never is.
	Origins []any
	// Keep, if set, says which of the type's content may be deleted by Undo and Redo.
	Keep func(ID) bool
	// Overwrite lets Undo bring a key's old value back even where somebody else set
	// the key since.
	Overwrite bool
	// Added is called when an edit made an entry or joined the newest one, and
	// Popped when an entry was undone or redone.
	Added, Popped func(*UndoEntry)
}

// UndoManager takes back what transactions of some origins did within some
// types, and nothing that others did. Like its document it is not safe for
// concurrent use.
type UndoManager struct {
	config UndoConfig
	doc    *Doc
	scope  []*branch // none: the whole document
	undo   []*UndoEntry
	redo   []*UndoEntry
	doing  stack     // which one an entry is taken from
	last   time.Time // of the latest edit that made or joined an entry; zero to join no more
}

// UndoEntry is what one Undo takes back. Meta is for the caller: where the cursor
// was, for instance.
type UndoEntry struct {
	Meta map[any]any
	Redo bool // it is, or was, on the stack of what Redo does

	inserted, deleted []span // by author, in the order of Yjs
}

type stack int

const (
	neither stack = iota
	undoStack
	redoStack
)

// NewUndoManager returns one for the types of the scope, which are in the
// document, or for the whole document. Close ends it.
func (d *Doc) NewUndoManager(c UndoConfig, scope ...Shared) *UndoManager {
	if c.Capture == 0 {
		c.Capture = 500 * time.Millisecond
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Origins == nil {
		c.Origins = []any{nil}
	}
	c.Origins = slices.Clone(c.Origins)
	u := &UndoManager{config: c, doc: d}
	for _, s := range scope {
		u.AddScope(s)
	}
	d.undoers = append(d.undoers, u)
	return u
}

// AddScope lets it also take back edits within s, which must be in its document.
func (u *UndoManager) AddScope(s Shared) {
	if b := s.base().branch; b != nil && b.doc == u.doc && !slices.Contains(u.scope, b) {
		u.scope = append(u.scope, b)
	}
}

// Track lets it also take back what comes from origin; Untrack ends that.
func (u *UndoManager) Track(origin any) {
	if !u.tracks(origin) {
		u.config.Origins = append(u.config.Origins, origin)
	}
}

// Untrack takes back Track.
func (u *UndoManager) Untrack(origin any) {
	u.config.Origins = slices.DeleteFunc(u.config.Origins, func(o any) bool { return same(o, origin) })
}

func (u *UndoManager) tracks(origin any) bool {
	return same(origin, u) || slices.ContainsFunc(u.config.Origins, func(o any) bool { return same(o, origin) })
}

func same(a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return reflect.TypeOf(a).Comparable() && reflect.TypeOf(b).Comparable() && a == b
}

// CanUndo reports whether there is something to undo.
func (u *UndoManager) CanUndo() bool { return len(u.undo) > 0 }

// CanRedo reports whether there is something to redo.
func (u *UndoManager) CanRedo() bool { return len(u.redo) > 0 }

// StopCapturing makes the next edit begin an entry of its own.
func (u *UndoManager) StopCapturing() { u.last = time.Time{} }

// Undo takes back the latest entry that still has an effect, and returns it and
// the update (V1), nil when there was none. Its transaction has u as its origin.
// Within a transaction it does nothing.
func (u *UndoManager) Undo() (*UndoEntry, []byte) { return u.pop(&u.undo, undoStack) }

// Redo does again what the latest Undo took back, like Undo.
func (u *UndoManager) Redo() (*UndoEntry, []byte) { return u.pop(&u.redo, redoStack) }

// Clear forgets what could be undone and redone.
func (u *UndoManager) Clear() {
	u.doc.Transact(func(tx *Tx) {
		u.release(tx, u.undo)
		u.release(tx, u.redo)
	})
	u.undo, u.redo = nil, nil
}

// Close ends it: what it kept of deleted content for undo can be dropped when it
// is deleted again.
func (u *UndoManager) Close() {
	u.Clear()
	u.doc.undoers = without(u.doc.undoers, u)
}

// release lets the content of what the entries deleted go.
func (u *UndoManager) release(tx *Tx, entries []*UndoEntry) {
	for _, e := range entries {
		for _, it := range tx.itemsIn(e.deleted) {
			if u.within(it) {
				it.keepOr(false)
			}
		}
	}
}

// keepOr marks the item and what it is inside of.
func (it *item) keepOr(keep bool) {
	for it != nil && it.kind != kindGC && it.keep != keep {
		it.keep = keep
		it = it.list.branch.item
	}
}

// within reports whether the item is inside of the scope.
func (u *UndoManager) within(it *item) bool {
	if it.kind == kindGC {
		return false
	}
	if len(u.scope) == 0 {
		return true
	}
	for b := it.list.branch; b != nil; b = b.up() {
		if slices.Contains(u.scope, b) {
			return true
		}
	}
	return false
}

// after takes a transaction in, at its end.
func (u *UndoManager) after(tx *Tx, changes []*change) {
	if tx.remote && tx.origin == nil || !u.tracks(tx.origin) || !u.concerned(tx, changes) {
		return
	}
	to := &u.undo
	switch u.doing {
	case undoStack:
		u.StopCapturing()
		to = &u.redo
	case neither:
		u.release(tx, u.redo)
		u.redo = nil
	}
	var inserted []span
	for _, a := range tx.touched {
		if a.next > a.before {
			inserted = append(inserted, span{a.index, a.before, a.next})
		}
	}
	deleted := tx.inOrder()
	now := u.config.Now()
	joins := u.doing == neither && !u.last.IsZero() && now.Sub(u.last) < u.config.Capture && len(*to) > 0
	if joins {
		e := (*to)[len(*to)-1]
		e.inserted, e.deleted = joined(e.inserted, inserted), joined(e.deleted, deleted)
	} else {
		*to = append(*to, &UndoEntry{Meta: make(map[any]any), Redo: u.doing == undoStack, inserted: inserted, deleted: deleted})
	}
	if u.doing == neither {
		u.last = now
	}
	for _, it := range tx.itemsIn(deleted) {
		if u.within(it) {
			it.keepOr(true)
		}
	}
	u.doing = neither // an observer's edits are new ones
	if u.config.Added != nil {
		u.config.Added((*to)[len(*to)-1])
	}
}

// concerned reports whether the transaction changed something within the scope.
func (u *UndoManager) concerned(tx *Tx, changes []*change) bool {
	if len(u.scope) == 0 {
		return len(tx.touched)+len(tx.deletes) > 0
	}
	for _, c := range changes {
		for b := c.branch; b != nil; b = b.up() {
			if slices.Contains(u.scope, b) {
				return true
			}
		}
	}
	return false
}

// joined joins two sets of spans and keeps the order in which authors came.
func joined(a, b []span) []span {
	var order []uint32
	for _, s := range slices.Concat(a, b) {
		if !slices.Contains(order, s.author) {
			order = append(order, s.author)
		}
	}
	all := normalize(slices.Concat(a, b))
	slices.SortStableFunc(all, func(x, y span) int {
		return slices.Index(order, x.author) - slices.Index(order, y.author)
	})
	return all
}
