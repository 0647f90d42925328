package livedoc

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/notebook"
	"lyceum/internal/ydoc"
)

// Handle keeps a document in memory for somebody who is no viewer: a kernel that
// writes outputs goes on with no browser open. It is safe for concurrent use.
// Close it when done.
type Handle struct {
	store *Store
	slot  *slot

	once    sync.Once
	changed chan struct{}
}

// Hold returns a handle of the document of the file at path, which is loaded if it
// was not. The errors are of kind NotFound, Forbidden, TooLarge, Invalid (no text)
// and Unavailable.
func (s *Store) Hold(ctx context.Context, path string) (*Handle, error) {
	sl, err := s.acquire(ctx, path)
	if err != nil {
		return nil, asProblem(err)
	}
	h := &Handle{store: s, slot: sl, changed: make(chan struct{}, 1)}
	sl.doc.locked(func() { sl.doc.watchers = append(sl.doc.watchers, h) })
	return h, nil
}

// Close lets the document go.
func (h *Handle) Close() {
	h.once.Do(func() {
		d := h.slot.doc
		d.locked(func() {
			d.watchers = slices.DeleteFunc(d.watchers, func(o *Handle) bool { return o == h })
		})
		h.store.release(h.slot)
	})
}

// Path is where the file is now: it may have been renamed.
func (h *Handle) Path() string { return h.slot.doc.where() }

// Doc is the document's id, over all names of its file.
func (h *Handle) Doc() string { return string(h.slot.doc.id) }

// IsNotebook reports whether the document is one; else it is text.
func (h *Handle) IsNotebook() bool { return h.slot.doc.model.name() == notebookName }

// Problems are those of the notebook's file as it was last read.
func (h *Handle) Problems() []notebook.Problem {
	all, _ := h.slot.doc.model.problems()
	return all
}

// Changed is sent to when the document was changed by anybody, this handle too. Many
// changes may be one.
func (h *Handle) Changed() <-chan struct{} { return h.changed }

// View calls f with the document, which it must not edit, nor keep.
func (h *Handle) View(f func(y *ydoc.Doc)) {
	h.slot.doc.locked(func() { f(h.slot.doc.y) })
}

// Edit lets f edit the document in one transaction, in the name of author (an
// account, "" for nobody) and with an origin for the history. What f adds must be at
// most about size bytes: an edit that would make the document too large is refused
// beforehand, with kind TooLarge. An error of f is returned, and what f did until
// then stays. The viewers are told at once, the log follows: see Saved.
func (h *Handle) Edit(author, origin string, size int, f func(tx *ydoc.Tx, y *ydoc.Doc) error) error {
	return h.edit(author, origin, size, nil, f)
}

// EditFrom is Edit by a kernel: key names it, and number is the last of its records
// that the edit holds something of. Both come into the log in one piece with the
// edit, so that after a crash Mark tells which records the document has.
func (h *Handle) EditFrom(key string, number uint64, author string, size int, f func(tx *ydoc.Tx, y *ydoc.Doc) error) error {
	return h.edit(author, originRun, size, &runMark{key, number}, f)
}

// Mark returns the last number that EditFrom was given with that key; 0 when another
// key was given since.
func (h *Handle) Mark(key string) (number uint64) {
	h.slot.doc.locked(func() {
		if m := h.slot.doc.note.Run; m != nil && m.Key == key {
			number = m.Number
		}
	})
	return number
}

func (h *Handle) edit(author, origin string, size int, m *runMark, f func(tx *ydoc.Tx, y *ydoc.Doc) error) error {
	d := h.slot.doc
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.orphaned {
		return lyceum.Errorf(lyceum.Unavailable, "the document is being closed; try again")
	}
	if err := d.spaceLocked(size); err != nil {
		return err
	}
	d.marks.note(d.number, d.y)
	var failed error
	update := d.y.Transact(func(tx *ydoc.Tx) { failed = f(tx, d.y) })
	if m != nil {
		d.note.Run = m
		origin = m.origin()
	}
	if update == nil {
		return failed
	}
	d.spreadLocked(update, nil)
	d.recordLocked(kindUpdate, author, origin, update)
	d.lastEdit = time.Now()
	if d.firstDirty.IsZero() {
		d.firstDirty = d.lastEdit
		wake(d.fileWake)
	}
	d.showLocked()
	return failed
}

// spaceLocked refuses what is size bytes long and would make the document too large.
func (d *document) spaceLocked(size int) error {
	if d.textBytes+size > api.MaxDocumentBytes {
		if d.textBytes = len(d.model.text(d.y)); d.textBytes+size > api.MaxDocumentBytes {
			return lyceum.Errorf(lyceum.TooLarge, "the document would become larger than %d MB", api.MaxDocumentBytes>>20)
		}
	}
	if d.wholeBytes+size > maxWhole {
		if d.wholeBytes = len(d.y.EncodeState(nil)); d.wholeBytes+size > maxWhole {
			return lyceum.Errorf(lyceum.TooLarge, "the document's state would become larger than %d MB", maxWhole>>20)
		}
	}
	return nil
}

// Saved returns when all that was edited before is in the log and on disk.
func (h *Handle) Saved(ctx context.Context) error {
	d := h.slot.doc
	d.mu.Lock()
	n := d.recorded
	d.mu.Unlock()
	return d.await(ctx, n)
}

// Written returns when the file has what the document has; the error is of kind
// Unavailable when it cannot be written now.
func (h *Handle) Written(ctx context.Context) error {
	d := h.slot.doc
	d.locked(func() {
		if d.dirtyLocked() {
			d.saveNow = true
			wake(d.fileWake)
		}
	})
	return d.written(ctx)
}

// originRun is what kernels have written. In the newest segment of a log the mark
// stands behind it: "run <number> <key>".
const originRun = "run"

// runMark says up to which record of a kernel a document has what it put out.
type runMark struct {
	Key    string `json:"key"`
	Number uint64 `json:"number"`
}

func (m *runMark) origin() string {
	return fmt.Sprintf("%s %d %s", originRun, m.Number, shorten(m.Key, maxName/2))
}

// markIn returns the mark in an origin, nil if there is none.
func markIn(origin string) *runMark {
	rest, ok := strings.CutPrefix(origin, originRun+" ")
	if !ok {
		return nil
	}
	number, key, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil
	}
	return &runMark{key, n}
}

// withoutMark is an origin as the history knows it.
func withoutMark(origin string) string {
	if strings.HasPrefix(origin, originRun+" ") {
		return originRun
	}
	return origin
}

// watchersLocked tells the handles of a change.
func (d *document) watchersLocked() {
	for _, h := range d.watchers {
		wake(h.changed)
	}
}
